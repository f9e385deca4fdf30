"""Processors against pyqlib's own, and the ONNX file that carries them against the trainer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from quantloop_trainer.contracts import FeatureBuildManifest, ObjectRef, Processor, Recipe
from quantloop_trainer.dataset import FitData, Floats32, Matrix, read_fit_data
from quantloop_trainer.export import export_onnx
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.models.lightgbm import TrainedModel, fit_lightgbm
from quantloop_trainer.objects import ObjectStore
from quantloop_trainer.parity import parity_rows
from quantloop_trainer.processors import fit_processors, left_by_build
from quantloop_trainer.trees import Tree, read_trees
from tests.conftest import recipe
from tests.test_export import YEARS_WITH_WARM_UP, run_onnx, steps_apart

QLIB = json.loads(Path(__file__).with_name("qlib_processors.json").read_text())
NAMES: list[str] = QLIB["columns"]
ROBUST, FILL = {"kind": "RobustZScoreNorm"}, {"kind": "Fillna"}
DROP_A = {"kind": "DropCol", "colList": ["a"]}

CHAINS: dict[str, list[dict[str, Any]]] = {
    "RobustZScoreNorm": [ROBUST],
    "RobustZScoreNorm unclipped": [{**ROBUST, "clipOutlier": False}],
    "ZScoreNorm": [{"kind": "ZScoreNorm"}],
    "MinMaxNorm": [{"kind": "MinMaxNorm"}],
    "Fillna": [{**FILL, "fillValue": 0.5}],
    "RobustZScoreNorm, Fillna": [ROBUST, FILL],
    "Fillna, ZScoreNorm, MinMaxNorm": [{**FILL, "fillValue": -1}, {"kind": "ZScoreNorm"}, {"kind": "MinMaxNorm"}],
}


def read(chain: list[dict[str, Any]]) -> list[Processor]:
    return TypeAdapter(list[Processor]).validate_python(chain)


def floats(rows: list[list[float | None]]) -> Floats32:
    return np.array(rows, np.float64).astype(np.float32)


def train_rows() -> Matrix:
    rows = floats(QLIB["rows"])[: QLIB["trainRows"]]
    return Matrix(rows, np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32))


@pytest.mark.parametrize("name", CHAINS)
def test_equal_to_pyqlib(name: str) -> None:
    ours = fit_processors(read(CHAINS[name]), NAMES, train_rows()).apply(floats(QLIB["rows"]))
    theirs = floats(QLIB["processed"][name])
    # pandas takes medians and means in float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert (np.isnan(ours) == np.isnan(theirs)).all()


def test_every_chain_of_the_oracle_is_compared() -> None:
    assert list(CHAINS) == list(QLIB["processed"])


@pytest.mark.parametrize(
    ("chain", "kept"),
    [
        ([{"kind": "DropCol", "colList": ["b"]}], ["a", "c", "d"]),
        ([{"kind": "FilterCol", "colList": ["d", "a"]}], ["a", "d"]),
        ([{"kind": "FilterCol", "colList": ["a", "b"]}, {"kind": "DropCol", "colList": ["a"]}], ["b"]),
    ],
)
def test_chooses_columns_in_the_order_of_the_set(chain: list[dict[str, Any]], kept: list[str]) -> None:
    processing = fit_processors(read(chain), NAMES, train_rows())
    assert processing.fitted.columns == kept
    rows = floats(QLIB["rows"])
    np.testing.assert_array_equal(processing.apply(rows), rows[:, [NAMES.index(name) for name in kept]])


@pytest.mark.parametrize(
    ("chain", "left"),
    [
        ([ROBUST, FILL], [ROBUST, FILL]),
        ([{"kind": "CSZScoreNorm"}], []),
        ([FILL, {"kind": "ProcessInf"}, {"kind": "CSRankNorm"}, ROBUST], [ROBUST]),
        (
            [DROP_A, {"kind": "CSZFillna"}, {"kind": "FilterCol", "colList": ["b"]}, FILL],
            [DROP_A, {"kind": "FilterCol", "colList": ["b"]}, FILL],
        ),
    ],
)
def test_what_the_build_computes_is_not_done_again(chain: list[dict[str, Any]], left: list[dict[str, Any]]) -> None:
    assert left_by_build(read(chain)) == read(left)


@pytest.mark.parametrize(
    ("chain", "rows", "says"),
    [
        ([{"kind": "DropCol", "colList": ["x"]}], train_rows(), "DropCol names x"),
        ([{"kind": "DropCol", "colList": NAMES}], train_rows(), "leave no column"),
        (
            [ROBUST],
            Matrix(np.full((3, 4), np.nan, np.float32), np.zeros(3, np.float32), np.zeros(3, np.float32)),
            "a is missing on all 3 training rows",
        ),
    ],
)
def test_what_cannot_be_fitted_is_named(chain: list[dict[str, Any]], rows: Matrix, says: str) -> None:
    with pytest.raises(QuantloopError, match=says) as refused:
        fit_processors(read(chain), NAMES, rows)
    assert refused.value.code == "recipe_invalid"


def fitted(objects: ObjectStore, build: ObjectRef, **changes: Any) -> tuple[FitData, TrainedModel, list[Tree]]:
    given = Recipe.model_validate(recipe(maxRounds=120, segments=YEARS_WITH_WARM_UP, **changes))
    data = read_fit_data(objects, FeatureBuildManifest.model_validate_json(objects.get(build)), given)
    model = fit_lightgbm(given, data, None, lambda _: None, lambda _: None)
    return data, model, [tree for block in model.blocks for tree in read_trees(block)]


@pytest.mark.parametrize("start_from", ["mean", "linear"])
@pytest.mark.parametrize("name", ["RobustZScoreNorm, Fillna", "Fillna, ZScoreNorm, MinMaxNorm", "RobustZScoreNorm"])
def test_the_onnx_file_takes_raw_rows(objects: ObjectStore, build: ObjectRef, name: str, start_from: str) -> None:
    names = [column.name for column in FeatureBuildManifest.model_validate_json(objects.get(build)).columns]
    chain = [*CHAINS[name], {"kind": "DropCol", "colList": [names[1]]}]
    data, model, trees = fitted(objects, build, processors=chain, startFrom=start_from)
    rows = parity_rows(data, trees, "accept", model.processing)
    assert np.isnan(rows).any()
    truth = model.predict(rows)
    answers = run_onnx(export_onnx(trees, model.start, rows.shape[1], model.processing), rows)
    steps = {"mean": 1, "linear": 2}[start_from]
    assert steps_apart(answers, truth).max() <= steps
    # the rows would tell: without the processors the trees answer something else
    without = run_onnx(export_onnx(trees, model.start, rows.shape[1]), rows)
    assert steps_apart(without, truth).max() > 100
    assert model.gain()[1] == 0
    assert len(model.gain()) == len(names)


def test_only_training_rows_are_fitted_on(objects: ObjectStore, build: ObjectRef) -> None:
    data, _, _ = fitted(objects, build)
    learned = fit_processors(read([ROBUST]), data.feature_names, data.train).fitted
    given = Recipe.model_validate(recipe(maxRounds=10, segments=YEARS_WITH_WARM_UP, processors=[ROBUST]))
    wild = np.full_like(data.early_stopping.features, 1e6)
    other = FitData(
        data.feature_names,
        data.train,
        Matrix(wild, data.early_stopping.label, data.early_stopping.persistence),
        data.refit,
    )
    model = fit_lightgbm(given, other, None, lambda _: None, lambda _: None)
    assert model.processing is not None
    assert model.processing.fitted == learned
