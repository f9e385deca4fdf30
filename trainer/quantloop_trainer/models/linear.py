"""Ridge regression: the linear baseline of every gate, and what trees may start from.

min over w, b of Σ (y − b − Σ w·z)² + α·Σ w², with z = (x − mean) / scale and a missing value at the mean (z = 0); the
intercept is not penalised (Hoerl & Kennard 1970). α is the one of a fixed grid with the least squared error on the
early-stopping rows after a fit on the training rows; then all is fitted again on both. Cost O(rows · features²).
"""

import numpy as np

from quantloop_trainer.contracts import LinearModel
from quantloop_trainer.dataset import FitData, Floats32, Floats64, Matrix

ALPHAS = (0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0)


def fit_linear(data: FitData) -> LinearModel:
    """On training and early-stopping rows."""
    return _fit(data.refit, fit_linear_search(data).alpha)


def fit_linear_search(data: FitData) -> LinearModel:
    """On training rows only, with the alpha that forecasts the early-stopping rows best."""
    return min((_fit(data.train, alpha) for alpha in ALPHAS), key=lambda model: _loss(model, data.early_stopping))


def constant(value: float, rows: Matrix) -> LinearModel:
    """The same forecast for every row."""
    width = rows.features.shape[1]
    return LinearModel(
        mean=[0.0] * width, scale=[1.0] * width, coefficients=[0.0] * width, intercept=value, alpha=ALPHAS[-1]
    )


def predict_linear(model: LinearModel, features: Floats32) -> Floats64:
    """[rows, features] → [rows]"""
    standardised = _standardise(features, np.array(model.mean), np.array(model.scale))
    predictions: Floats64 = model.intercept + standardised @ np.array(model.coefficients)
    return predictions


def _fit(rows: Matrix, alpha: float) -> LinearModel:
    features = rows.features.astype(np.float64)
    known = ~np.isnan(features)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, features, 0.0).sum(axis=0) / count
    deviation = np.sqrt(np.square(np.where(known, features - mean, 0.0)).sum(axis=0) / count)
    # below float32's own resolution a column is constant and says nothing: at scale 1 it standardises to zero
    scale = np.where(deviation > 1e-9 * np.abs(mean), deviation, 1.0)
    standardised = _standardise(rows.features, mean, scale)
    label = rows.label.astype(np.float64)
    # missing values at zero leave a column's mean at zero, so the intercept is the mean label
    intercept = float(label.mean())
    gram = standardised.T @ standardised + alpha * np.eye(features.shape[1])
    coefficients = np.linalg.solve(gram, standardised.T @ (label - intercept))
    return LinearModel(
        mean=mean.tolist(),
        scale=scale.tolist(),
        coefficients=coefficients.tolist(),
        intercept=intercept,
        alpha=alpha,
    )


def _standardise(features: Floats32, mean: Floats64, scale: Floats64) -> Floats64:
    standardised = (features.astype(np.float64) - mean) / scale
    return np.where(np.isnan(standardised), 0.0, standardised)


def _loss(model: LinearModel, rows: Matrix) -> float:
    return float(np.mean(np.square(predict_linear(model, rows.features) - rows.label)))
