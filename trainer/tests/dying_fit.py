"""The fitting child, made to kill itself at a chosen instant: `python -m tests.dying_fit INSTANT NTH`."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from quantloop_trainer import fit
from quantloop_trainer.checkpoint import Checkpoints
from quantloop_trainer.objects import ObjectStore
from quantloop_trainer.progress import Ledger

INSTANTS: dict[str, tuple[type, str, bool]] = {
    "in a round": (fit._Attempt, "on_round", False),
    "before a checkpoint": (Checkpoints, "save", False),
    "after an object": (ObjectStore, "put", True),
    "between objects and pointer": (Ledger, "add_checkpoint", False),
    "after the pointer": (Ledger, "add_checkpoint", True),
}


def die_at(instant: str, nth: int) -> None:
    owner, name, after = INSTANTS[instant]
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def dying(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(*given)
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, dying)


if __name__ == "__main__":
    die_at(sys.argv[1], int(sys.argv[2]))
    fit.main()
