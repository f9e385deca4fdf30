"""Errors that a person can act on. Codes are those of contracts/errors.ts that the trainer has a use for."""

from typing import Literal

ErrorCode = Literal[
    "recipe_invalid",
    "segment_empty",
    "object_missing",
    "object_corrupt",
    "feature_column_absent",
    "training_failed",
    "artifact_invalid",
    "unavailable",
]

ErrorPlace = dict[str, str | int | float]

# worth another try: what failed lies outside the trainer and may come back
TRANSIENT: frozenset[ErrorCode] = frozenset({"unavailable"})


class QuantloopError(Exception):
    """What was wrong, with which value, where, and what to do."""

    def __init__(self, code: ErrorCode, message: str, place: ErrorPlace | None = None) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.place: ErrorPlace = place or {}
