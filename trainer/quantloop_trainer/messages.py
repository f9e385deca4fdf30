"""What a fitting child tells its supervisor: one JSON object a line on standard output."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from quantloop_trainer.contracts import FitResult, Message, Phase
from quantloop_trainer.failures import ErrorCode, ErrorPlace


class Progress(Message):
    """Heartbeat details. `percent` of the rounds expected by now, for the search ends where patience does."""

    kind: Literal["progress"] = "progress"
    percent: float
    phase: Phase
    round: int
    total_rounds: int
    best_round: int
    best_loss: float
    executed: int


class Done(Message):
    kind: Literal["done"] = "done"
    result: FitResult


class Failure(Message):
    kind: Literal["failure"] = "failure"
    code: ErrorCode
    message: str
    place: ErrorPlace


ChildMessage = Annotated[Progress | Done | Failure, Field(discriminator="kind")]
CHILD_MESSAGE: TypeAdapter[Progress | Done | Failure] = TypeAdapter(ChildMessage)
