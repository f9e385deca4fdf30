"""The activity `fitModel`: an async supervisor of one fitting child, so that its slot is free once the child is gone.

Pause, stop, Temporal's own activity pause and shutdown all arrive as a cancellation and end the child; what it had not
yet checkpointed is repeated by the next attempt.
"""

import asyncio
import contextlib
import logging

from temporalio import activity
from temporalio.exceptions import ApplicationError

from quantloop_trainer.child import ChildDiedError, FittingChild
from quantloop_trainer.contracts import FitInput, FitResult
from quantloop_trainer.failures import TRANSIENT, QuantloopError

HEARTBEAT_SECONDS = 0.5
SIGNAL_SECONDS = 2.0


@activity.defn(name="fitModel")
async def fit_model(fit: FitInput) -> FitResult:
    """:raises ApplicationError: of the type of an error code; not retried unless the fault may pass"""
    if activity.info().attempt > 1:
        await _tell_workflow(paused=False)
    child = await FittingChild.start(fit)
    logging.info("fitting %s in process %d, attempt %d", fit.run_id, child.pid, activity.info().attempt)
    heartbeat = asyncio.create_task(_beat(child))
    try:
        return await child.result()
    except QuantloopError as error:
        retried = error.code in TRANSIENT
        raise ApplicationError(error.message, error.place, type=error.code, non_retryable=not retried) from error
    except ChildDiedError as error:
        raise ApplicationError(str(error), type="training_failed") from error
    except asyncio.CancelledError:
        await child.end()
        details = activity.cancellation_details()
        logging.info("fitting %s was cut off: %s", fit.run_id, details)
        if details and details.paused:
            await _tell_workflow(paused=True)
        if details and details.worker_shutdown:
            message = "the trainer is shutting down: the fit goes on from its checkpoint elsewhere"
            raise ApplicationError(message, type="unavailable") from None
        raise
    finally:
        await child.end()
        heartbeat.cancel()


async def _beat(child: FittingChild) -> None:
    while True:
        if child.progress is None:
            activity.heartbeat()
        else:
            activity.heartbeat(child.progress)
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def _tell_workflow(*, paused: bool) -> None:
    """A hint only: our API also reads the pending activity's paused flag, so a lost one is no fault."""
    info = activity.info()
    if info.workflow_id is None:
        return
    workflow = activity.client().get_workflow_handle(info.workflow_id, run_id=info.workflow_run_id)
    with contextlib.suppress(TimeoutError):
        try:
            await asyncio.wait_for(
                workflow.signal("nativePause", {"paused": paused, "attempt": info.attempt}), SIGNAL_SECONDS
            )
        except Exception as error:
            logging.warning(
                "could not tell %s that its fit is %s: %s", info.workflow_id, "paused" if paused else "on", error
            )
