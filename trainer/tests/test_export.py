"""ONNX against the booster's own float64, on the rows where they could part."""

import os
import random
from typing import Any

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pytest

from quantloop_trainer.contracts import FeatureBuildManifest, LinearModel, ObjectRef, Recipe
from quantloop_trainer.dataset import FitData, Floats32, Floats64, read_fit_data
from quantloop_trainer.export import export_onnx
from quantloop_trainer.models.lightgbm import Boosting, TrainedModel, fit_lightgbm
from quantloop_trainer.objects import ObjectStore
from quantloop_trainer.parity import parity_file, parity_rows
from quantloop_trainer.trees import ZERO_BAND, Tree, read_trees
from tests.conftest import recipe
from tests.sample_build import sample_table, store_build


def fitted(objects: ObjectStore, build: ObjectRef, **changes: Any) -> tuple[FitData, TrainedModel, list[Tree]]:
    given = Recipe.model_validate(recipe(maxRounds=150, **changes))
    data = read_fit_data(objects, FeatureBuildManifest.model_validate_json(objects.get(build)), given)
    model = fit_lightgbm(given, data, None, lambda _: None, lambda _: None)
    return data, model, [tree for block in model.blocks for tree in read_trees(block)]


def run_onnx(content: bytes, features: Floats32) -> Floats32:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert [(each.name, each.type, each.shape[1]) for each in session.get_inputs()] == [
        ("features", "tensor(float)", features.shape[1])
    ]
    assert [(each.name, each.type, each.shape[1]) for each in session.get_outputs()] == [
        ("prediction", "tensor(float)", 1)
    ]
    answers: Floats32 = session.run(None, {"features": features})[0][:, 0]
    return answers


def steps_apart(answers: Floats32, truth: Floats64) -> np.ndarray:
    """Distance in units of float32's last place."""
    return np.abs(answers - truth) / np.spacing(np.abs(truth).astype(np.float32)).astype(np.float64)


YEARS_WITH_WARM_UP = {
    "train": {"from": "2000-01-01", "to": "2005-12-31"},
    "earlyStopping": {"from": "2006-01-01", "to": "2006-12-31"},
    "test": {"from": "2007-01-01", "to": "2007-12-31"},
}


@pytest.mark.parametrize("start_from", ["mean", "linear"])
@pytest.mark.parametrize("changes", [{}, {"segments": YEARS_WITH_WARM_UP}], ids=["complete", "with missing values"])
def test_equal_on_thresholds_tiny_and_missing_values(
    objects: ObjectStore, build: ObjectRef, changes: dict[str, Any], start_from: str
) -> None:
    data, model, trees = fitted(objects, build, startFrom=start_from, **changes)
    rows = parity_rows(data, trees, "accept")
    truth = model.predict(rows)
    # beside a linear model the sum of the trees is rounded once more
    steps = {"mean": 1, "linear": 2}[start_from]
    assert steps_apart(run_onnx(export_onnx(trees, model.start, rows.shape[1]), rows), truth).max() <= steps
    # the rows would tell: one float32 step on every threshold, or the other side for what is missing
    moved = [
        Tree(
            **{
                **vars(tree),
                "threshold": np.nextafter(tree.threshold.astype(np.float32), np.float32(np.inf)).astype(np.float64),
            }
        )
        for tree in trees
    ]
    turned = [Tree(**{**vars(tree), "missing_left": ~tree.missing_left}) for tree in trees]
    for wrong in (moved, turned):
        assert steps_apart(run_onnx(export_onnx(wrong, model.start, rows.shape[1]), rows), truth).max() > 100


def test_the_rows_hold_what_they_promise(objects: ObjectStore, build: ObjectRef) -> None:
    data, _, trees = fitted(objects, build, segments=YEARS_WITH_WARM_UP)
    rows = parity_rows(data, trees, "accept")
    thresholds = {(int(f), np.float32(t)) for tree in trees for f, t in zip(tree.feature, tree.threshold, strict=True)}
    touched = sum(bool((rows[:, feature] == threshold).any()) for feature, threshold in thresholds)
    assert touched >= min(len(thresholds), 500)
    # every row with missing values is one of the tail
    assert np.isnan(rows[-1]).all()
    assert np.isnan(rows[:, 0]).any()


def test_no_row_of_the_test_segment_is_among_them(objects: ObjectStore, build: ObjectRef) -> None:
    data, _, trees = fitted(objects, build)
    manifest = FeatureBuildManifest.model_validate_json(objects.get(build))
    tables = [pa.ipc.open_file(objects.file(shard.object)).read_all() for shard in manifest.shards]
    of_test = set()
    for table in tables:
        years = [session.year for session in table.column("session").to_pylist()]
        values = np.column_stack([table.column(name).to_numpy() for name in data.feature_names])
        of_test |= {row.tobytes() for row, year in zip(values, years, strict=True) if year >= 2007}
    assert len(of_test) > 900
    assert not of_test & {row.tobytes() for row in parity_rows(data, trees, "refuse")}


