"""The FitReport: what was learned beside the ONNX file, with nothing in it that differs between two runs."""

from importlib.metadata import version

import numpy as np

from quantloop_trainer.contracts import FeatureBuildManifest, FitReport, FitRows
from quantloop_trainer.dataset import FitData
from quantloop_trainer.models.lightgbm import TrainedModel
from quantloop_trainer.models.linear import fit_linear
from quantloop_trainer.models.persistence import ShiftedPersistence, mean_gap

_LIBRARIES = ("lightgbm", "numpy", "onnx", "pyarrow")


def fit_report(manifest: FeatureBuildManifest, data: FitData, model: TrainedModel | ShiftedPersistence) -> FitReport:
    """:raises QuantloopError: recipe_invalid, when the persistence forecast is known on no row"""
    return FitReport(
        rounds=model.rounds,
        early_stopping_loss=model.early_stopping_loss,
        rows=FitRows(train=data.train.rows, early_stopping=data.early_stopping.rows, refit=data.refit.rows),
        feature_order=data.feature_names,
        feature_hash=manifest.feature_hash,
        gain=model.gain().tolist(),
        linear=fit_linear(data),
        label_mean=float(data.refit.label.mean(dtype=np.float64)),
        persistence_shift=mean_gap(data.refit, manifest),
        processors=model.processing.fitted if isinstance(model, TrainedModel) and model.processing else None,
        libraries={name: version(name) for name in _LIBRARIES},
    )
