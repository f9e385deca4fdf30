"""DVC's command line and pandas, timed here: one JSON answer a line for each JSON question."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas

DVC = Path(sys.executable).with_name("dvc")
ENVIRONMENT = {**os.environ, "DVC_NO_ANALYTICS": "1"}


def dvc(folder: str, *arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([DVC, *arguments, "--quiet"], cwd=folder, env=ENVIRONMENT, check=True, stdout=sys.stderr)
    return time.perf_counter() - started


def stored_bytes(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder, ".dvc/cache").rglob("*") if path.is_file())


def answer(question: dict[str, str]) -> dict[str, float]:
    match question:
        case {"init": folder}:
            return {"seconds": dvc(folder, "init", "--no-scm")}
        case {"add": name, "folder": folder}:
            before = stored_bytes(folder)
            seconds = dvc(folder, "add", name)
            return {"seconds": seconds, "stored": stored_bytes(folder) - before}
        case {"parse": path}:
            started = time.perf_counter()
            bars = pandas.read_csv(path, parse_dates=["date"])
            seconds = time.perf_counter() - started
            return {
                "seconds": seconds,
                "rows": len(bars),
                "close": float(bars.close.sum()),
                "volume": float(bars.volume.sum()),
            }
        case _:
            raise ValueError(f"no such question: {question}")


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
