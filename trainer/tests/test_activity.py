"""`fitModel` on a real Temporal server, by trainers that are real processes, through pauses, kills and absences."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    ListOpenWorkflowExecutionsRequest,
    PauseActivityRequest,
    RegisterNamespaceRequest,
    UnpauseActivityRequest,
)
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from quantloop_trainer.contracts import FitInput, FitResult, ObjectRef
from tests.conftest import Services, fit_input
from tests.fit_workflow import FitOnce
from tests.processes import Child, Trainer, is_alive
from tests.severable import Severable

# the search takes seconds, so that a pause, which arrives with a heartbeat's answer, finds it in the middle
LONG: dict[str, Any] = {
    "params": {"learning_rate": 0.002, "num_leaves": 31, "min_data_in_leaf": 20},
    "maxRounds": 800,
    "patience": 800,
    "blockRounds": 50,
    "startFrom": "mean",
}


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Asks other processes again until it is so; what never comes ends the test after a while."""
    async with asyncio.timeout(300):
        while not await check():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@dataclass
class Stage:
    services: Services
    client: Client
    task_queue: str
    state_dir: Path
    trainers: list[Trainer]

    def start_trainer(self, **environment: str) -> Trainer:
        trainer = Trainer(self.services, self.state_dir, self.task_queue, **environment)
        self.trainers.append(trainer)
        return trainer

    async def start_fit(self, fit: FitInput) -> "WorkflowHandle[FitOnce, FitResult]":
        return await self.client.start_workflow(
            FitOnce.run, args=[fit, self.task_queue], id=f"train/{fit.run_id}", task_queue=self.task_queue
        )

    async def has_checkpoints(self, fit: FitInput) -> bool:
        async with await psycopg.AsyncConnection.connect(self.services.database_url) as connection:
            # at the third, what a cut repeats (a block at most) is less than what it saves
            found = await connection.execute(
                "select 1 from training_checkpoint where run_id = %s and block = 3", [fit.run_id]
            )
            return await found.fetchone() is not None


@pytest.fixture(scope="module")
def namespaced(services: Services) -> Services:
    return replace(services, namespace=f"test-{uuid4()}")


@pytest_asyncio.fixture
async def stage(namespaced: Services, tmp_path: Path) -> AsyncIterator[Stage]:
    client = await Client.connect(
        namespaced.temporal_address, namespace=namespaced.namespace, data_converter=pydantic_data_converter
    )
    await until(lambda: namespace_ready(client))
    trainers: list[Trainer] = []
    task_queue = f"trainer-{uuid4()}"
    async with Worker(client, task_queue=task_queue, workflows=[FitOnce], workflow_runner=UnsandboxedWorkflowRunner()):
        yield Stage(namespaced, client, task_queue, tmp_path, trainers)
        for trainer in trainers:
            trainer.end()


async def namespace_ready(client: Client) -> bool:
    """Registers it on the first call; the server's caches learn of it a moment later."""
    retention = Duration(seconds=86_400)
    with contextlib.suppress(RPCError):
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=retention)
        )
    try:
        await client.workflow_service.list_open_workflow_executions(
            ListOpenWorkflowExecutionsRequest(namespace=client.namespace, maximum_page_size=1)
        )
    except RPCError:
        return False
    return True


