"""Writes domain/calendar/xnys-closures.ts, and fixtures/xnys-sessions.json to compare the calendar made of it with.

Run: uv run --with exchange_calendars==4.13.2 python tests/domain/calendar/make_xnys.py
"""

import hashlib
import json
from pathlib import Path

import exchange_calendars
import pandas as pd

FIRST, LAST = "1990-01-01", "2035-12-31"

here = Path(__file__).parent
calendar = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST)
sessions = [str(session.date()) for session in calendar.sessions]
weekdays = pd.bdate_range(FIRST, LAST)
assert set(calendar.sessions) <= set(weekdays), "a session on a weekend needs another layout of the data"
closures = weekdays.difference(calendar.sessions)

by_year = closures.groupby(closures.year)
lines = "\n".join(f"  {year}: '{' '.join(day.strftime('%m-%d') for day in days)}'," for year, days in by_year.items())
(here / "../../../domain/calendar/xnys-closures.ts").resolve().write_text(
    f"""/**
 * Weekdays on which the New York Stock Exchange did not open, or is not to open, as MM-DD by year: holidays, mourning,
 * storms and the days after 2001-09-11. Made by tests/domain/calendar/make_xnys.py from exchange_calendars
 * {exchange_calendars.__version__} (XNYS): do not edit.
 */
export const xnysClosures: Readonly<Record<number, string>> = {{
{lines}
}}
"""
)

document = {
    "exchange_calendars": exchange_calendars.__version__,
    "first": sessions[0],
    "last": sessions[-1],
    "count": len(sessions),
    "sha256": hashlib.sha256("\n".join(sessions).encode()).hexdigest(),
    "byYear": {str(year): len(days) for year, days in calendar.sessions.groupby(calendar.sessions.year).items()},
    # any day, and what the package answers: the session at or before it, the one after it, the one 21 sessions later
    "asked": [
        [
            str(day.date()),
            bool(calendar.is_session(day)),
            str(calendar.date_to_session(day - pd.Timedelta(days=1), "previous").date()),
            str(calendar.date_to_session(day + pd.Timedelta(days=1), "next").date()),
            str(calendar.sessions_window(calendar.date_to_session(day, "next"), 22)[-1].date()),
        ]
        for day in pd.date_range("1990-01-05", "2035-11-01", freq="97D").union(
            pd.to_datetime(
                ["2001-09-10", "2001-09-14", "2004-06-11", "2007-01-02", "2012-10-28", "2018-12-05", "2025-01-09"]
            )
        )
    ],
}
(here / "fixtures/xnys-sessions.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
