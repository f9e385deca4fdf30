"""Writes fixtures/pandas-values.json: what Qlib's operators answer, by the pandas and numpy calls of qlib/data/ops.py (0.9.7).

Columns are float32, as Qlib loads them; nothing is converted but by pandas and numpy themselves.

Run: uv run --with pandas==3.1.1 --with numpy==2.4.6 python tests/domain/expressions/make_pandas_values.py
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 90


def ref(x, n):
    return x.shift(n)


def delta(x, n):
    return x - x.shift(n)


def rolling(name):
    return lambda x, n: getattr(x.rolling(n, min_periods=1), name)()


mean, total, std, var, maximum, minimum, count = (
    rolling(name) for name in ("mean", "sum", "std", "var", "max", "min", "count")
)


def ema(x, n):
    window = {"alpha": n} if 0 < n < 1 else {"span": n}
    return x.ewm(**window, min_periods=1).mean()


def choose(condition, yes, no):
    return pd.Series(np.where(condition, yes, no))


def formulas(open_, high, low, close, volume):
    up = close > ref(close, 1)
    return {
        "$close": close,
        "$close+$open": close + open_,
        "$close-$open": close - open_,
        "$close*$volume": close * volume,
        "$close/$open": close / open_,
        "$close*0.1": close * 0.1,
        "1/$close": 1 / close,
        "($high-$low)/$open": (high - low) / open_,
        "(2*$close-$high-$low)/$open": (2 * close - high - low) / open_,
        "$close/Ref($close,1)-1": close / ref(close, 1) - 1,
        "Ref($close,-2)/Ref($close,-1)-1": ref(close, -2) / ref(close, -1) - 1,
        "Ref($close,100)": ref(close, 100),
        "Delta($close,3)": delta(close, 3),
        "Abs($close-$open)": np.abs(close - open_),
        "Sign($close-$open)": np.sign(close - open_),
        "Log($high/$low-1+0.001)": np.log(high / low - 1 + 0.001),
        "Log($close-$open)": np.log(close - open_),
        "$close**2": np.power(close, 2),
        "Power($close/$open,-3)": np.power(close / open_, -3),
        "Power($close/$open-1,0.5)": np.power(close / open_ - 1, 0.5),
        "Greater($open,$close)": np.maximum(open_, close),
        "Less($open,$close)": np.minimum(open_, close),
        "$high-Greater($open,$close)": high - np.maximum(open_, close),
        "Greater($close,50.1)": np.maximum(close, 50.1),
        "$close>$open": close > open_,
        "$close!=$open": close != open_,
        "$close>50.1": close > 50.1,
        "($close>$open)&($volume>600000)": np.bitwise_and(close > open_, volume > 600000),
        "($close>$open)|Not($volume>600000)": np.bitwise_or(close > open_, np.bitwise_not(volume > 600000)),
        "If($close>$open,$high,$low)": choose(close > open_, high, low),
        "If($close>$open,1,0)": choose(close > open_, 1, 0),
        "If($close>$open,$close,0.1)": choose(close > open_, close, 0.1),
        "If($close-$open,1,0)": choose(close - open_, 1, 0),
        "Mean($close,5)": mean(close, 5),
        "Mean($close,5)/$close": mean(close, 5) / close,
        "Mean($close,60)": mean(close, 60),
        "Mean($close,1)": mean(close, 1),
        "Mean($close>Ref($close,1),5)": mean(up, 5),
        "Mean($close>Ref($close,1),5)-Mean($close<Ref($close,1),5)": mean(up, 5) - mean(close < ref(close, 1), 5),
        "Sum($volume,7)": total(volume, 7),
        "Sum(Greater($close-Ref($close,1),0),5)/(Sum(Abs($close-Ref($close,1)),5)+1e-12)": total(
            np.maximum(close - ref(close, 1), 0), 5
        )
        / (total(np.abs(close - ref(close, 1)), 5) + 1e-12),
        "Std($close,5)": std(close, 5),
        "Std($close,2)": std(close, 2),
        "Std($close/Ref($close,1)-1,20)": std(close / ref(close, 1) - 1, 20),
        "Var($volume,10)": var(volume, 10),
        "Max($high,10)": maximum(high, 10),
        "Min($low,10)": minimum(low, 10),
        "($close-Min($low,10))/(Max($high,10)-Min($low,10)+1e-12)": (close - minimum(low, 10))
        / (maximum(high, 10) - minimum(low, 10) + 1e-12),
        "Count($close,8)": count(close, 8),
        "EMA($close,12)": ema(close, 12),
        "EMA($close,0.3)": ema(close, 0.3),
        "EMA($close/Ref($close,1)-1,5)": ema(close / ref(close, 1) - 1, 5),
        "Mean(Mean($close,5)/$close,3)": mean(mean(close, 5) / close, 3),
        "Std(Log($volume+1),6)/(Mean(Log($volume+1),6)+1e-12)": std(np.log(volume + 1), 6)
        / (mean(np.log(volume + 1), 6) + 1e-12),
    }


def walk(rng):
    close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.02, ROWS))), 2)
    open_ = np.round(close * (1 + rng.normal(0, 0.01, ROWS)), 2)
    high = np.round(np.maximum(open_, close) * (1 + np.abs(rng.normal(0, 0.01, ROWS))), 2)
    low = np.round(np.minimum(open_, close) * (1 - np.abs(rng.normal(0, 0.01, ROWS))), 2)
    return {"open": open_, "high": high, "low": low, "close": close, "volume": np.round(rng.uniform(1e5, 1e6, ROWS))}


def gapped(rng):
    """Suspensions: rows that are NaN in every column, some of them at the start, one gap longer than most windows."""
    bars = walk(rng)
    gaps = [0, 1, 10, 11, 30, *range(40, 56), 70]
    for column in bars.values():
        column[gaps] = np.nan
    return bars


def flat(rng):
    """Equal prices without range, no volume, and then a move: divisions by zero, infinities, zero deviations."""
    bars = walk(rng)
    for name, column in bars.items():
        column[:40] = 0.0 if name == "volume" else 50.1
        column[60:75] = 0.0 if name == "volume" else 47.3
    bars["open"][20] = 0.0
    bars["low"][20] = 0.0
    return bars


def plain(values):
    values = np.asarray(values, dtype=np.float32)
    return [None if np.isnan(v) else ("inf" if v > 0 else "-inf") if np.isinf(v) else float(str(v)) for v in values]


def case(name, bars):
    series = {key: pd.Series(column, dtype=np.float32) for key, column in bars.items()}
    with np.errstate(all="ignore"):
        answers = formulas(series["open"], series["high"], series["low"], series["close"], series["volume"])
    inputs = {key: [None if np.isnan(v) else float(v) for v in column] for key, column in bars.items()}
    return {"name": name, "inputs": inputs, "outputs": {text: plain(values) for text, values in answers.items()}}


rng = np.random.default_rng(19)
cases = [case("a walk", walk(rng)), case("suspensions", gapped(rng)), case("equal prices and no volume", flat(rng))]
document = {"pandas": pd.__version__, "numpy": np.__version__, "cases": cases}
(Path(__file__).parent / "fixtures/pandas-values.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
