"""Writes fixtures/qlib-values.json.gz: what pyqlib answers for Alpha158, Alpha360 and every operator, over small cases.

Each case is one symbol: columns of float32, from its listing on, a suspension being a row of NaN. Qlib's own provider
reads them from a data folder, so that nothing is ours but the inputs. Every answer is held against arithmetic that keeps no running
sum (bench/peers/qlib/exact.py); the cells where pyqlib's rounding took it away from that by more than the tolerance are
listed with the exact answer.

Run, in the environment of bench/peers/qlib/requirements.lock and with bokeh-sampledata==2026.1:
    python tests/domain/expressions/make_qlib_values.py
"""

import base64
import gzip
import json
import math
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import qlib
from bokeh_sampledata.stocks import AAPL, GOOG
from qlib.contrib.data.loader import Alpha158DL, Alpha360DL
from qlib.data import D
from qlib.data.data import ExpressionD

sys.path.append(str(Path(__file__).parents[3] / "bench/peers/qlib"))
from exact import Exact

COLUMNS = ("open", "high", "low", "close", "vwap", "volume")
CALENDAR = pd.bdate_range("2010-01-04", periods=160).strftime("%Y-%m-%d")

RETURN = "$close/Ref($close,1)"
# what rounding left behind in a rolling answer decides theirs: a slope through one point
NESTED = ["Slope(Mean($close,5),10)", "Rank(Mean($close,5),10)"]
OPERATORS = [
    *(
        f"{name}($close,{n})"
        for name in ("Skew", "Mad", "WMA", "Med", "Var", "Count", "Rank", "IdxMax", "IdxMin")
        for n in (3, 20)
    ),
    *(
        f"{name}({RETURN}-1,{n})"
        for name in ("Skew", "Kurt", "Mad", "WMA", "Slope", "Rsquare", "Resi")
        for n in (5, 30)
    ),
    *(f"{name}($volume,{n})" for name in ("Kurt", "Med", "Mad", "Slope", "Resi") for n in (4, 12)),
    *(f"Quantile($volume,{n},{q})" for n in (7, 300) for q in (0, 0.1, 0.5, 1)),
    "Cov($close,$volume,10)",
    f"Cov({RETURN},$volume/Ref($volume,1),20)",
    f"Corr({RETURN},$volume/Ref($volume,1),10)",
    "Corr($close>$open,$volume,10)",
    "Rank($close>$open,6)",
    "Slope(Log($volume),6)",
    "Rsquare(Log($volume),6)",
    "Resi(Log($volume),6)",
    "Mean(Log($volume),6)",
    "IdxMax(Log($volume),6)",
    "IdxMin(Log($volume),6)",
    "Rank(Log($volume),6)",
    "Mad(Log($volume),6)",
    "WMA(Log($volume),6)",
    "Kurt(Log($volume),6)",
    "Quantile(Log($volume),6,0.3)",
    "Cov(Log($volume),$close,6)",
    *NESTED,
    "Quantile(IdxMax($high,10),5,0.8)",
    "Sign($close-Mean($close,5))*0.1",
    "Sign($close-$open)",
    "Power($close,2)",
    "Power($close,0.5)",
    "Abs($close-$open)",
    "Greater(Mean($close,3),$close)",
    "Less($open,$close)",
    "If(($close>$open)&($volume>Ref($volume,1)),$high,$low)",
    "If(($close>$open)|($close>Ref($close,1)),1,0)",
    "If(Not($close>$open),$close,Mean($close,3))",
    "If($close>=$open,Ref($close,2),$close<=$open)",
    "If($close!=$open,1,2)*$close",
    "If($close==$open,1,2)*$close",
    "Delta($close,4)",
    "Delta(Mean($close,4),2)",
    "EMA($close,6)",
    "EMA($volume,0.2)",
]


def walk(rng, rows):
    close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.02, rows))), 2)
    open_ = np.round(close * (1 + rng.normal(0, 0.01, rows)), 2)
    high = np.round(np.maximum(open_, close) * (1 + np.abs(rng.normal(0, 0.01, rows))), 2)
    low = np.round(np.minimum(open_, close) * (1 - np.abs(rng.normal(0, 0.01, rows))), 2)
    volume = np.round(np.exp(rng.normal(12, 1, rows)))
    return with_vwap({"open": open_, "high": high, "low": low, "close": close, "volume": volume})


def with_vwap(bars):
    return {**bars, "vwap": (bars["high"] + bars["low"] + bars["close"]) / 3}


def suspended(bars):
    """Gaps at the start, between single sessions, and longer than most windows."""
    for column in bars.values():
        column[[0, 3, 4, 20, 22, 24, *range(40, 47), *range(60, 75)]] = np.nan
    return bars


