"""The trainer's two tables: `training_progress` and `training_checkpoint`.

A row lands as insert-if-absent under a key that is the same on every attempt, so a repeated round finds its row there.
Only `executed` moves on: it counts what all attempts executed, repeats included, and so survives a kill to within the
points written since. While PostgreSQL is away the fit waits, and goes on where it was.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from quantloop_trainer.contracts import ObjectRef, Phase, ProgressPoint
from quantloop_trainer.retry import until_available

T = TypeVar("T")

# a person watching sees a curve that moves; PostgreSQL sees four transactions a second
FLUSH_SECONDS = 0.25

_INSERT_POINT = """
insert into training_progress (run_id, step, phase, round, total_rounds, metrics, executed, at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (run_id, step) do update set executed = excluded.executed
where training_progress.executed < excluded.executed"""

_INSERT_CHECKPOINT = """
insert into training_checkpoint (run_id, block, phase, round, executed, object)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing"""

_LATEST_CHECKPOINT = """
select block, phase, round, executed, object from training_checkpoint where run_id = %s order by block desc limit 1"""

_EXECUTED = """
select greatest(
  (select coalesce(max(executed), 0) from training_progress where run_id = %(run)s),
  (select coalesce(max(executed), 0) from training_checkpoint where run_id = %(run)s))"""


@dataclass(frozen=True)
class CheckpointPointer:
    block: int
    phase: Phase
    round: int
    executed: int
    object: ObjectRef


class Ledger:
    """What one run has written; one connection, made again when it breaks."""

    def __init__(self, database_url: str, run_id: UUID) -> None:
        self._database_url = database_url
        self._run_id = run_id
        self._connection: psycopg.Connection | None = None
        self._waiting: list[tuple[ProgressPoint, int]] = []
        self._flushed_at = time.monotonic()

    def latest_checkpoint(self) -> CheckpointPointer | None:
        row = self._ask(lambda connection: connection.execute(_LATEST_CHECKPOINT, [self._run_id]).fetchone())
        return row and CheckpointPointer(*row[:4], object=ObjectRef.model_validate(row[4]))

    def executed(self) -> int:
        """Rounds that all attempts so far have executed, repeats included."""
        row = self._ask(lambda connection: connection.execute(_EXECUTED, {"run": self._run_id}).fetchone())
        return int(row[0]) if row else 0

    def add_point(self, point: ProgressPoint, executed: int) -> None:
        self._waiting.append((point, executed))
        if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()

    def add_checkpoint(self, pointer: CheckpointPointer) -> None:
        """Points at the object to go on from. The points before it land in the same transaction."""
        reference = Jsonb(pointer.object.model_dump())
        row = [self._run_id, pointer.block, pointer.phase, pointer.round, pointer.executed, reference]
        self.flush(lambda connection: connection.execute(_INSERT_CHECKPOINT, row))

    def flush(self, also: Callable[[psycopg.Connection], object] = lambda _: None) -> None:
        points = [
            (p.run_id, p.step, p.phase, p.round, p.total_rounds, Jsonb(p.metrics), executed, p.at)
            for p, executed in self._waiting
        ]

        def write(connection: psycopg.Connection) -> None:
            with connection.transaction():
                if points:
                    connection.cursor().executemany(_INSERT_POINT, points)
                also(connection)

        self._ask(write)
        self._waiting.clear()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _ask(self, question: Callable[[psycopg.Connection], T]) -> T:
        def attempt() -> T:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(self._database_url, autocommit=True, connect_timeout=2)
            try:
                return question(self._connection)
            except psycopg.OperationalError:
                self._connection.close()
                raise

        return until_available("PostgreSQL", attempt, lambda error: isinstance(error, psycopg.OperationalError))
