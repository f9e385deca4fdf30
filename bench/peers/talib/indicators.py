"""Times TA-Lib's C functions: one JSON line in, one out.

{"load": "values.f64"}                                       reads the series, float64
{"function": "RSI", "settings": [14], "calls": 7}            answers the seconds of the fastest of so many calls in a row
{"function": "RSI", "settings": [14], "store": "answer.f64"} calls it once and writes its lines, float64, one after another
"""

import json
import sys
import time

import numpy as np
import talib

values = np.empty(0)
for line in sys.stdin:
    question = json.loads(line)
    if "load" in question:
        values = np.fromfile(question["load"], dtype=np.float64)
        answer = {"rows": len(values), "version": talib.__version__}
    else:
        function = getattr(talib, question["function"])
        best = float("inf")
        for _ in range(question.get("calls", 1)):
            started = time.perf_counter()
            lines = function(values, *question["settings"])
            best = min(best, time.perf_counter() - started)
        answer = {"seconds": best}
        if "store" in question:
            np.concatenate(lines if isinstance(lines, tuple) else (lines,)).tofile(question["store"])
    print(json.dumps(answer), flush=True)
