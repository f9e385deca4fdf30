"""The smallest workflow that pauses as workflows/durable.ts does: cancel, wait until it has closed, call again."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import is_cancelled_exception
from temporalio.workflow import ActivityCancellationType

from quantloop_trainer.contracts import FitInput, FitResult


@workflow.defn
class FitOnce:
    def __init__(self) -> None:
        self._fit: workflow.ActivityHandle[FitResult] | None = None
        self._wanted = True
        self._signals: list[dict[str, Any]] = []

    @workflow.run
    async def run(self, fit: FitInput, task_queue: str) -> FitResult:
        while True:
            await workflow.wait_condition(lambda: self._wanted)
            self._fit = workflow.start_activity(
                "fitModel",
                fit,
                activity_id="fit",
                task_queue=task_queue,
                result_type=FitResult,
                start_to_close_timeout=timedelta(days=7),
                heartbeat_timeout=timedelta(seconds=5),
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=1),
            )
            try:
                return await self._fit
            except (Exception, asyncio.CancelledError) as error:
                if not is_cancelled_exception(error) or self._wanted:
                    raise
            finally:
                self._fit = None

    @workflow.signal
    def pause(self) -> None:
        self._wanted = False
        if self._fit is not None:
            self._fit.cancel()

    @workflow.signal
    def resume(self) -> None:
        self._wanted = True

    @workflow.signal(name="nativePause")
    def native_pause(self, told: dict[str, Any]) -> None:
        self._signals.append(told)

    @workflow.query
    def closed(self) -> bool:
        """True while no fit is under way: its worker slot is free."""
        return self._fit is None

    @workflow.query
    def native_pauses(self) -> list[dict[str, Any]]:
        return self._signals
