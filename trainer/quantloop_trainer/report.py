"""The FitReport: what was learned beside the ONNX file, with nothing in it that differs between two runs."""

from importlib.metadata import version

import numpy as np

from quantloop_trainer.contracts import FeatureBuildManifest, FitReport, FitRows
from quantloop_trainer.dataset import FitData
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.models.lightgbm import TrainedModel
from quantloop_trainer.models.linear import fit_linear

_LIBRARIES = ("lightgbm", "numpy", "onnx", "pyarrow")


def fit_report(manifest: FeatureBuildManifest, data: FitData, model: TrainedModel) -> FitReport:
    """:raises QuantloopError: recipe_invalid, when the persistence forecast is known on no row"""
    shift = data.refit.label.astype(np.float64) - data.refit.persistence
    known = np.isfinite(shift)
    if not known.any():
        raise QuantloopError(
            "recipe_invalid",
            f"the persistence forecast {manifest.label.persistence} is known on none of {data.refit.rows} rows:"
            " give the label a persistence expression that reads the past only",
            {"expression": manifest.label.persistence},
        )
    return FitReport(
        rounds=model.rounds,
        early_stopping_loss=model.early_stopping_loss,
        rows=FitRows(train=data.train.rows, early_stopping=data.early_stopping.rows, refit=data.refit.rows),
        feature_order=data.feature_names,
        feature_hash=manifest.feature_hash,
        gain=model.gain().tolist(),
        linear=fit_linear(data),
        label_mean=float(data.refit.label.mean(dtype=np.float64)),
        persistence_shift=float(shift[known].mean()),
        libraries={name: version(name) for name in _LIBRARIES},
    )
