"""Writes fixtures/qlib-universe.json.gz: a Qlib folder with a universe that symbols enter and leave, and pyqlib's rows over it.

Rows are those that pyqlib gives the universe: of each instrument those within its spans, computed over its whole series.
Each of its cross-sectional processors then works on these rows alone. The helpers and the environment are those of
make_qlib_build.py.

Run:
    python tests/activities/features/make_qlib_universe.py
"""

import base64
import gzip
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import qlib
from qlib.data import D
from qlib.data.dataset.processor import CSRankNorm, CSZFillna, CSZScoreNorm, ProcessInf

sys.path.append(str(Path(__file__).parents[2] / "domain/expressions"))
from make_qlib_build import files_of, only, rows
from make_qlib_values import CALENDAR, packed, walk

FEATURES = {
    "momentum": "$close/Ref($close,5)-1",
    "mean": "Mean($close,10)/$close",
    "unrest": "Std($close/Ref($close,1)-1,20)",
    # infinite on some rows
    "jump": "1/Greater($close/Ref($close,1)-1,0)",
}
LABEL = "Ref($close,-2)/Ref($close,-1)-1"
PROCESSORS = {
    "CSZScoreNorm": CSZScoreNorm(fields_group="feature"),
    "CSZScoreNorm robust": CSZScoreNorm(fields_group="feature", method="robust"),
    "CSRankNorm": CSRankNorm(fields_group="feature"),
    "CSZFillna": CSZFillna(fields_group="feature"),
    "ProcessInf": ProcessInf(),
}


def market():
    """Each with the place of its first bar in the calendar."""
    rng = np.random.default_rng(54)
    long = len(CALENDAR)
    return {
        "ALWAYS": (0, walk(rng, long)),
        "RETURNS": (0, walk(rng, long)),
        "LEAVES": (0, walk(rng, long)),
        "ENTERS": (20, walk(rng, long - 20)),
        "GONE": (0, walk(rng, 95)),
        "ASLEEP": (0, only(walk(rng, long), rows(long, range(40, 60), [101]))),
        "NEVER": (0, walk(rng, long)),
        "BRIEF": (0, walk(rng, long)),
    }


def spans():
    at = [str(day) for day in CALENDAR]
    return [
        ("ALWAYS", "2000-01-03", "2099-12-31"),
        # on a Saturday
        ("RETURNS", at[30], "2010-04-10"),
        ("RETURNS", at[90], at[140]),
        ("LEAVES", "2000-01-03", at[70]),
        ("ENTERS", at[50], "2099-12-31"),
        ("GONE", at[10], "2099-12-31"),
        ("ASLEEP", at[35], at[55]),
        ("ASLEEP", at[100], "2099-12-31"),
        ("BRIEF", at[80], at[80]),
    ]


def answers(table, columns):
    """By instrument its sessions, and its cells column by column."""
    found = {}
    for name, own in table.groupby(level="instrument", sort=True):
        sessions = [day.strftime("%Y-%m-%d") for day in own.index.get_level_values("datetime")]
        found[name] = {"sessions": sessions, "cells": packed(own[columns].to_numpy().T)}
    return found


def main():
    files = files_of(market())
    files["instruments/some.txt"] = "".join(f"{name}\t{start}\t{end}\n" for name, start, end in spans()).encode()
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            place = Path(folder) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        qlib.init(
            provider_uri=folder, region="us", expression_cache=None, dataset_cache=None, kernels=1, logging_level=40
        )
        found = D.features(D.instruments("some"), [*FEATURES.values(), LABEL])
    plain = found.astype("float32")
    plain.columns = pd.MultiIndex.from_tuples([("feature", name) for name in FEATURES] + [("label", "label")])
    features = [("feature", name) for name in FEATURES]
    document = {
        "features": FEATURES,
        "label": LABEL,
        "files": {path: base64.b64encode(content).decode() for path, content in files.items()},
        "plain": answers(plain, [*features, ("label", "label")]),
        "processed": {name: answers(each(plain.copy()), features) for name, each in PROCESSORS.items()},
        "label ranked": answers(CSRankNorm(fields_group="label")(plain.copy()), [("label", "label")]),
    }
    store = Path(__file__).parent / "fixtures/qlib-universe.json.gz"
    store.write_bytes(gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0))
    print(len(plain), "rows of", len(document["plain"]), "instruments")


if __name__ == "__main__":
    main()
