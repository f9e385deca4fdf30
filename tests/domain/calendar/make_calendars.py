"""Writes the closures in domain/calendar/, and fixtures/*-sessions.json to compare the calendars made of them with.

Run: uv run --with exchange_calendars==4.13.2 python tests/domain/calendar/make_calendars.py

The package has no XSHE: Shenzhen and Shanghai publish one list of holidays, so XSHG stands for both. It knows China's
holidays only as far as they have been announced.
"""

import hashlib
import json
from pathlib import Path

import exchange_calendars
import pandas as pd

here = Path(__file__).parent
domain = (here / "../../../domain/calendar").resolve()


def make(name: str, years: tuple[int, int], notable: list[str]):
    first, last = f"{years[0]}-01-01", f"{years[1]}-12-31"
    calendar = exchange_calendars.get_calendar(name, start=first, end=last)
    write_fixture(name.replace("/", "-").lower(), calendar, years, notable)
    return calendar, first, last


def write_closures(name: str, what: str, years: tuple[int, int], notable: list[str]) -> None:
    calendar, first, last = make(name, years, notable)
    weekdays = pd.bdate_range(first, last)
    assert set(calendar.sessions) <= set(weekdays), "a session on a weekend needs another layout of the data"
    closures = weekdays.difference(calendar.sessions)
    by_year = closures.groupby(closures.year)
    lines = "\n".join(
        f"  {year}: '{' '.join(day.strftime('%m-%d') for day in days)}'," for year, days in by_year.items()
    )
    (domain / f"{name.lower()}-closures.ts").write_text(
        f"""/**
{what}
 * Made by tests/domain/calendar/make_calendars.py from exchange_calendars {exchange_calendars.__version__} ({name}): do not edit.
 */
export const {name.lower()}Closures: Readonly<Record<number, string>> = {{
{lines}
}}
"""
    )


def write_fixture(file: str, calendar, years: tuple[int, int], notable: list[str]) -> None:
    sessions = [str(session.date()) for session in calendar.sessions]
    # any day, and what the package answers: the session at or before it, the one after it, the one 21 sessions later
    asked = pd.date_range(f"{years[0]}-01-05", f"{years[1]}-11-01", freq="97D").union(pd.to_datetime(notable))
    document = {
        "exchange_calendars": exchange_calendars.__version__,
        "first": sessions[0],
        "last": sessions[-1],
        "count": len(sessions),
        "sha256": hashlib.sha256("\n".join(sessions).encode()).hexdigest(),
        "byYear": {str(year): len(days) for year, days in calendar.sessions.groupby(calendar.sessions.year).items()},
        "asked": [
            [
                str(day.date()),
                bool(calendar.is_session(day)),
                str(calendar.date_to_session(day - pd.Timedelta(days=1), "previous").date()),
                str(calendar.date_to_session(day + pd.Timedelta(days=1), "next").date()),
                str(calendar.sessions_window(calendar.date_to_session(day, "next"), 22)[-1].date()),
            ]
            for day in asked
        ],
    }
    (here / f"fixtures/{file}-sessions.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


write_closures(
    "XNYS",
    """ * Weekdays on which the New York Stock Exchange did not open, or is not to open, as MM-DD by year: holidays, mourning,
 * storms and the days after 2001-09-11.""",
    (1990, 2035),
    ["2001-09-10", "2001-09-14", "2004-06-11", "2007-01-02", "2012-10-28", "2018-12-05", "2025-01-09"],
)
write_closures(
    "XSHG",
    """ * Weekdays on which the Shanghai Stock Exchange did not open, or is not to open, as MM-DD by year: New Year, Spring
 * Festival, Qingming, Labour Day, Dragon Boat, Mid-Autumn and National Day, as far as they have been announced.""",
    (1991, 2026),
    ["1999-12-20", "2003-02-10", "2008-06-09", "2015-09-03", "2020-01-31", "2024-02-09", "2025-10-08"],
)
make("24/7", (1990, 2035), ["2000-02-29", "2012-12-25"])
