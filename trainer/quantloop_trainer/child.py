"""One child process that fits, seen from its supervisor."""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence

from quantloop_trainer.contracts import FitInput, FitResult
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.messages import CHILD_MESSAGE, Done, Failure, Progress

FIT_COMMAND = (sys.executable, "-m", "quantloop_trainer.fit")

GRACE_SECONDS = 3.0
_THREADING = {
    # the linear baseline's sums depend on how many threads share them
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"),
    # LightGBM's threads meet after each leaf: spinning there costs minutes on a host that does other work too
    "OMP_WAIT_POLICY": "PASSIVE",
}


class ChildDiedError(Exception):
    """It ended without having told why: killed, out of memory, or unable to start."""


class FittingChild:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._last_error_line = ""
        self._errors = asyncio.create_task(self._pass_errors_on())
        self.progress: Progress | None = None

    @staticmethod
    async def start(fit: FitInput, command: Sequence[str] = FIT_COMMAND) -> "FittingChild":
        pipe = asyncio.subprocess.PIPE
        environment = {**os.environ, **_THREADING}
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
        assert process.stdin is not None
        # it stays open: its end tells the child that we are gone
        process.stdin.write(fit.model_dump_json().encode() + b"\n")
        return FittingChild(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def result(self) -> FitResult:
        """Waits for the end.

        :raises QuantloopError: that the child told
        :raises ChildDiedError: with its last line on standard error
        """
        told: FitResult | QuantloopError | None = None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message = CHILD_MESSAGE.validate_json(line)
            match message:
                case Progress():
                    self.progress = message
                case Done():
                    told = message.result
                case Failure():
                    told = QuantloopError(message.code, message.message, message.place)
        status = await self._process.wait()
        await self._errors
        if isinstance(told, QuantloopError):
            raise told
        if told is None or status != 0:
            how = f"signal {-status}" if status < 0 else f"status {status}"
            raise ChildDiedError(
                f"the fitting process {self.pid} ended with {how}: {self._last_error_line or 'no message'}"
            )
        return told

    async def end(self) -> None:
        """SIGTERM, three seconds, SIGKILL; returns when the process is gone."""
        if self._process.returncode is None:
            try:
                self._process.terminate()
                await asyncio.wait_for(self._process.wait(), GRACE_SECONDS)
            except TimeoutError:
                logging.warning("the fitting process %d ignored SIGTERM and is killed", self.pid)
            except ProcessLookupError:
                pass
            finally:
                if self._process.returncode is None:
                    self._process.kill()
            await self._process.wait()
        self._errors.cancel()

    async def _pass_errors_on(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            sys.stderr.buffer.write(line)
            sys.stderr.flush()
            self._last_error_line = line.decode(errors="replace").strip() or self._last_error_line
