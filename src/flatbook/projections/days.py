"""Days of the books: from midnight to midnight in New York."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import msgspec

from flatbook.values.instants import Instant, later
from flatbook.values.us_eastern import EPOCH_ORDINAL, EasternTimeRefused, eastern_day, instant_of_eastern

DAYS_CACHED_MAX = 4_096


class DayWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A US Eastern day as two instants, both included; `end` is its last whole millisecond."""

    day: date
    start: Instant
    end: Instant


def eastern_date(at: Instant) -> date:
    """Returns the US Eastern date of an instant.

    Errors: EasternTimeRefused outside 2007..9998.
    """
    return _date_of(eastern_day(at))


@lru_cache(maxsize=DAYS_CACHED_MAX)
def _date_of(day: int) -> date:
    return date.fromordinal(day + EPOCH_ORDINAL)


def eastern_date_or_none(at: Instant) -> date | None:
    """Returns the US Eastern date of an instant; None where the calendar's rule does not cover it."""
    try:
        return eastern_date(at)
    except EasternTimeRefused:
        return None


def day_window(day: date) -> DayWindow:
    """Returns the first and the last millisecond of a US Eastern day.

    Errors: EasternTimeRefused outside 2007..9998.
    """
    end = later(instant_of_eastern(day + timedelta(days=1), 0), ms=-1)
    return DayWindow(day=day, start=instant_of_eastern(day, 0), end=end)
