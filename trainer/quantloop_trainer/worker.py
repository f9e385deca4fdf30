"""The trainer process: one Temporal worker with one slot, for a fit takes the whole host or GPU."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from datetime import timedelta

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.worker import Worker

from quantloop_trainer.config import Config
from quantloop_trainer.fit_activity import fit_model
from quantloop_trainer.logs import start_logging

# a pause arrives with the answer to a heartbeat, so none may be held back for longer
HEARTBEAT_THROTTLE = timedelta(seconds=1)
RECONNECT_SECONDS = 1.0
SHUTDOWN_SECONDS = 8.0


async def main() -> None:
    """Runs until SIGTERM or SIGINT, through absences of Temporal."""
    config = Config.from_environment()
    start_logging(config.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set():
        try:
            await _serve(config, stop)
        except (RPCError, RuntimeError) as error:
            logging.warning("Temporal at %s is away: %s", config.temporal_address, error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)
    logging.info("trainer down")


async def _serve(config: Config, stop: asyncio.Event) -> None:
    client = await Client.connect(
        config.temporal_address,
        namespace=config.temporal_namespace,
        data_converter=pydantic_data_converter,
        # as the TypeScript SDK names its workers: the supervisor looks for the pid
        identity=f"{os.getpid()}@{socket.gethostname()}",
    )
    worker = Worker(
        client,
        task_queue=config.task_queue,
        activities=[fit_model],
        max_concurrent_activities=1,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        # at once: the next attempt goes on from the checkpoint
        graceful_shutdown_timeout=timedelta(0),
    )
    running = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    logging.info("trainer up on %s, task queue %s", config.temporal_address, config.task_queue)
    try:
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(worker.shutdown(), SHUTDOWN_SECONDS)
    finally:
        stopping.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
