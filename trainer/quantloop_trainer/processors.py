"""Processors: what happens to features [rows, features] before trees are grown on them, under the names of Qlib's
handlers (qlib/data/dataset/processor.py) and with their formulas.

Each is fitted on the purged training rows alone, after those before it. All work column by column, so that they are a
choice of columns and then steps of `(x - center) / scale`, a clip, or a fill for what is missing. They are computed in
float64, in the same operations as the ONNX file that carries them (export.py), and end in float32: the trees see the
same bits in both. A missing value stays missing until it is filled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantloop_trainer.contracts import (
    CrossSectional,
    CSRankNorm,
    CSZFillna,
    CSZScoreNorm,
    DropCol,
    Filling,
    Fillna,
    FilterCol,
    FittedProcessors,
    MinMaxNorm,
    ProcessInf,
    Processor,
    RobustZScoreNorm,
    Scaling,
    ZScoreNorm,
)
from quantloop_trainer.dataset import Floats32, Floats64, Integers, Matrix
from quantloop_trainer.failures import QuantloopError

# of a normal distribution, the deviation is so many times the median distance from the median
_DEVIATIONS_A_MAD = 1.4826
# Qlib's, so that a column which stands still divides by something
_EPSILON = 1e-12
_OUTLIER = 3.0


@dataclass(frozen=True)
class Processing:
    """`columns` are the features that are kept, by their place among all."""

    columns: Integers
    fitted: FittedProcessors

    def apply(self, features: Floats32) -> Floats32:
        """[rows, features] → [rows, kept]"""
        values = features[:, self.columns].astype(np.float64)
        for step in self.fitted.steps:
            values = _applied(step, values)
        return values.astype(np.float32)

    def on(self, rows: Matrix) -> Matrix:
        return Matrix(self.apply(rows.features), rows.label, rows.persistence)

    def undo(self, column: Integers, value: Floats64) -> Floats64:
        """The raw values that these, each of a kept column, come from; a fill has no way back."""
        for step in reversed(self.fitted.steps):
            if isinstance(step, Scaling):
                value = value * np.array(step.scale)[column] + np.array(step.center)[column]
        return value


def left_by_build(processors: Sequence[Processor]) -> list[Processor]:
    """Without what the build has computed: all up to the last one across symbols, but for choices of columns."""
    last = max((at for at, processor in enumerate(processors) if isinstance(processor, CrossSectional)), default=-1)
    return [
        processor for at, processor in enumerate(processors) if at > last or isinstance(processor, FilterCol | DropCol)
    ]


def fit_processors(processors: Sequence[Processor], names: list[str], train: Matrix) -> Processing:
    """:raises QuantloopError: recipe_invalid, for a column that is not there or has no value to be fitted on"""
    kept = _kept(processors, names)
    columns = np.array([names.index(name) for name in kept], np.int64)
    values = train.features[:, columns].astype(np.float64)
    _assert_known(values, kept)
    steps: list[Scaling | Filling] = []
    for processor in processors:
        step = _fitted(processor, values)
        if step is not None:
            values = _applied(step, values)
            steps.append(step)
    return Processing(columns, FittedProcessors(columns=kept, steps=steps))


def _kept(processors: Sequence[Processor], names: list[str]) -> list[str]:
    kept = names
    for processor in processors:
        if not isinstance(processor, FilterCol | DropCol):
            continue
        unknown = [name for name in processor.col_list if name not in names]
        if unknown:
            raise QuantloopError(
                "recipe_invalid",
                f"{processor.kind} names {', '.join(unknown)}, which the feature set does not have",
                {"column": unknown[0]},
            )
        listed = set(processor.col_list)
        kept = [name for name in kept if (name in listed) == isinstance(processor, FilterCol)]
    if not kept:
        raise QuantloopError("recipe_invalid", "the processors leave no column", {})
    return kept


def _assert_known(values: Floats64, names: list[str]) -> None:
    empty = np.isnan(values).all(axis=0)
    if empty.any():
        name = names[int(np.argmax(empty))]
        raise QuantloopError(
            "recipe_invalid",
            f"{name} is missing on all {len(values)} training rows, so that no processor can be fitted on it: begin"
            " later, or leave it out with DropCol",
            {"column": name},
        )


def _fitted(processor: Processor, values: Floats64) -> Scaling | Filling | None:
    match processor:
        case RobustZScoreNorm():
            center = np.nanmedian(values, axis=0)
            scale = (np.nanmedian(np.abs(values - center), axis=0) + _EPSILON) * _DEVIATIONS_A_MAD
            return _scaling(center, scale, _OUTLIER if processor.clip_outlier else None)
        case ZScoreNorm():
            deviation = np.nanstd(values, axis=0)
            still = deviation == 0
            return _scaling(np.where(still, 0.0, np.nanmean(values, axis=0)), np.where(still, 1.0, deviation), None)
        case MinMaxNorm():
            least, most = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
            still = least == most
            return _scaling(np.where(still, 0.0, least), np.where(still, 1.0, most - least), None)
        case Fillna():
            return Filling(value=processor.fill_value)
        case FilterCol() | DropCol() | CSZScoreNorm() | CSRankNorm() | CSZFillna() | ProcessInf():
            return None


def _scaling(center: Floats64, scale: Floats64, clip: float | None) -> Scaling:
    return Scaling(center=center.tolist(), scale=scale.tolist(), clip=clip)


def _applied(step: Scaling | Filling, values: Floats64) -> Floats64:
    if isinstance(step, Filling):
        return np.where(np.isnan(values), step.value, values)
    scaled: Floats64 = (values - np.array(step.center)) / np.array(step.scale)
    return scaled if step.clip is None else np.clip(scaled, -step.clip, step.clip)
