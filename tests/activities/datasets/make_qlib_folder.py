"""Writes fixtures/qlib-folder, as Qlib's own dump_bin does, and fixtures/qlib-values.json: what pyqlib reads from it.

Run: uv run --with-requirements bench/peers/qlib/requirements.lock python tests/activities/datasets/make_qlib_folder.py
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import qlib
from qlib.data import D
from qlib.utils import code_to_fname

here = Path(__file__).parent
folder = here / "fixtures/qlib-folder"
random = np.random.default_rng(5)

# a calendar of its own: one session fewer than the exchange had, and one on a Saturday
sessions = list(pd.bdate_range("2020-03-02", "2020-04-17").strftime("%Y-%m-%d"))
sessions.remove("2020-03-18")
sessions = sorted([*sessions, "2020-03-28"])

# first session, last session, suspended sessions
listings = {
    "SH600000": (0, 34, [5, 6, 7]),
    "SZ000001": (9, 34, []),  # listed late
    "BRK-B": (0, 20, [20]),  # delisted, and suspended to its end
    "CON": (3, 30, [12]),  # a name that Windows keeps to itself
}


def dump(name: str, first: int, last: int, suspended: list[int]) -> None:
    count = last - first + 1
    factor = np.repeat([0.731, 0.7467], [count // 2, count - count // 2])
    raw = 10 * np.exp(np.cumsum(random.normal(0, 0.02, count)))
    spread = np.abs(random.normal(0, 0.01, (2, count)))
    opened = raw * (1 + random.uniform(-1, 1, count) * spread.min(axis=0))
    columns = {
        "open": opened * factor,
        "high": np.maximum(raw, opened) * (1 + spread[0]) * factor,
        "low": np.minimum(raw, opened) * (1 - spread[1]) * factor,
        "close": raw * factor,
        "volume": random.integers(1_000, 9_000_000, count) / factor,
        "vwap": raw * factor,
        "factor": factor,
        "change": np.concatenate([[np.nan], np.diff(raw) / raw[:-1]]),
    }
    features = folder / "features" / code_to_fname(name).lower()
    features.mkdir(parents=True)
    for field, values in columns.items():
        for session in suspended:
            # some vendors have a volume of zero for a session without trading
            if field != "factor":
                values[session - first] = 0 if field == "volume" and name == "CON" else np.nan
        np.hstack([first, values]).astype("<f").tofile(features / f"{field}.day.bin")


shutil.rmtree(folder, ignore_errors=True)
for kind in ("calendars", "instruments"):
    (folder / kind).mkdir(parents=True)
(folder / "calendars/day.txt").write_text("\n".join(sessions) + "\n")
(folder / "calendars/day_future.txt").write_text("\n".join([*sessions, "2020-04-20"]) + "\n")
lines = [f"{name}\t{sessions[first]}\t{sessions[last]}" for name, (first, last, _) in listings.items()]
(folder / "instruments/all.txt").write_text("\n".join(lines) + "\n")
# no newline at the end, in an order of its own, out and in again
(folder / "instruments/csi300.txt").write_text(
    "SZ000001\t2020-03-16\t2099-12-31\nSH600000\t2020-03-02\t2020-03-13\nSH600000\t2020-04-01\t2099-12-31"
)
for name, (first, last, suspended) in listings.items():
    dump(name, first, last, suspended)

qlib.init(provider_uri=str(folder), region="cn", logging_level=40)
fields = ["$open", "$high", "$low", "$close", "$volume", "$factor", "$vwap", "$change", "Mean($close, 3)"]
values = D.features(list(listings), fields, start_time=sessions[0], end_time=sessions[-1], freq="day")
document = {
    "pyqlib": qlib.__version__,
    "fields": fields,
    "calendar": [str(day.date()) for day in D.calendar(freq="day")],
    "universes": {
        market: {
            name: [[str(start.date()), str(end.date())] for start, end in spans]
            for name, spans in sorted(D.list_instruments(D.instruments(market), freq="day").items())
        }
        for market in ("all", "csi300")
    },
    "rows": [
        [name, str(day.date()), *(None if np.isnan(value) else float(value) for value in row)]
        for (name, day), row in zip(values.index, values.to_numpy(), strict=True)
    ],
}
(here / "fixtures/qlib-values.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
