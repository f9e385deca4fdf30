"""The naive forecast as a model, from its build to the answers of ONNX Runtime."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from quantloop_trainer.contracts import FitReport, ObjectRef
from quantloop_trainer.export import export_shift
from quantloop_trainer.objects import ObjectStore
from tests.conftest import Services, fit_input
from tests.processes import Child
from tests.sample_build import NAIVE, SYMBOLS, naive_table, store_build

_POINTS = b"""
select step, phase, round, total_rounds, executed, metrics from training_progress where run_id = %s order by step"""

ASKED: dict[str, Any] = {"model": "persistence", "featureSet": "persistence"}


@pytest.fixture(scope="module")
def naive(objects: ObjectStore) -> ObjectRef:
    return store_build(objects, [naive_table(symbol) for symbol in SYMBOLS])


def answers(content: bytes, rows: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    predictions: np.ndarray = session.run(["prediction"], {"features": rows})[0]
    return predictions


def gap(first: date, last: date) -> float:
    """Mean of label − persistence, by pandas: sessions whose label, one ahead, ends by `last`."""
    parts = []
    for symbol in SYMBOLS:
        rows = naive_table(symbol).to_pandas()
        ends = pd.Series(pd.to_datetime(rows.session)).shift(-1)
        inside = (pd.to_datetime(rows.session) >= pd.Timestamp(first)) & (ends <= pd.Timestamp(last))
        parts.append((rows.label.astype(float) - rows.persistence.astype(float))[inside])
    return float(pd.concat(parts).mean())


def points(services: Services, run_id: UUID) -> list[tuple[Any, ...]]:
    with psycopg.connect(services.database_url) as connection:
        return connection.execute(_POINTS, [run_id]).fetchall()


def test_it_learns_the_mean_gap_and_nothing_else(
    services: Services, objects: ObjectStore, naive: ObjectRef, tmp_path: Path
) -> None:
    fit = fit_input(naive, **ASKED)
    result = Child.start(services, tmp_path, fit).result()
    assert (result.rounds, result.iterations_executed, result.resumed_from_round) == (1, 2, 0)
    report = FitReport.model_validate_json(objects.get(result.report))
    shift = gap(date(2003, 1, 1), date(2006, 12, 31))
    assert report.persistence_shift == pytest.approx(shift, rel=1e-6)
    assert (report.feature_order, report.gain, report.rounds) == ([NAIVE], [0.0], 1)

    rows = np.array([[-4.5], [0.0], [-3.25], [np.nan], [np.inf]], np.float32)
    predictions = answers(objects.get(result.onnx), rows)
    assert predictions.dtype == np.float32
    expected = (rows.astype(np.float64) + report.persistence_shift).astype(np.float32)
    np.testing.assert_array_equal(predictions, expected)

    parity = pa.ipc.open_file(pa.py_buffer(objects.get(result.parity))).read_all()
    stored = parity.column(NAIVE).to_numpy()
    assert np.isfinite(stored).all()
    assert parity.num_rows > 500
    trainers = parity.column("prediction").to_numpy()
    np.testing.assert_allclose(answers(objects.get(result.onnx), stored[:, None])[:, 0], trainers, rtol=1e-6)

    search, refit = points(services, fit.run_id)
    assert search[:5] == (1, "search", 1, 1, 1)
    assert refit[:5] == (2, "refit", 1, 1, 2)
    assert search[5]["earlyStoppingLoss"] == pytest.approx(report.early_stopping_loss)


def test_again_under_the_same_run_is_the_same(services: Services, naive: ObjectRef, tmp_path: Path) -> None:
    fit = fit_input(naive, **ASKED)
    first, second = (Child.start(services, tmp_path, fit).result() for _ in range(2))
    assert (first.onnx, first.report, first.parity) == (second.onnx, second.report, second.parity)
    assert [row[0] for row in points(services, fit.run_id)] == [1, 2]
    assert second.iterations_executed == 4


def test_other_features_are_refused(services: Services, build: ObjectRef, tmp_path: Path) -> None:
    child = Child.start(services, tmp_path, fit_input(build, **ASKED))
    assert child.failure().code == "recipe_invalid"


def test_the_file_is_plain_arithmetic_and_names_no_place() -> None:
    content = export_shift(0.25)
    assert content == export_shift(0.25)
    parsed = onnx.load_model_from_string(content)
    assert [node.op_type for node in parsed.graph.node] == ["Cast", "Add", "Cast"]
    assert [(each.domain, each.version) for each in parsed.opset_import] == [("", 17)]
    # one unit in the last place of float32, whatever the sizes of feature and shift
    drawn = np.random.default_rng(3).normal(scale=1e4, size=(200, 1)).astype(np.float32)
    np.testing.assert_array_equal(answers(content, drawn), (drawn.astype(np.float64) + 0.25).astype(np.float32))
