"""Writes fixtures/qlib-build.json.gz: a Qlib folder with gaps and late listings, and what pyqlib answers over all of it.

Rows are those that pyqlib gives each instrument: the calendar's sessions from its first bar to its last. The helpers and
the list of operators are those of tests/domain/expressions/make_qlib_values.py, and the environment is the same.

Run:
    python tests/activities/features/make_qlib_build.py
"""

import base64
import gzip
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import qlib
from qlib.contrib.data.loader import Alpha158DL
from qlib.data import D

sys.path.append(str(Path(__file__).parents[2] / "domain/expressions"))
from make_qlib_values import CALENDAR, COLUMNS, NESTED, OPERATORS, judged, packed, walk

LABEL = "Ref($close,-2)/Ref($close,-1)-1"


def only(bars, kept):
    """Bars on these rows alone; all others are gaps."""
    gaps = np.ones(len(bars["close"]), bool)
    gaps[kept] = False
    for column in bars.values():
        column[gaps] = np.nan
    return bars


def rows(count, *gaps):
    return sorted(set(range(count)) - {row for gap in gaps for row in gap})


def market():
    """Each with the place of its first bar in the calendar."""
    rng = np.random.default_rng(46)
    return {
        "WHOLE": (0, walk(rng, len(CALENDAR))),
        "LATE": (70, walk(rng, len(CALENDAR) - 70)),
        "GONE": (0, walk(rng, 95)),
        "ASLEEP": (0, only(walk(rng, 160), rows(160, [7, 9], range(15, 18), range(40, 106), [141]))),
        "LATE2": (33, only(walk(rng, 120), rows(120, [1, 2], range(20, 45), [70, 72, 74]))),
        "RARE": (3, only(walk(rng, 150), [0, 1, 60, 149])),
    }


def files_of(instruments):
    """Qlib's `dump_bin` format, by path."""
    files = {"calendars/day.txt": ("\n".join(CALENDAR) + "\n").encode()}
    lines = []
    for name, (first, bars) in instruments.items():
        lines.append(f"{name}\t{CALENDAR[first]}\t{CALENDAR[first + len(bars['close']) - 1]}\n")
        for column in COLUMNS:
            files[f"features/{name.lower()}/{column}.day.bin"] = (
                np.hstack([[first], bars[column]]).astype("<f4").tobytes()
            )
    files["instruments/all.txt"] = "".join(lines).encode()
    return files


def main():
    fields, names = Alpha158DL.get_feature_config()
    instruments = market()
    files = files_of(instruments)
    document = {
        "sets": {"alpha158": names, "operators": OPERATORS},
        "label": LABEL,
        "files": {path: base64.b64encode(content).decode() for path, content in files.items()},
        "symbols": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            place = Path(folder) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        qlib.init(
            provider_uri=folder, region="us", expression_cache=None, dataset_cache=None, kernels=1, logging_level=40
        )
        for name, (_, bars) in instruments.items():
            found = D.features([name], [*fields, *OPERATORS, LABEL])
            answers = found.to_numpy().T
            sessions = [day.strftime("%Y-%m-%d") for day in found.index.get_level_values("datetime")]
            nested = [len(fields) + OPERATORS.index(text) for text in NESTED]
            cells = judged(names, fields, bars, answers) + judged(NESTED, NESTED, bars, answers[nested])
            document["symbols"].append(
                {"name": name, "sessions": sessions, "answers": packed(answers), "judged": cells}
            )
            print(name, len(sessions), "rows", len(cells), "cells judged")
    store = Path(__file__).parent / "fixtures/qlib-build.json.gz"
    store.parent.mkdir(exist_ok=True)
    store.write_bytes(gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0))


if __name__ == "__main__":
    main()
