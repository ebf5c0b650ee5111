"""Days of the books: from midnight to midnight in New York."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from flatbook.values.instants import Instant, later
from flatbook.values.us_eastern import EasternTimeRefused, eastern_clock_of, instant_of_eastern


class DayWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A US Eastern day as two instants, both included; `end` is its last whole millisecond."""

    day: date
    start: Instant
    end: Instant


def eastern_date(at: Instant) -> date:
    """Returns the US Eastern date of an instant.

    Errors: EasternTimeRefused outside 2007..9998.
    """
    return eastern_clock_of(at)[0]


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
