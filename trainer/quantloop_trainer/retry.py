"""Holding out while a server is away."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from quantloop_trainer.failures import QuantloopError

T = TypeVar("T")

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0
# past this the attempt ends, and Temporal starts another, perhaps on a host that can see the server
PATIENCE_SECONDS = 600.0


def until_available(what: str, ask: Callable[[], T], is_away: Callable[[Exception], bool]) -> T:
    """Asks again, with growing waits, as long as `is_away` says that the server and not the request is at fault.

    :raises QuantloopError: unavailable, when it stayed away for ten minutes
    """
    wait = FIRST_WAIT_SECONDS
    given_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except Exception as error:
            if not is_away(error):
                raise
            if time.monotonic() > given_up:
                raise QuantloopError(
                    "unavailable", f"{what} has been away for {PATIENCE_SECONDS:.0f} s: {error}"
                ) from error
            logging.warning("%s is away, asking again in %.1f s: %s", what, wait, str(error).strip())
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
