"""Computes feature sets with Qlib: one JSON line in, one out.

{"load": "folder", "threads": 2}            opens Qlib's data folder; no caches on disk
{"set": "alpha158"}                         answers the seconds that its loader takes over all symbols
{"set": "alpha158", "store": "answer.f32"}  writes what it answers: symbol by symbol, one float32 column after another
"""

import json
import sys
import time

import qlib
from qlib.contrib.data.loader import Alpha158DL, Alpha360DL
from qlib.data.cache import H

LOADERS = {"alpha158": Alpha158DL, "alpha360": Alpha360DL}


def answer(question):
    if "load" in question:
        qlib.init(
            provider_uri=question["load"],
            region="us",
            expression_cache=None,
            dataset_cache=None,
            kernels=question["threads"],
            logging_level=30,
        )
        return {"version": qlib.__version__}
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
