"""Segments and purge, on a calendar small enough to count by hand and on the real build."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from quantloop_trainer.contracts import FeatureBuildManifest, ObjectRef, Recipe
from quantloop_trainer.dataset import FitData, read_fit_data
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.objects import ObjectStore
from tests.conftest import recipe
from tests.sample_build import sample_table, store_build

FIRST = date(2020, 1, 1)


def days(count: int) -> list[date]:
    return [FIRST + timedelta(days=day) for day in range(count)]


def table(symbol: str, sessions: list[date], **columns: list[float]) -> pa.Table:
    """The feature `day` numbers the session."""
    numbers = [float((session - FIRST).days) for session in sessions]
    values = {"day": numbers, "label": [1.0] * len(sessions), "persistence": [0.5] * len(sessions), **columns}
    return pa.table(
        {
            "symbol": pa.array([symbol] * len(sessions), pa.string()),
            "session": pa.array(sessions, pa.date32()),
            **{name: pa.array(np.array(given, np.float32)) for name, given in values.items()},
        }
    )


def segments(train: tuple[int, int], early: tuple[int, int], test: tuple[int, int] | None = None) -> dict[str, Any]:
    named = {"train": train, "earlyStopping": early, **({"test": test} if test else {})}
    return {name: {"from": days(to + 1)[from_], "to": days(to + 1)[to]} for name, (from_, to) in named.items()}


SEGMENTS = segments((0, 9), (10, 14), (15, 19))


def read(objects: ObjectStore, tables: list[pa.Table], reach: int = 1, **changes: Any) -> FitData:
    return read_build(objects, store_build(objects, tables, reach), **{"segments": SEGMENTS, **changes})


def read_build(objects: ObjectStore, build: ObjectRef, **changes: Any) -> FitData:
    manifest = FeatureBuildManifest.model_validate_json(objects.get(build))
    return read_fit_data(objects, manifest, Recipe.model_validate(recipe(**changes)))


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_rows_whose_label_reaches_the_next_segment_are_purged(objects: ObjectStore, reach: int) -> None:
    data = read(objects, [table("AAPL", days(30))], reach)
    assert data.train.features[:, 0].tolist() == list(range(10 - reach))
    assert data.early_stopping.features[:, 0].tolist() == list(range(10, 15 - reach))
    # nothing lies between train and early stopping once they are fitted as one
    assert data.refit.features[:, 0].tolist() == list(range(15 - reach))


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_without_a_test_segment_labels_end_within_early_stopping(objects: ObjectStore, reach: int) -> None:
    shadow = segments((0, 9), (10, 14))
    # the build ends with early stopping, or goes on after it, or goes on for one symbol that was halted over its end
    halted = [day for day in days(30) if not 13 <= (day - FIRST).days <= 20]
    for tables in (
        [table("AAPL", days(15))],
        [table("AAPL", days(30))],
        [table("AAPL", days(30)), table("NEW", days(30)[20:])],
    ):
        data = read(objects, tables, reach, segments=shadow)
        assert data.train.features[:, 0].tolist() == list(range(10 - reach))
        assert data.early_stopping.features[:, 0].tolist() == list(range(10, 15 - reach))
        assert data.refit.features[:, 0].tolist() == list(range(15 - reach))
    data = read(objects, [table("AAPL", days(30)), table("HALT", halted)], reach, segments=shadow)
    assert data.refit.features[:, 0].tolist() == sorted([*range(15 - reach), *range(13 - reach)])


def test_reach_is_counted_in_sessions_not_days(objects: ObjectStore) -> None:
    sessions = [day for day in days(30) if day.weekday() < 5]
    data = read(objects, [table("AAPL", sessions)], 1)
    in_train = [(day - FIRST).days for day in sessions if (day - FIRST).days < 10]
    assert data.train.features[:, 0].tolist() == in_train[:-1]


def test_a_halted_symbols_label_reaches_to_its_own_next_bar(objects: ObjectStore) -> None:
    halted = [day for day in days(30) if not 6 <= (day - FIRST).days <= 11]
    data = read(objects, [table("AAPL", days(30)), table("HALT", halted)], 1)
    # its label on day 5 is of day 12, inside early stopping
    assert data.train.features[:, 0].tolist() == sorted([*range(9), *range(5)])


def test_a_halt_into_the_test_segment_purges_the_refit(objects: ObjectStore) -> None:
    halted = [day for day in days(30) if not 9 <= (day - FIRST).days <= 16]
    data = read(objects, [table("AAPL", days(30)), table("HALT", halted)], 1)
    assert data.refit.features[:, 0].tolist() == sorted([*range(14), *range(8)])


def test_rows_are_by_session_and_then_symbol_however_shards_lie(objects: ObjectStore) -> None:
    tables = [table("MSFT", days(30), day=[2.0] * 30), table("AAPL", days(30), day=[1.0] * 30)]
    ordered = read(objects, tables).train.features[:, 0].tolist()
    assert ordered == [1.0, 2.0] * 9
    assert read(objects, [pa.concat_tables(tables)]).train.features[:, 0].tolist() == ordered


def test_unknown_labels_are_dropped(objects: ObjectStore) -> None:
    labels = [float("nan") if day in (3, 12) else 1.0 for day in range(30)]
    data = read(objects, [table("AAPL", days(30), label=labels)])
    assert 3.0 not in data.train.features
    assert 12.0 not in data.early_stopping.features
    assert not np.isnan(data.refit.label).any()


def test_missing_values_are_kept_or_refused(objects: ObjectStore) -> None:
    missing = table("AAPL", days(30), day=[float("nan"), *map(float, range(1, 30))])
    assert np.isnan(read(objects, [missing], missing="accept").train.features).sum() == 1
    with pytest.raises(
        QuantloopError, match=r"day is nan on 1 of 14 rows to fit, first for AAPL on 2020-01-01"
    ) as caught:
        read(objects, [missing], missing="refuse")
    assert caught.value.code == "recipe_invalid"
    assert caught.value.place == {"column": "day", "symbol": "AAPL", "session": "2020-01-01"}


def test_missing_values_of_rows_that_are_not_fitted_do_not_matter(objects: ObjectStore) -> None:
    late = table("AAPL", days(30), day=[*map(float, range(20)), *[float("nan")] * 10])
    assert read(objects, [late], missing="refuse").train.rows == 9


@pytest.mark.parametrize("column", ["day", "label"])
def test_infinite_values_are_refused(objects: ObjectStore, column: str) -> None:
    infinite = table("AAPL", days(30), **{column: [1.0, float("inf"), *[1.0] * 28]})
    with pytest.raises(QuantloopError, match=f"{column} is inf on 1 of 14 rows") as caught:
        read(objects, [infinite], missing="accept")
    assert caught.value.code == "recipe_invalid"


def test_an_empty_segment_is_named(objects: ObjectStore) -> None:
    with pytest.raises(QuantloopError, match="the segment earlyStopping has no row") as caught:
        read(objects, [table("AAPL", days(30))], reach=5)
    assert (caught.value.code, caught.value.place) == ("segment_empty", {"segment": "earlyStopping"})


@pytest.mark.parametrize(
    "wrong", [((0, 10), (10, 14), (15, 19)), ((0, 9), (10, 15), (15, 19)), ((20, 25), (10, 14), (15, 19))]
)
def test_segments_must_not_overlap_and_come_in_order(objects: ObjectStore, wrong: Any) -> None:
    with pytest.raises(QuantloopError, match="segments must not overlap") as caught:
        read(objects, [table("AAPL", days(30))], segments=segments(*wrong))
    assert caught.value.code == "recipe_invalid"


def test_a_shard_that_is_not_what_its_manifest_says(objects: ObjectStore) -> None:
    whole, narrow = (
        table("AAPL", days(30)),
        table("MSFT", days(30)).cast(
            pa.schema(
                [
                    ("symbol", pa.string()),
                    ("session", pa.date32()),
                    *((name, pa.float64()) for name in ("day", "label", "persistence")),
                ]
            )
        ),
    )
    with pytest.raises((QuantloopError, pa.ArrowInvalid)):
        read(objects, [whole, narrow])
    with pytest.raises(QuantloopError, match="day as double, expected float") as caught:
        read(objects, [narrow])
    assert caught.value.code == "object_corrupt"


def test_the_real_build_is_purged_between_years(objects: ObjectStore, build: ObjectRef) -> None:
    data = read_build(objects, build, missing="accept")
    sessions = sorted(set(sample_table("AAPL").column("session").to_pylist()))
    last_of = {year: max(session for session in sessions if session.year == year) for year in (2005, 2006)}
    listed = {year: sum(session.year == year for session in sessions) for year in (2003, 2004, 2005, 2006)}
    google_from = sample_table("GOOG").column("session").to_pylist()[0]
    google = {year: sum(s.year == year and s >= google_from for s in sessions) for year in (2004, 2005, 2006)}
    assert last_of[2005] == date(2005, 12, 30)
    assert data.train.rows == 3 * sum(listed[year] for year in (2003, 2004, 2005)) + google[2004] + google[2005] - 4
    assert data.early_stopping.rows == 4 * (listed[2006] - 1)
    assert data.refit.rows == data.train.rows + 4 + data.early_stopping.rows
