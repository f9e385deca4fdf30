"""Fitting children and trainers as real operating-system processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from quantloop_trainer.contracts import FitInput, FitResult
from quantloop_trainer.messages import CHILD_MESSAGE, Done, Failure, Progress
from tests.conftest import Services

TRAINER = Path(__file__).parents[1]


@dataclass
class Child:
    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls, services: Services, state_dir: Path, fit: FitInput, *command: str) -> Self:
        """`command` is another module than the product's own, and its arguments."""
        process = subprocess.Popen(
            [sys.executable, "-m", *(command or ("quantloop_trainer.fit",))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=services.environment(state_dir),
            cwd=TRAINER,
        )
        assert process.stdin is not None
        process.stdin.write(fit.model_dump_json().encode() + b"\n")
        process.stdin.flush()
        return cls(process)

    def messages(self) -> Iterator[Progress | Done | Failure]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield CHILD_MESSAGE.validate_json(line)

    def result(self) -> FitResult:
        told = list(self.messages())
        assert self.process.wait() == 0, told
        last = told[-1]
        assert isinstance(last, Done), last
        return last.result

    def failure(self) -> Failure:
        told = list(self.messages())
        assert self.process.wait() == 2, told
        last = told[-1]
        assert isinstance(last, Failure), last
        return last


class Trainer:
    """`python -m quantloop_trainer`, with its log lines."""

    def __init__(self, services: Services, state_dir: Path, task_queue: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "quantloop_trainer"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**services.environment(state_dir), "QUANTLOOP_TRAINER_TASK_QUEUE": task_queue, **environment},
            cwd=TRAINER,
        )

    def lines(self) -> Iterator[dict[str, Any]]:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            yield json.loads(line)

    def wait_for(self, text: str) -> str:
        """The first message that holds `text`."""
        for line in self.lines():
            if text in line["msg"]:
                return str(line["msg"])
        raise AssertionError(f"the trainer ended with {self.process.wait()} and never said {text!r}")

    def ended(self) -> tuple[int, str]:
        """Waits for its end: the status, and what it still said."""
        assert self.process.stderr is not None
        said = self.process.stderr.read().decode()
        return self.process.wait(), said

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
