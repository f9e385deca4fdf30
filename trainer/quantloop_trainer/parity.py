"""Rows on which an exported model could differ from the booster, beside the booster's own answers.

Real rows of train and earlyStopping (never of test); rows that lie exactly on split thresholds and one float32 step to
each side; zeros and the edges of LightGBM's zero band; and, where missing values are accepted, rows that miss them.
An Arrow file: one float32 column a feature, then float64 `prediction`.
"""

from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from quantloop_trainer.dataset import FitData, Floats32, Floats64
from quantloop_trainer.processors import Processing
from quantloop_trainer.trees import ZERO_BAND, Tree

T = TypeVar("T", bound=np.generic)

REAL_ROWS = 512
THRESHOLDS = 768

_TINY = [0.0, -0.0, ZERO_BAND, -ZERO_BAND, 1e-30, -1e-30, 1e-38, -1e-38, 1e-45, -1e-45]


def parity_rows(
    data: FitData,
    trees: Sequence[Tree],
    missing: Literal["accept", "refuse"],
    processing: Processing | None = None,
) -> Floats32:
    """[rows, features], at most about 3,000 rows beside two for each feature"""
    fitted = data.refit.features
    complete = fitted if missing == "accept" else fitted[np.isfinite(fitted).all(axis=1)]
    real = _spread(complete, REAL_ROWS)
    rows = [real, *([_threshold_rows(real, trees, processing)] if trees else []), _tiny_rows(real)]
    if missing == "accept":
        rows.append(_missing_rows(real))
    return np.concatenate(rows)


def parity_file(feature_names: list[str], rows: Floats32, predictions: Floats64) -> bytes:
    columns = {name: rows[:, column] for column, name in enumerate(feature_names)}
    table = pa.table({**columns, "prediction": predictions})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _threshold_rows(real: Floats32, trees: Sequence[Tree], processing: Processing | None) -> Floats32:
    """A real row each, with one feature moved onto a split, or to where processors put it there, and a float32 step
    below and above it."""
    pairs = [np.column_stack((tree.feature, tree.threshold)) for tree in trees]
    splits = _spread(np.unique(np.concatenate(pairs), axis=0), THRESHOLDS)
    feature, value = splits[:, 0].astype(np.int64), splits[:, 1].astype(np.float64)
    if processing:
        feature, value = processing.columns[feature], processing.undo(feature, value)
    on = value.astype(np.float32)
    moved = [on, np.nextafter(on, np.float32(-np.inf)), np.nextafter(on, np.float32(np.inf))]
    rows = real[np.arange(3 * len(on)) % len(real)].copy()
    rows[np.arange(len(rows)), np.tile(feature, 3)] = np.concatenate(moved)
    return rows


def _tiny_rows(real: Floats32) -> Floats32:
    tiny = np.array(_TINY, np.float32)
    everywhere = np.repeat(tiny[:, None], real.shape[1], axis=1)
    rows = real[np.arange(len(tiny)) % len(real)].copy()
    # beside rows of nothing else, real ones with every second feature tiny
    rows[:, ::2] = everywhere[:, ::2]
    return np.concatenate((everywhere, rows))


def _missing_rows(real: Floats32) -> Floats32:
    features = real.shape[1]
    one = real[np.arange(features) % len(real)].copy()
    one[np.arange(features), np.arange(features)] = np.nan
    all_but_one = np.full((features, features), np.nan, np.float32)
    all_but_one[np.arange(features), np.arange(features)] = np.diag(real[np.arange(features) % len(real)])
    return np.concatenate((one, all_but_one, np.full((1, features), np.nan, np.float32)))


def _spread(rows: npt.NDArray[T], most: int) -> npt.NDArray[T]:
    """At most so many of the rows, evenly chosen, first and last among them."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]
