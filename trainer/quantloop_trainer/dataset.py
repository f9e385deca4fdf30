"""A feature build as matrices: memory-mapped Arrow shards, cut into segments and purged.

Rows are in a fixed order, by session and then symbol. A row is purged from a segment when its label reaches into the
next one: `reach` sessions ahead on the build's calendar, or `reach` rows ahead on the symbol's own, whichever is later
(a halted stock's next bar may lie far beyond). Rows whose label is not known (NaN) are dropped. The test segment is
only a border here: none of its rows is read into a matrix. Without one, labels end within early stopping itself, so
that a build which goes on further gives the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quantloop_trainer.contracts import FeatureBuildManifest, Recipe, Segments, SessionRange
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.objects import ObjectStore

Floats32: TypeAlias = npt.NDArray[np.float32]
Floats64: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Matrix:
    """`features` [rows, features], `label` and `persistence` [rows]."""

    features: Floats32
    label: Floats32
    persistence: Floats32

    @property
    def rows(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class FitData:
    """`refit` is train and early stopping in one, purged against what comes after them only."""

    feature_names: list[str]
    train: Matrix
    early_stopping: Matrix
    refit: Matrix


def read_fit_data(objects: ObjectStore, manifest: FeatureBuildManifest, recipe: Recipe) -> FitData:
    """:raises QuantloopError: recipe_invalid, segment_empty, object_missing, object_corrupt"""
    _assert_ordered(recipe.segments)
    build = _Build(objects, manifest)
    early, test = recipe.segments.early_stopping, recipe.segments.test
    border = test.from_ if test else early.to + timedelta(days=1)
    in_train = build.within(recipe.segments.train)
    in_early = build.within(early)
    in_time = ~build.reaches(border)
    rows = {
        "train": in_train & ~build.reaches(early.from_) & in_time,
        "earlyStopping": in_early & in_time,
    }
    refit = (in_train | in_early) & in_time
    for name, kept in rows.items():
        if not kept.any():
            raise QuantloopError(
                "segment_empty",
                f"the segment {name} has no row with a known label that ends in time"
                f" (the label reaches {manifest.label.reach} sessions ahead); the build has the sessions"
                f" {manifest.sessions[0]} to {manifest.sessions[-1]}: choose a longer segment, or sync more data",
                {"segment": name},
            )
    build.assert_usable(refit, recipe.missing)
    return FitData(
        build.feature_names, build.matrix(rows["train"]), build.matrix(rows["earlyStopping"]), build.matrix(refit)
    )


def _assert_ordered(segments: Segments) -> None:
    named = [("train", segments.train), ("earlyStopping", segments.early_stopping)]
    if segments.test:
        named.append(("test", segments.test))
    for (earlier, before), (later, after) in pairwise(named):
        if before.to >= after.from_:
            raise QuantloopError(
                "recipe_invalid",
                f"the segment {earlier} ends on {before.to}, but {later} begins on {after.from_}: segments must not"
                " overlap, and come in the order train, earlyStopping, test",
                {"segment": earlier},
            )


class _Build:
    """Every row of the build, sorted by session and symbol; the columns stay on disk until they are taken."""

    def __init__(self, objects: ObjectStore, manifest: FeatureBuildManifest) -> None:
        self.feature_names = [column.name for column in manifest.columns]
        self._table = pa.concat_tables(
            [pa.ipc.open_file(pa.memory_map(str(objects.file(shard.object)))).read_all() for shard in manifest.shards]
        )
        self._assert_shape(manifest)
        symbols = _ranks(self._table.column("symbol"))
        sessions = _days(self._table.column("session"))
        self._order = np.lexsort((symbols, sessions))
        self._sessions = sessions[self._order]
        self._symbols = symbols[self._order]
        self._label = self._taken("label", self._order)
        self._last_label_session = _label_ends(
            self._sessions, self._symbols, np.array([_day(day) for day in manifest.sessions]), manifest.label.reach
        )

    def within(self, segment: SessionRange) -> Mask:
        """Rows of the segment whose label is known."""
        inside = (self._sessions >= _day(segment.from_)) & (self._sessions <= _day(segment.to))
        return inside & ~np.isnan(self._label)

    def reaches(self, day: date) -> Mask:
        """Rows whose label reads a bar of `day` or later."""
        return self._last_label_session >= _day(day)

    def matrix(self, kept: Mask) -> Matrix:
        rows = self._order[kept]
        features = np.empty((len(rows), len(self.feature_names)), np.float32)
        for column, name in enumerate(self.feature_names):
            features[:, column] = self._taken(name, rows)
        return Matrix(features, self._label[kept], self._taken("persistence", rows))

    def assert_usable(self, kept: Mask, missing: str) -> None:
        """No infinite value, and no missing one where the recipe refuses them; an infinite label never."""
        rows = self._order[kept]
        for name in [*self.feature_names, "label"]:
            values = self._taken(name, rows)
            refused = np.isinf(values) | np.isnan(values) if missing == "refuse" else np.isinf(values)
            if not refused.any():
                continue
            first = rows[int(np.argmax(refused))]
            symbol, session = (str(self._table.column(key)[int(first)]) for key in ("symbol", "session"))
            value = float(values[int(np.argmax(refused))])
            advice = "set missing to accept, or begin later" if np.isnan(value) else "change the expression"
            raise QuantloopError(
                "recipe_invalid",
                f"{name} is {value} on {int(refused.sum())} of {len(rows)} rows to fit, first for {symbol} on"
                f" {session}: {advice}",
                {"column": name, "symbol": symbol, "session": session},
            )

    def _taken(self, name: str, rows: Integers) -> Floats32:
        values: Floats32 = self._table.column(name).to_numpy()
        return values[rows]

    def _assert_shape(self, manifest: FeatureBuildManifest) -> None:
        wanted = {"symbol": pa.string(), "session": pa.date32()}
        wanted |= {name: pa.float32() for name in [*self.feature_names, "label", "persistence"]}
        schema = self._table.schema
        for name, kind in wanted.items():
            found = schema.field(name).type if name in schema.names else None
            if found != kind:
                raise QuantloopError(
                    "object_corrupt",
                    f"the shards of the build {manifest.definition_hash} have {name} as {found}, expected {kind}:"
                    " build the features again",
                    {"column": name},
                )
        if self._table.num_rows != manifest.rows:
            raise QuantloopError(
                "object_corrupt",
                f"the shards hold {self._table.num_rows} rows, but the manifest says {manifest.rows}:"
                " build the features again",
            )


def _label_ends(sessions: Integers, symbols: Integers, calendar: Integers, reach: int) -> Integers:
    """By row, the last session that its label reads, as a day number; beyond the calendar's end it is unbounded."""
    beyond = np.iinfo(np.int64).max
    position = np.searchsorted(calendar, sessions) + reach
    ends = np.append(calendar, beyond)[np.minimum(position, len(calendar))]
    by_symbol = np.lexsort((sessions, symbols))
    rows, later = by_symbol[:-reach], by_symbol[reach:]
    own = np.full(len(sessions), beyond)
    same = symbols[rows] == symbols[later]
    own[rows[same]] = sessions[later[same]]
    later_of_both: Integers = np.maximum(ends, own)
    return later_of_both


def _ranks(symbols: pa.ChunkedArray) -> Integers:
    """Each symbol's place in alphabetical order."""
    encoded = symbols.combine_chunks().dictionary_encode()
    names: Sequence[Any] = encoded.dictionary.to_pylist()
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=lambda index: str(names[index]))] = np.arange(len(names))
    indices: Integers = encoded.indices.to_numpy(zero_copy_only=False)
    return rank[indices]


def _days(sessions: pa.ChunkedArray) -> Integers:
    days: Integers = pc.cast(pc.cast(sessions, pa.int32()), pa.int64()).to_numpy()
    return days


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days
