"""Checkpoints: one JSON object for each block, that refers to the scores and to the refit's blocks by hash.

Each block stores only what it added. The row in `training_checkpoint` is the pointer to go on from, and is written
last: a kill in between leaves objects that the repeated block, being the same to the byte, finds there.
"""

import hashlib
import json
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from quantloop_trainer.contracts import FitInput, Message, ObjectRef, Phase, Sha256
from quantloop_trainer.dataset import Floats64
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.models.lightgbm import Boosting
from quantloop_trainer.objects import ObjectStore, canonical_json
from quantloop_trainer.progress import CheckpointPointer, Ledger


class Checkpoint(Message):
    format: Literal[1]
    # hash of recipe and build: a checkpoint of another fit is refused
    fit: Sha256
    phase: Phase
    block: Annotated[int, Field(gt=0)]
    round: Annotated[int, Field(gt=0)]
    best_round: Annotated[int, Field(gt=0)]
    best_loss: float
    exhausted: bool
    searched: int
    # float64, little-endian
    scores: ObjectRef
    held_scores: ObjectRef
    blocks: list[ObjectRef]


class Checkpoints:
    def __init__(self, objects: ObjectStore, ledger: Ledger, fit: FitInput) -> None:
        self._objects = objects
        self._ledger = ledger
        self._fit = hashlib.sha256(canonical_json(fit.model_dump(mode="json", exclude={"run_id"}))).hexdigest()
        self._stored: list[ObjectRef] = []
        self._saved = 0

    def latest(self) -> Boosting | None:
        """:raises QuantloopError: object_missing | object_corrupt | unavailable"""
        pointer = self._ledger.latest_checkpoint()
        if pointer is None:
            return None
        checkpoint = self._read(pointer.object)
        self._saved = pointer.block
        self._stored = list(checkpoint.blocks)
        return Boosting(
            phase=checkpoint.phase,
            block=checkpoint.block,
            round=checkpoint.round,
            scores=_floats(self._objects.get(checkpoint.scores)),
            held_scores=_floats(self._objects.get(checkpoint.held_scores)),
            best_round=checkpoint.best_round,
            best_loss=checkpoint.best_loss,
            exhausted=checkpoint.exhausted,
            searched=checkpoint.searched,
            blocks=tuple(self._objects.get(block).decode() for block in checkpoint.blocks),
        )

    def save(self, state: Boosting, executed: int) -> None:
        """Returns when the state is safe: all objects, then the pointer."""
        self._stored += [self._objects.put(block.encode(), "txt") for block in state.blocks[len(self._stored) :]]
        checkpoint = Checkpoint(
            format=1,
            fit=self._fit,
            phase=state.phase,
            block=state.block,
            round=state.round,
            best_round=state.best_round,
            best_loss=state.best_loss,
            exhausted=state.exhausted,
            searched=state.searched,
            scores=self._objects.put(_bytes(state.scores), "bin"),
            held_scores=self._objects.put(_bytes(state.held_scores), "bin"),
            blocks=self._stored,
        )
        stored = self._objects.put(canonical_json(checkpoint.model_dump(mode="json")), "json")
        self._saved += 1
        self._ledger.add_checkpoint(CheckpointPointer(self._saved, state.phase, state.round, executed, stored))

    def _read(self, ref: ObjectRef) -> Checkpoint:
        try:
            checkpoint = Checkpoint.model_validate(json.loads(self._objects.get(ref)))
        except ValidationError as error:
            raise QuantloopError(
                "object_corrupt", f"{ref.uri} is no checkpoint: {error}", {"object": ref.uri}
            ) from error
        if checkpoint.fit != self._fit:
            raise QuantloopError(
                "training_failed",
                f"the run's checkpoint {ref.uri} is of another recipe or build: start a new run instead",
                {"object": ref.uri},
            )
        return checkpoint


def _bytes(scores: Floats64) -> bytes:
    return scores.astype("<f8").tobytes()


def _floats(content: bytes) -> Floats64:
    return np.frombuffer(content, "<f8").astype(np.float64)
