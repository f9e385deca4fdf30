"""Makes fixtures/qlib-cross-sections.json: what pyqlib's own processors make of a small market, session by session.

Run by the Python of the benchmark's peer, `.quantloop/peers/qlib/bin/python`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from qlib.data.dataset import processor  # type: ignore[import-not-found]

SYMBOLS, DAYS = 9, 40
CHAINS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "CSZScoreNorm": [("CSZScoreNorm", {})],
    "CSZScoreNorm robust": [("CSZScoreNorm", {"method": "robust"})],
    "CSRankNorm": [("CSRankNorm", {})],
    "CSZFillna": [("CSZFillna", {})],
    "ProcessInf": [("ProcessInf", {})],
    "ProcessInf, CSZFillna, CSZScoreNorm": [("ProcessInf", {}), ("CSZFillna", {}), ("CSZScoreNorm", {})],
    "ProcessInf, Fillna, CSZScoreNorm robust": [
        ("ProcessInf", {}),
        ("Fillna", {"fill_value": -1.5}),
        ("CSZScoreNorm", {"method": "robust"}),
    ],
    "ProcessInf, CSZScoreNorm, CSRankNorm": [("ProcessInf", {}), ("CSZScoreNorm", {}), ("CSRankNorm", {})],
}


def market() -> pd.DataFrame:
    """Ties, gaps, infinities; sessions of one value, of equal ones, of none, of two; symbols without a row."""
    drawn = np.random.default_rng(20080915)
    values = np.round(drawn.normal(size=(DAYS, SYMBOLS)), 1).astype(np.float64) * 10
    values[drawn.random(values.shape) < 0.15] = np.nan
    infinite = drawn.random(values.shape) < 0.02
    values[infinite] = np.where(drawn.random(values.shape) < 0.5, np.inf, -np.inf)[infinite]
    values[3, 1:], values[3, 0] = np.nan, 2.5
    values[4] = 7
    values[5] = np.nan
    values[6, 2:], values[6, :2] = np.nan, [1, 2]
    values[7, :7], values[7, 7:] = 5, [6, np.nan]
    values[8] = np.inf
    index = pd.MultiIndex.from_product(
        [pd.date_range("2008-01-01", periods=DAYS), [f"S{at}" for at in range(SYMBOLS)]],
        names=["datetime", "instrument"],
    )
    table = pd.DataFrame(values.reshape(-1, 1), index=index, columns=pd.MultiIndex.from_tuples([("feature", "x")]))
    return table[drawn.random(len(table)) > 0.1]


def processed(chain: list[tuple[str, dict[str, Any]]]) -> pd.Series:
    values = market()
    for name, given in chain:
        grouped = {} if name == "ProcessInf" else {"fields_group": "feature"}
        values = getattr(processor, name)(**grouped, **given)(values)
    return values[("feature", "x")].reindex(market().index)


def plain(values: pd.Series) -> list[float | str]:
    return [float(cell) if np.isfinite(cell) else str(cell) for cell in values.to_numpy(np.float64)]


if __name__ == "__main__":
    table = market()
    answers = {
        "sessions": [str(day.date()) for day in table.index.get_level_values("datetime")],
        "symbols": list(table.index.get_level_values("instrument")),
        "values": plain(table[("feature", "x")]),
        "processed": {name: plain(processed(chain)) for name, chain in CHAINS.items()},
    }
    target = Path(__file__).parent / "fixtures" / "qlib-cross-sections.json"
    target.write_text(json.dumps(answers) + "\n")
