"""A recipe without a test segment gives the same bytes on every build that reaches its end, however far it goes on."""

from pathlib import Path
from typing import Any

import pytest

from quantloop_trainer.contracts import FitResult, ObjectRef
from quantloop_trainer.objects import ObjectStore
from tests.conftest import Services, fit_input
from tests.processes import Child
from tests.sample_build import SYMBOLS, sample_table, store_build

# it ends on a session: 2006-06-30, a Friday
SHADOW: dict[str, Any] = {
    "segments": {
        "train": {"from": "2003-01-01", "to": "2005-12-31"},
        "earlyStopping": {"from": "2006-01-01", "to": "2006-06-30"},
    },
    "params": {"learning_rate": 0.05, "feature_fraction": 0.6, "bagging_fraction": 0.7, "bagging_freq": 1},
    "maxRounds": 120,
    "startFrom": "linear",
}


def build_until(objects: ObjectStore, last: str) -> ObjectRef:
    return store_build(objects, [sample_table(symbol, last) for symbol in SYMBOLS])


@pytest.fixture(scope="module")
def fitted(services: Services, objects: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    ends_there = build_until(objects, "2006-06-30")
    return Child.start(services, tmp_path_factory.mktemp("then"), fit_input(ends_there, **SHADOW)).result()


@pytest.mark.parametrize("last", ["2006-07-03", "2007-12-31"])
def test_the_same_bytes(services: Services, objects: ObjectStore, fitted: FitResult, tmp_path: Path, last: str) -> None:
    later = Child.start(services, tmp_path, fit_input(build_until(objects, last), **SHADOW)).result()
    assert later == fitted


def test_one_session_more_is_another_model(
    services: Services, objects: ObjectStore, fitted: FitResult, tmp_path: Path
) -> None:
    segments = {**SHADOW["segments"], "earlyStopping": {"from": "2006-01-01", "to": "2006-07-03"}}
    fit = fit_input(build_until(objects, "2007-12-31"), **{**SHADOW, "segments": segments})
    assert Child.start(services, tmp_path, fit).result().onnx != fitted.onnx
