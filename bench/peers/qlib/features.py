"""Computes feature sets with Qlib: one JSON line in, one out.

{"load": "folder", "threads": 2}            opens Qlib's data folder; no caches on disk
{"set": "alpha158"}                         answers the seconds that its loader takes over all symbols
{"set": "alpha158", "store": "answer.f32"}  writes what it answers: symbol by symbol, one float32 column after another
{"set": "alpha158", "judge": [["S1", 3, 99]]} the exact values of cells: symbol, feature, row from its listing; NaN is null
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import qlib
from exact import Exact
from qlib.contrib.data.loader import Alpha158DL, Alpha360DL
from qlib.data.cache import H
from qlib.data.data import ExpressionD

LOADERS = {"alpha158": Alpha158DL, "alpha360": Alpha360DL}


COLUMNS = ("open", "high", "low", "close", "vwap", "volume")
folder = Path()


def exact_values(fields, cells):
    judges, values = {}, []
    for symbol, feature, row in cells:
        if symbol not in judges:
            files = {name: folder / "features" / symbol.lower() / f"{name}.day.bin" for name in COLUMNS}
            judges = {symbol: Exact({name: np.fromfile(file, dtype="<f4")[1:] for name, file in files.items()})}
        value = np.float32(float(judges[symbol].value(ExpressionD.get_expression_instance(fields[feature]), row)))
        values.append(None if np.isnan(value) else float(value))
    return values


def answer(question):
    global folder
    if "load" in question:
        folder = Path(question["load"])
        qlib.init(
            provider_uri=question["load"],
            region="us",
            expression_cache=None,
            dataset_cache=None,
            kernels=question["threads"],
            logging_level=30,
        )
        return {"version": qlib.__version__}
    if "judge" in question:
        return {"exact": exact_values(LOADERS[question["set"]].get_feature_config()[0], question["judge"])}
    H.clear()
    # unsorted, which spares it the time of putting all rows in the order of sessions
    loader = LOADERS[question["set"]](swap_level=False)
    started = time.perf_counter()
    frame = loader.load(instruments="all")
    seconds = time.perf_counter() - started
    if "store" in question:
        with open(question["store"], "wb") as file:
            for _, rows in frame.groupby(level="instrument", sort=True):
                rows.to_numpy(dtype="float32").T.tofile(file)
    return {"seconds": seconds, "rows": len(frame), "names": list(frame["feature"].columns)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
