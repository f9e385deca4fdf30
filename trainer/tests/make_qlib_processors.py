"""Makes qlib_processors.json: what pyqlib's own processors make of a small table.

Run by the Python of the benchmark's peer, `.quantloop/peers/qlib/bin/python`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from qlib.data.dataset import processor  # type: ignore[import-not-found]

COLUMNS, DAYS, TRAIN = ["a", "b", "c", "d"], 60, 40
CHAINS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "RobustZScoreNorm": [("RobustZScoreNorm", {})],
    "RobustZScoreNorm unclipped": [("RobustZScoreNorm", {"clip_outlier": False})],
    "ZScoreNorm": [("ZScoreNorm", {})],
    "MinMaxNorm": [("MinMaxNorm", {})],
    "Fillna": [("Fillna", {"fill_value": 0.5})],
    "RobustZScoreNorm, Fillna": [("RobustZScoreNorm", {}), ("Fillna", {})],
    "Fillna, ZScoreNorm, MinMaxNorm": [("Fillna", {"fill_value": -1}), ("ZScoreNorm", {}), ("MinMaxNorm", {})],
}


def table() -> pd.DataFrame:
    drawn = np.random.default_rng(20080915)
    values = drawn.normal(size=(DAYS, len(COLUMNS))).astype(np.float32) * np.array([1, 30, 0.01, 1], np.float32)
    values[:, 1] += 200
    values[drawn.random(values.shape) < 0.1] = np.nan
    values[50, 0] = 40
    # stands still
    values[:, 3] = 7
    index = pd.MultiIndex.from_product(
        [pd.date_range("2008-01-01", periods=DAYS), ["AAPL"]], names=["datetime", "instrument"]
    )
    return pd.DataFrame(values, index=index, columns=pd.MultiIndex.from_product([["feature"], COLUMNS]))


def processed(chain: list[tuple[str, dict[str, Any]]]) -> pd.DataFrame:
    values, days = table(), table().index.get_level_values("datetime")
    for name, given in chain:
        kind = getattr(processor, name)
        fits = {} if name == "Fillna" else {"fit_start_time": days[0], "fit_end_time": days[TRAIN - 1]}
        each = kind(fields_group="feature", **fits, **given)
        each.fit(values)
        values = each(values)
    return values


def plain(values: pd.DataFrame) -> list[list[float | None]]:
    return [[None if np.isnan(cell) else float(cell) for cell in row] for row in values.to_numpy(np.float64)]


if __name__ == "__main__":
    answers = {
        "columns": COLUMNS,
        "trainRows": TRAIN,
        "rows": plain(table()),
        "processed": {name: plain(processed(chain)) for name, chain in CHAINS.items()},
    }
    Path(__file__).with_suffix("").with_name("qlib_processors.json").write_text(json.dumps(answers) + "\n")