@pytest.fixture(scope="module")
def quiet(services: Services, build: ObjectRef, tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    return Child.start(services, tmp_path_factory.mktemp("quiet"), fit_input(build, **LONG)).result()


def assert_resumed_to_the_same(result: FitResult, quiet: FitResult) -> None:
    assert (result.onnx, result.report, result.parity) == (quiet.onnx, quiet.report, quiet.parity)
    assert result.resumed_from_round > 0
    assert (
        quiet.iterations_executed <= result.iterations_executed < quiet.iterations_executed + result.resumed_from_round
    )


@pytest.mark.asyncio
async def test_a_pause_frees_the_slot_for_another_fit(stage: Stage, build: ObjectRef, quiet: FitResult) -> None:
    stage.start_trainer()
    fit = fit_input(build, **LONG)
    paused = await stage.start_fit(fit)
    await until(lambda: stage.has_checkpoints(fit))
    await paused.signal(FitOnce.pause)
    await until(lambda: paused.query(FitOnce.closed))
    other = await stage.start_fit(fit_input(build, maxRounds=30))
    assert (await other.result()).resumed_from_round == 0
    assert await paused.query(FitOnce.closed)
    await paused.signal(FitOnce.resume)
    assert_resumed_to_the_same(await paused.result(), quiet)
    assert await paused.query(FitOnce.native_pauses) == []


@pytest.mark.asyncio
async def test_temporals_own_pause_is_told_to_the_workflow(stage: Stage, build: ObjectRef, quiet: FitResult) -> None:
    stage.start_trainer()
    fit = fit_input(build, **LONG)
    run = await stage.start_fit(fit)
    await until(lambda: stage.has_checkpoints(fit))
    address = {
        "namespace": stage.client.namespace,
        "execution": WorkflowExecution(workflow_id=run.id),
        "id": "fit",
        "identity": "a person",
    }
    service = stage.client.workflow_service
    await service.pause_activity(PauseActivityRequest(**address))  # type: ignore[arg-type]

    async def told(*pauses: bool) -> bool:
        return [each["paused"] for each in await run.query(FitOnce.native_pauses)] == [*pauses]

    await until(lambda: told(True))
    # the slot is free: another fit runs while this one is paused
    await (await stage.start_fit(fit_input(build, maxRounds=30))).result()
    await service.unpause_activity(UnpauseActivityRequest(**address))  # type: ignore[arg-type]
    assert_resumed_to_the_same(await run.result(), quiet)
    assert await told(True, False)


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_another_trainer_goes_on_when_one_ends(
    stage: Stage, build: ObjectRef, quiet: FitResult, number: signal.Signals
) -> None:
    first = stage.start_trainer()
    fit = fit_input(build, **LONG)
    run = await stage.start_fit(fit)
    child = int((await asyncio.to_thread(first.wait_for, "fitting ")).split("process ")[1].split(",")[0])
    await until(lambda: stage.has_checkpoints(fit))
    first.process.send_signal(number)
    status, said = await asyncio.to_thread(first.ended)
    assert status == (0 if number == signal.SIGTERM else -number), said
    # no child outlives its trainer

    async def gone() -> bool:
        return not is_alive(child)

    await until(gone)
    stage.start_trainer()
    assert_resumed_to_the_same(await run.result(), quiet)


@pytest.mark.asyncio
async def test_the_childs_own_death_is_an_attempt(stage: Stage, build: ObjectRef, quiet: FitResult) -> None:
    trainer = stage.start_trainer()
    fit = fit_input(build, **LONG)
    run = await stage.start_fit(fit)
    child = int((await asyncio.to_thread(trainer.wait_for, "fitting ")).split("process ")[1].split(",")[0])
    await until(lambda: stage.has_checkpoints(fit))
    os.kill(child, signal.SIGKILL)
    assert_resumed_to_the_same(await run.result(), quiet)
    # the next attempt says that the fit is on again, for it cannot know why the last one ended
    assert [each["paused"] for each in await run.query(FitOnce.native_pauses)] == [False]


@pytest.mark.asyncio
async def test_a_bad_recipe_is_refused_once_and_by_its_code(stage: Stage, build: ObjectRef) -> None:
    stage.start_trainer()
    fit = fit_input(
        build,
        segments={
            "train": {"from": "2003-01-01", "to": "2005-12-31"},
            "earlyStopping": {"from": "2005-06-01", "to": "2006-12-31"},
            "test": {"from": "2007-01-01", "to": "2007-12-31"},
        },
    )
    with pytest.raises(WorkflowFailureError) as caught:
        await (await stage.start_fit(fit)).result()
    activity = caught.value.cause
    assert isinstance(activity, ActivityError)
    refusal = activity.cause
    assert isinstance(refusal, ApplicationError)
    assert (refusal.type, refusal.non_retryable, refusal.details) == ("recipe_invalid", True, ({"segment": "train"},))
    assert "train ends on 2005-12-31, but earlyStopping begins on 2005-06-01" in refusal.message


@pytest.mark.asyncio
async def test_heartbeats_say_how_far_it_is(stage: Stage, build: ObjectRef) -> None:
    stage.start_trainer()
    fit = fit_input(build, **LONG)
    run = await stage.start_fit(fit)
    details: list[Any] = []

    async def beaten() -> bool:
        pending = (await run.describe()).raw_description.pending_activities
        for activity in pending:
            details.extend(await stage.client.data_converter.decode(activity.heartbeat_details.payloads))
        return any(each["percent"] > 0 for each in details)

    await until(beaten)
    assert 0 < details[-1]["percent"] <= 100
    assert details[-1]["bestLoss"] > 0
    await run.cancel()


@pytest.fixture
def severable(namespaced: Services) -> Iterator[Severable]:
    host, port = namespaced.temporal_address.rsplit(":", 1)
    with Severable(host, int(port), severed=True) as made:
        yield made


@pytest.mark.asyncio
async def test_a_trainer_waits_for_temporal_and_comes_back_to_it(
    stage: Stage, build: ObjectRef, quiet: FitResult, severable: Severable
) -> None:
    fit = fit_input(build, **LONG)
    run = await stage.start_fit(fit)
    stage.start_trainer(QUANTLOOP_TEMPORAL_ADDRESS=f"127.0.0.1:{severable.port}")
    assert await asyncio.to_thread(severable.refused.wait, 60)
    severable.restore()
    await until(lambda: stage.has_checkpoints(fit))
    severable.sever()
    assert await asyncio.to_thread(severable.refused.wait, 60)
    severable.restore()
    result = await run.result()
    assert (result.onnx, result.report, result.parity) == (quiet.onnx, quiet.report, quiet.parity)
