"""A feature build of real bars (bokeh-sampledata: AAPL, GOOG, IBM, MSFT), stored as the features worker stores one.

Few and simple features, in pandas: what is tested is the trainer, and the product's own features come from elsewhere.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from quantloop_trainer.contracts import ObjectRef
from quantloop_trainer.objects import ObjectStore, canonical_json

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
WINDOWS = (1, 5, 10, 20, 60)
FEATURES = [*(f"{kind}{window}" for window in WINDOWS for kind in ("range", "volume", "return")), "up", "move"]
LABEL = "Log(Ref($high,-1)/Ref($low,-1)-1+0.001)"
PERSISTENCE = "Mean(Log($high/$low-1+0.001),5)"
NAIVE = "naive_forecast"


@cache
def sample_bars() -> pd.DataFrame:
    found = find_spec("bokeh_sampledata")
    assert found is not None
    assert found.origin is not None
    bars = pd.read_csv(Path(found.origin).parent / "_data" / "stocks.csv.gz", parse_dates=["Date"])
    return bars.rename(columns=str.lower)


def sample_table(symbol: str, until: str = "2007-12-31") -> pa.Table:
    """One symbol's rows; features are missing while their window is not full, the label on the last row."""
    bars = sample_bars()
    bars = bars[(bars.ticker == symbol) & (bars.date <= until)].reset_index(drop=True)
    log_range = np.log(bars.high / bars.low - 1 + 0.001)
    returned = np.log(bars.close).diff()
    columns = {}
    for window in WINDOWS:
        columns[f"range{window}"] = log_range.rolling(window).mean()
        columns[f"volume{window}"] = bars.volume / bars.volume.rolling(window).mean()
        columns[f"return{window}"] = returned.rolling(window).sum()
    # often exactly zero, on one side and in the middle, so that there are splits at the edges of the zero band
    columns["up"] = returned.clip(lower=0)
    columns["move"] = returned.where(returned.abs() > 0.015, 0.0)
    columns["label"] = log_range.shift(-1)
    columns["persistence"] = log_range.rolling(5).mean()
    return pa.table(
        {
            "symbol": pa.array([symbol] * len(bars), pa.string()),
            "session": pa.array(bars.date.dt.date, pa.date32()),
            **{name: pa.array(values.to_numpy(np.float32), pa.float32()) for name, values in columns.items()},
        }
    ).select(["symbol", "session", *FEATURES, "label", "persistence"])


def naive_table(symbol: str, until: str = "2007-12-31") -> pa.Table:
    """As `sample_table`, with the one feature of a persistence model."""
    table = sample_table(symbol, until)
    keys = table.select(["symbol", "session"])
    named = keys.append_column(NAIVE, table.column("persistence"))
    return named.append_column("label", table.column("label")).append_column("persistence", table.column("persistence"))


def store_build(objects: ObjectStore, tables: Sequence[pa.Table], reach: int = 1) -> ObjectRef:
    """Shards and manifest of these tables, one shard each."""
    sessions: list[date] = sorted({session for table in tables for session in table.column("session").to_pylist()})
    names = [name for name in tables[0].schema.names if name not in ("symbol", "session", "label", "persistence")]
    manifest = {
        "format": 1,
        "definitionHash": _hash_of([names, LABEL]),
        "snapshotId": _hash_of([str(session) for session in sessions]),
        "featureHash": _hash_of(names),
        "engineVersion": "pandas",
        "featureSet": {"name": "sample", "version": 1},
        "columns": [
            {"name": name, "expression": PERSISTENCE if name == NAIVE else f"${name}", "lookback": 60} for name in names
        ],
        "label": {"expression": LABEL, "persistence": PERSISTENCE, "kind": "time-series", "reach": reach},
        "rows": sum(table.num_rows for table in tables),
        "sessions": [str(session) for session in sessions],
        "shards": [_store_shard(objects, table) for table in tables],
    }
    return objects.put(canonical_json(manifest), "json")


def _store_shard(objects: ObjectStore, table: pa.Table) -> dict[str, Any]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    sessions = table.column("session").to_pylist()
    return {
        "object": objects.put(sink.getvalue().to_pybytes(), "arrow").model_dump(),
        "rows": table.num_rows,
        "symbols": sorted(set(table.column("symbol").to_pylist())),
        "firstSession": str(min(sessions)),
        "lastSession": str(max(sessions)),
    }


def _hash_of(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
