"""Interrupted equals uninterrupted: the same three hashes whatever happened on the way, with real processes."""

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from quantloop_trainer.contracts import FitInput, FitResult, ObjectRef
from quantloop_trainer.messages import Done, Progress
from tests.conftest import Services, fit_input
from tests.processes import Child

SAMPLED: dict[str, Any] = {
    "params": {"learning_rate": 0.005, "feature_fraction": 0.6, "bagging_fraction": 0.7, "bagging_freq": 3},
    # about ten blocks of search and ten of refit
    "maxRounds": 300,
    "patience": 150,
    "blockRounds": 30,
    "startFrom": "linear",
    "processors": [{"kind": "RobustZScoreNorm"}, {"kind": "Fillna"}],
}


def hashes(result: FitResult) -> tuple[str, ...]:
    return (result.onnx.sha256, result.report.sha256, result.parity.sha256)


@pytest.fixture(scope="module")
def quiet(services: Services, build: ObjectRef, tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    return Child.start(services, tmp_path_factory.mktemp("quiet"), fit_input(build, **SAMPLED)).result()


def rows_of(services: Services, fit: FitInput, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(services.database_url) as connection:
        return connection.execute(statement.encode(), [fit.run_id]).fetchall()


def assert_equal_to_quiet(result: FitResult, quiet: FitResult) -> None:
    assert hashes(result) == hashes(quiet)
    assert result.rounds == quiet.rounds


def test_a_quiet_fit_executes_each_round_once(services: Services, build: ObjectRef, tmp_path: Path) -> None:
    fit = fit_input(build, **SAMPLED)
    result = Child.start(services, tmp_path, fit).result()
    assert result.resumed_from_round == 0
    checkpoints = "select phase, round, executed from training_checkpoint where run_id = %s order by block"
    searched = max(round_ for phase, round_, _ in rows_of(services, fit, checkpoints) if phase == "search")
    assert result.iterations_executed == searched + result.rounds
    points = "select step, phase, round, executed from training_progress where run_id = %s order by step"
    told = rows_of(services, fit, points)
    assert [step for step, *_ in told] == list(range(1, len(told) + 1))
    assert [executed for *_, executed in told] == [
        round_ if phase == "search" else searched + round_ for _, phase, round_, _ in told
    ]
    # the last round of each phase is a point
    assert {("search", searched), ("refit", result.rounds)} <= {(phase, round_) for _, phase, round_, _ in told}


@pytest.mark.parametrize(
    ("instant", "nth"),
    [
        ("in a round", 37),
        ("in a round", 400),
        ("before a checkpoint", 2),
        ("after an object", 20),
        ("between objects and pointer", 3),
        ("between objects and pointer", 12),
        ("after the pointer", 11),
    ],
)
def test_killed_at_a_chosen_instant(
    services: Services, build: ObjectRef, quiet: FitResult, tmp_path: Path, instant: str, nth: int
) -> None:
    fit = fit_input(build, **SAMPLED)
    dying = Child.start(services, tmp_path, fit, "tests.dying_fit", instant, str(nth))
    list(dying.messages())
    assert dying.process.wait() == -signal.SIGKILL
    result = Child.start(services, tmp_path, fit).result()
    assert_equal_to_quiet(result, quiet)
    assert result.resumed_from_round > 0
    # the repeats are counted, and resuming cost less than beginning again
    lost = result.iterations_executed - quiet.iterations_executed
    assert 0 <= lost < result.resumed_from_round + SAMPLED["blockRounds"]
    assert result.iterations_executed < 2 * quiet.iterations_executed


def test_killed_again_and_again_at_random(
    services: Services, build: ObjectRef, quiet: FitResult, tmp_path: Path
) -> None:
    fit = fit_input(build, **SAMPLED)
    drawn = random.Random(20080915)
    kills = 0
    while True:
        child = Child.start(services, tmp_path, fit, "tests.dying_fit", "in a round", str(drawn.randint(70, 170)))
        told = list(child.messages())
        if child.process.wait() == 0:
            break
        kills += 1
    last = told[-1]
    assert isinstance(last, Done)
    assert_equal_to_quiet(last.result, quiet)
    assert kills >= 3
    # one row for each block and each point, however often it was repeated
    blocks = rows_of(services, fit, "select block from training_checkpoint where run_id = %s order by block")
    assert [block for (block,) in blocks] == list(range(1, len(blocks) + 1))
    steps = rows_of(services, fit, "select step from training_progress where run_id = %s order by step")
    assert [step for (step,) in steps] == list(range(1, len(steps) + 1))
    executed = rows_of(services, fit, "select executed from training_checkpoint where run_id = %s order by block")
    assert executed == sorted(executed)
    assert last.result.iterations_executed > quiet.iterations_executed


@pytest.mark.parametrize("told", ["SIGTERM", "closed input"])
def test_told_to_end(services: Services, build: ObjectRef, quiet: FitResult, tmp_path: Path, told: str) -> None:
    fit = fit_input(build, **SAMPLED)
    child = Child.start(services, tmp_path, fit)
    next(message for message in child.messages() if isinstance(message, Progress))
    if told == "SIGTERM":
        child.process.terminate()
        assert child.process.wait() == -signal.SIGTERM
    else:
        assert child.process.stdin is not None
        child.process.stdin.close()
        assert child.process.wait() == 9
    assert_equal_to_quiet(Child.start(services, tmp_path, fit).result(), quiet)


def test_a_finished_fit_asked_again_fits_nothing(services: Services, build: ObjectRef, tmp_path: Path) -> None:
    fit = fit_input(build, **SAMPLED)
    first = Child.start(services, tmp_path, fit).result()
    again = Child.start(services, tmp_path, fit).result()
    assert hashes(again) == hashes(first)
    assert again.iterations_executed == first.iterations_executed == again.resumed_from_round


def test_a_checkpoint_of_another_recipe_is_refused(services: Services, build: ObjectRef, tmp_path: Path) -> None:
    fit = fit_input(build, **SAMPLED)
    Child.start(services, tmp_path, fit).result()
    other = fit_input(build, **{**SAMPLED, "seed": 8}).model_copy(update={"run_id": fit.run_id})
    failure = Child.start(services, tmp_path, other).failure()
    assert failure.code == "training_failed"
    assert "another recipe" in failure.message


def test_a_fitting_process_loads_no_pandas(services: Services, tmp_path: Path) -> None:
    """It is there, for LightGBM and pyarrow to find, and takes longer to load than all the rest."""
    code = "\n".join(
        [
            "import importlib.util, sys",
            "assert importlib.util.find_spec('pandas') is not None",
            "import numpy as np",
            "from quantloop_trainer.fit import parity_file",
            "parity_file(['a'], np.ones((2, 1), np.float32), np.ones(2))",
            "assert not any(name.partition('.')[0] == 'pandas' for name in sys.modules)",
        ]
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=services.environment(tmp_path))