def standing(bars):
    """Prices that stand still, nearly stand still, and jump."""
    for name in ("open", "high", "low", "close", "vwap"):
        bars[name][:30] = 50.1
        bars[name][50:72] = 47.3
        bars[name][60] = 47.30001
        bars[name][80:] *= 20
    return bars


def idle(bars):
    """Sessions without volume, one after another and alone, and equal volumes after large ones."""
    bars["volume"][[0, 1, 5, *range(20, 33), 50, 52]] = 0
    bars["volume"][60:80] = 3
    bars["volume"][59] = 5e9
    return bars


def sample(stock, first, rows):
    part = slice(first, first + rows)
    return with_vwap(
        {name: np.array(stock[name][part], dtype=float) for name in ("open", "high", "low", "close", "volume")}
    )


rng = np.random.default_rng(20)
CASES = {
    "a walk": walk(rng, 130),
    "AAPL around a split": sample(AAPL, 1200, 90),
    "GOOG from its listing": sample(GOOG, 0, 70),
    "suspensions": suspended(walk(rng, 100)),
    "prices that stand still": standing(walk(rng, 100)),
    "no volume": idle(walk(rng, 100)),
    "a short history": walk(rng, 4),
    "one session": walk(rng, 1),
}
# Alpha360 is arithmetic of single rows: two cases show its shape and its gaps
WIDE = ("suspensions", "a short history")


def write_folder(folder, cases):
    """Qlib's `dump_bin` format; a short history is a late listing."""
    for part in ("calendars", "instruments", "features"):
        (folder / part).mkdir()
    (folder / "calendars/day.txt").write_text("\n".join(CALENDAR) + "\n")
    lines = []
    for index, bars in enumerate(cases.values()):
        listed = len(CALENDAR) - len(bars["close"])
        lines.append(f"C{index}\t{CALENDAR[listed]}\t{CALENDAR[-1]}\n")
        (folder / f"features/c{index}").mkdir()
        for name in COLUMNS:
            np.hstack([[listed], bars[name]]).astype("<f4").tofile(folder / f"features/c{index}/{name}.day.bin")
    (folder / "instruments/all.txt").write_text("".join(lines))


def close_enough(found, exact):
    return found == exact or (found != found and exact != exact) or abs(found - exact) <= max(1e-5, 1e-4 * abs(exact))


def judged(names, fields, bars, answers):
    """Cells in which pyqlib is not the exact answer, with that one."""
    columns = {name: bars[name].astype("<f4") for name in COLUMNS}
    quick, exact = Exact(columns, float, math), Exact(columns)
    cells = []
    for feature, field in enumerate(fields):
        expression = ExpressionD.get_expression_instance(field)
        for row in range(len(columns["close"])):
            found = float(answers[feature][row])
            if close_enough(found, float(quick.value(expression, row))):
                continue
            truth = float(np.float32(float(exact.value(expression, row))))
            if not close_enough(found, truth):
                cells.append([names[feature], row, None if truth != truth else truth])
    return cells


def ask(index, bars, fields):
    listed = CALENDAR[len(CALENDAR) - len(bars["close"])]
    return D.features([f"C{index}"], fields, listed, CALENDAR[-1]).to_numpy().T


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()


def main():
    alpha158, alpha360 = Alpha158DL.get_feature_config(), Alpha360DL.get_feature_config()
    document = {
        "versions": {"pyqlib": qlib.__version__, "pandas": pd.__version__, "numpy": np.__version__},
        "operators": OPERATORS,
    }
    document["sets"] = {"alpha158": alpha158[1], "alpha360": alpha360[1]}
    document["cases"] = []
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder), CASES)
        qlib.init(
            provider_uri=folder, region="us", expression_cache=None, dataset_cache=None, kernels=1, logging_level=40
        )
        for index, (name, bars) in enumerate(CASES.items()):
            case = {
                "name": name,
                "rows": len(bars["close"]),
                "inputs": {column: packed(bars[column]) for column in COLUMNS},
            }
            answers = ask(index, bars, alpha158[0])
            case["alpha158"] = packed(answers)
            case["judged"] = judged(alpha158[1], alpha158[0], bars, answers)
            answers = ask(index, bars, OPERATORS)
            case["operators"] = packed(answers)
            case["judged"] += judged(NESTED, NESTED, bars, answers[[OPERATORS.index(text) for text in NESTED]])
            if name in WIDE:
                case["alpha360"] = packed(ask(index, bars, alpha360[0]))
            document["cases"].append(case)
            print(name, len(case["judged"]), "cells judged")
    store = Path(__file__).parent / "fixtures/qlib-values.json.gz"
    store.write_bytes(gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0))


if __name__ == "__main__":
    main()
