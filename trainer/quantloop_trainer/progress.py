"""The trainer's two tables: `training_progress` and `training_checkpoint`.

A row lands as insert-if-absent under a key that is the same on every attempt, so a repeated round finds its row there.
Each is committed to disk before the fit goes on: a PostgreSQL that is killed must not lose a point that nobody repeats.
Only `executed` moves on: it counts what all attempts executed, repeats included, and so survives a kill to within the
rounds since the last point. While PostgreSQL is away the fit waits, and goes on where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from quantloop_trainer.contracts import ObjectRef, Phase, ProgressPoint
from quantloop_trainer.retry import until_available

T = TypeVar("T")

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

    def latest_checkpoint(self) -> CheckpointPointer | None:
        row = self._ask(lambda connection: connection.execute(_LATEST_CHECKPOINT, [self._run_id]).fetchone())
        if row is None:
            return None
        block, phase, round_, executed, stored = row
        return CheckpointPointer(block, phase, round_, executed, ObjectRef.model_validate(stored))

    def executed(self) -> int:
        """Rounds that all attempts so far have executed, repeats included."""
        row = self._ask(lambda connection: connection.execute(_EXECUTED, {"run": self._run_id}).fetchone())
        return int(row[0]) if row else 0

    def add_point(self, point: ProgressPoint, executed: int) -> None:
        row = [
            *(point.run_id, point.step, point.phase, point.round, point.total_rounds),
            *(Jsonb(point.metrics), executed, point.at),
        ]

        self._ask(lambda connection: connection.execute(_INSERT_POINT, row))

    def add_checkpoint(self, pointer: CheckpointPointer) -> None:
        """Points at the object to go on from."""
        reference = Jsonb(pointer.object.model_dump())
        row = [self._run_id, pointer.block, pointer.phase, pointer.round, pointer.executed, reference]
        self._ask(lambda connection: connection.execute(_INSERT_CHECKPOINT, row))

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
