"""Reads a folder in Qlib's format with pyqlib: one JSON line in, one out.

{"folder": "market", "store": "values.f32"}   reads every column of the market `all`, stores the values as float32 by
                                              instrument, session and field, and answers the seconds that reading took
"""

import json
import sys
import time

import numpy as np
import qlib
from qlib.data import D

FIELDS = ["$open", "$high", "$low", "$close", "$volume", "$factor"]

for line in sys.stdin:
    question = json.loads(line)
    qlib.init(provider_uri=question["folder"], region="us", kernels=1, logging_level=40)
    started = time.perf_counter()
    values = D.features(D.instruments("all"), FIELDS, freq="day")
    seconds = time.perf_counter() - started
    values.sort_index().to_numpy(dtype=np.float32).tofile(question["store"])
    print(json.dumps({"seconds": seconds, "rows": len(values)}), flush=True)
