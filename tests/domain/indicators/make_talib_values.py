"""Writes fixtures/talib-values.json: what TA-Lib (C) answers on series of several kinds, to compare our indicators with.

Run: uv run --with ta-lib==0.8.2 --with numpy==2.4.6 python tests/domain/indicators/make_talib_values.py
"""

import json
from pathlib import Path

import numpy as np
import talib

ROWS = 240


def walk(rng, start, deviation):
    close = start * np.exp(np.cumsum(rng.normal(0, deviation, ROWS)))
    spread = np.abs(rng.normal(0, deviation, (2, ROWS))) * close
    return {"high": close + spread[0], "low": close - spread[1], "close": close}


def quiet(rng):
    """Fifty equal closes in a row, as of a suspended stock, with no range."""
    bars = walk(rng, 50.0, 0.02)
    for column in bars.values():
        column[80:130] = 48.0
    return bars


def round_binary(bars):
    """Multiples of 1/64, so that sums are exact in float64 and TA-Lib's running sums carry no rounding error."""
    return {name: np.round(column * 64) / 64 for name, column in bars.items()}


def answers(high, low, close):
    macd = dict(zip(("line", "signal", "histogram"), talib.MACD(close, 12, 26, 9), strict=True))
    swapped = dict(zip(("line", "signal", "histogram"), talib.MACD(close, 10, 4, 3), strict=True))
    bands = {
        f"{line}_{n}": values
        for n, width in ((10, 2.0), (20, 1.5))
        for line, values in zip(("upper", "middle", "lower"), talib.BBANDS(close, n, width, width), strict=True)
    }
    return {
        **{f"sma_{n}": talib.SMA(close, n) for n in (2, 5, 30)},
        **{f"ema_{n}": talib.EMA(close, n) for n in (2, 12, 26)},
        **{f"rsi_{n}": talib.RSI(close, n) for n in (2, 6, 14, 24)},
        **{f"macd_{line}": values for line, values in macd.items()},
        **{f"macd_10_4_3_{line}": values for line, values in swapped.items()},
        **{f"bands_{name}": values for name, values in bands.items()},
        "trange": talib.TRANGE(high, low, close),
        **{f"atr_{n}": talib.ATR(high, low, close, n) for n in (1, 14)},
        **{f"roc_{n}": talib.ROC(close, n) for n in (1, 10)},
    }


def plain(values):
    return [None if np.isnan(value) else float(value) for value in values]


rng = np.random.default_rng(20080530)
series = {
    "a stock": walk(rng, 90.0, 0.02),
    "a penny stock": walk(rng, 0.05, 0.05),
    "a high price": walk(rng, 80_000.0, 0.01),
    "a suspended stock": round_binary(quiet(rng)),
}
cases = [
    {
        "name": name,
        "inputs": {column: plain(values) for column, values in bars.items()},
        "outputs": {key: plain(values) for key, values in answers(**bars).items()},
    }
    for name, bars in series.items()
]
document = {"talib": talib.__version__, "library": talib.__ta_version__.decode().split()[0], "cases": cases}
(Path(__file__).parent / "fixtures/talib-values.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