def test_refusing_recipes_get_no_missing_rows(objects: ObjectStore) -> None:
    # GOOG was listed within the training years, so its first windows are not full
    build = store_build(objects, [sample_table(symbol) for symbol in ("AAPL", "IBM", "MSFT")])
    data, _, trees = fitted(objects, build, missing="refuse")
    assert not np.isnan(parity_rows(data, trees, "refuse")).any()


@pytest.mark.parametrize("seed", range(8))
def test_equal_on_adversarial_ensembles(seed: int) -> None:
    """Boosters of any shape, on columns of zeros, tiny numbers and gaps of one float32 step."""
    drawn = np.random.default_rng(seed)
    features = drawn.normal(size=(600, 6)).astype(np.float32)
    features[:, 1] = drawn.choice(np.array([0.0, 1e-35, -1e-35, 1e-36, -1e-36, 1e-30, -1e-30], np.float32), 600)
    features[:, 2] = np.nextafter(np.float32(1), np.float32(2)) * (drawn.random(600) < 0.5) + np.float32(1)
    features[:, 3] = np.where(drawn.random(600) < 0.3, np.nan, features[:, 3])
    features[:, 4] = np.maximum(features[:, 4], 0)
    features[:, 5] = -np.maximum(features[:, 5], 0)
    with np.errstate(invalid="ignore"):
        label = np.nansum(np.sign(features) * drawn.normal(size=6), axis=1)
    parameters = {
        "objective": "regression",
        "num_leaves": random.Random(seed).choice([2, 7, 31]),
        "min_data_in_leaf": 5,
        "verbosity": -1,
        "num_threads": 1,
    }
    booster = lgb.train(parameters, lgb.Dataset(features, label), 30)
    trees = read_trees(booster.model_to_string())
    assert len(trees) == 30
    assert any(np.isclose(abs(tree.threshold), ZERO_BAND, rtol=1e-6, atol=0).any() for tree in trees)
    splits = np.concatenate([np.column_stack((tree.feature, tree.threshold)) for tree in trees])
    rows = np.repeat(features, 3, axis=0)
    chosen = splits[drawn.integers(len(splits), size=len(rows))]
    on = chosen[:, 1].astype(np.float32)
    beside = np.stack((on, np.nextafter(on, np.float32(np.inf)), np.nextafter(on, np.float32(-np.inf))))
    rows[np.arange(len(rows)), chosen[:, 0].astype(int)] = beside[
        drawn.integers(3, size=len(rows)), np.arange(len(rows))
    ]
    rows[::17] = np.nan
    rows[1::17] = drawn.choice(np.array([1e-35, -1e-35, 1e-38, -1e-45, 0.0, -0.0], np.float32), rows[1::17].shape)
    truth: Floats64 = booster.predict(rows)
    nothing = LinearModel(mean=[0.0] * 6, scale=[1.0] * 6, coefficients=[0.0] * 6, intercept=0.0, alpha=1.0)
    assert np.abs(run_onnx(export_onnx(trees, nothing, 6), rows) - truth).max() <= 1e-6


def test_labels_that_nothing_explains_give_a_model_that_says_their_mean(objects: ObjectStore, build: ObjectRef) -> None:
    data, model, trees = fitted(objects, build, params={"min_data_in_leaf": 100_000})
    assert model.rounds == 1
    answers = run_onnx(export_onnx(trees, model.start, len(data.feature_names)), data.refit.features[:5])
    assert answers == pytest.approx(data.refit.label.mean(dtype=np.float64), rel=1e-7)


def test_the_bytes_name_no_place_and_no_time(objects: ObjectStore, build: ObjectRef) -> None:
    data, model, trees = fitted(objects, build)
    content = export_onnx(trees, model.start, len(data.feature_names))
    assert content == export_onnx(trees, model.start, len(data.feature_names))
    parsed = onnx.load_model_from_string(content)
    assert (parsed.producer_name, parsed.producer_version, parsed.doc_string, parsed.graph.doc_string) == (
        "quantloop",
        "",
        "",
        "",
    )
    assert [node.op_type for node in parsed.graph.node] == ["Cast", "TreeEnsembleRegressor"]
    assert os.getcwd().encode() not in content


def test_the_parity_file_is_features_beside_float64_predictions(objects: ObjectStore, build: ObjectRef) -> None:
    data, model, trees = fitted(objects, build)
    rows = parity_rows(data, trees, "accept")
    table = pa.ipc.open_file(pa.py_buffer(parity_file(data.feature_names, rows, model.predict(rows)))).read_all()
    assert table.schema.names == [*data.feature_names, "prediction"]
    assert {str(field.type) for field in table.schema} == {"float", "double"}
    assert table.column("prediction").to_numpy().tolist() == model.predict(rows).tolist()


def test_the_base_is_exact(objects: ObjectStore, build: ObjectRef) -> None:
    """Blocks that start from given scores predict the booster's own running scores again."""
    given = Recipe.model_validate(recipe(maxRounds=120))
    data = read_fit_data(objects, FeatureBuildManifest.model_validate_json(objects.get(build)), given)
    states: list[Boosting] = []
    model = fit_lightgbm(given, data, None, lambda _: None, states.append)
    assert model.predict(data.refit.features) == pytest.approx(states[-1].scores, abs=1e-12)
