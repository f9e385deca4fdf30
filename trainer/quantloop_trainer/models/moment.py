"""What a fit says of itself after each round, whatever its family."""

from collections.abc import Callable
from dataclasses import dataclass

from quantloop_trainer.contracts import Phase


@dataclass(frozen=True)
class Moment:
    """What is known after a round. Losses are squared errors; `train_loss` is only worked out when it is asked for."""

    phase: Phase
    round: int
    total_rounds: int
    # no round of this phase follows
    last: bool
    searched: int
    held_loss: float | None
    best_round: int
    best_loss: float
    train_loss: Callable[[], float]
