"""The naive forecast as a model: prediction = persistence + shift, shift = mean(label − persistence) on the refit rows.

It reads one feature, the label's persistence in the label's own units, and learns one number. As in every family the
early-stopping rows judge what the training rows taught (one round of `search`) before the shift is learned anew on both
(one round of `refit`). A row that misses its persistence teaches nothing, and its prediction is missing (NaN).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quantloop_trainer.contracts import FeatureBuildManifest, Phase
from quantloop_trainer.dataset import FitData, Floats32, Floats64, Matrix
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.models.moment import Moment


@dataclass(frozen=True)
class ShiftedPersistence:
    shift: float
    rounds: int
    early_stopping_loss: float

    def predict(self, features: Floats32) -> Floats64:
        """[rows, 1] → [rows], in float64"""
        predictions: Floats64 = features[:, 0].astype(np.float64) + self.shift
        return predictions

    def gain(self) -> Floats64:
        """No split, no gain."""
        return np.zeros(1)


def fit_persistence(
    manifest: FeatureBuildManifest, data: FitData, on_round: Callable[[Moment], None]
) -> ShiftedPersistence:
    """:raises QuantloopError: recipe_invalid, when the build's features are not the label's persistence alone"""
    expressions = [column.expression for column in manifest.columns]
    if expressions != [manifest.label.persistence]:
        raise QuantloopError(
            "recipe_invalid",
            f"a persistence model reads {manifest.label.persistence} and nothing else, but the build has"
            f" {len(expressions)} features of the set {manifest.feature_set.name}: train it on the set persistence",
            {"featureSet": manifest.feature_set.name},
        )
    searched = mean_gap(data.train, manifest)
    loss = _loss(searched, data.early_stopping)
    if np.isnan(loss):
        raise _unknown(manifest, data.early_stopping)
    on_round(_moment("search", 0, loss, lambda: _loss(searched, data.train)))
    shift = mean_gap(data.refit, manifest)
    on_round(_moment("refit", 1, loss, lambda: _loss(shift, data.refit)))
    return ShiftedPersistence(shift=shift, rounds=1, early_stopping_loss=loss)


def mean_gap(rows: Matrix, manifest: FeatureBuildManifest) -> float:
    """Mean of label − persistence, over the rows that know both.

    :raises QuantloopError: recipe_invalid, when none does
    """
    gap = rows.label.astype(np.float64) - rows.persistence
    known = np.isfinite(gap)
    if not known.any():
        raise _unknown(manifest, rows)
    return float(gap[known].mean())


def _loss(shift: float, rows: Matrix) -> float:
    """NaN when no row knows its persistence."""
    error = rows.persistence.astype(np.float64) + shift - rows.label
    known = np.isfinite(error)
    return float(np.mean(np.square(error[known]))) if known.any() else float("nan")


def _moment(phase: Phase, searched: int, loss: float, train_loss: Callable[[], float]) -> Moment:
    return Moment(
        phase=phase,
        round=1,
        total_rounds=1,
        last=True,
        searched=searched,
        held_loss=loss if phase == "search" else None,
        best_round=1,
        best_loss=loss,
        train_loss=train_loss,
    )


def _unknown(manifest: FeatureBuildManifest, rows: Matrix) -> QuantloopError:
    return QuantloopError(
        "recipe_invalid",
        f"the persistence forecast {manifest.label.persistence} is known on none of {rows.rows} rows:"
        " give the label a persistence expression that reads the past only",
        {"expression": manifest.label.persistence},
    )
