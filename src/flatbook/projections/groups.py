"""Realised results by when they closed: by hour, day of the week, session or week, each with what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.projections.lots import Slice
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO, Money
from flatbook.values.sessions import CalendarEnded, SessionAbsent, SessionKind, session_at
from flatbook.values.us_eastern import eastern_clock_of

SECONDS_PER_HOUR = 3_600
NO_CALENDAR = "no calendar"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SESSIONS = (*(kind.value for kind in SessionKind), NO_CALENDAR)


class GroupBy(Enum):
    """By what results are put together. Hours, days and weeks are those of New York, sessions those of its exchange."""

    HOUR = "hour"
    WEEKDAY = "weekday"
    SESSION = "session"
    WEEK = "week"


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one group. Units: USD, before costs, which are of a day and not of a trade.

    `lost` counts slices with a result below zero; `unpriced` ones have none, and are in no sum.
    """

    name: str
    gross: Money
    slices: int
    lost: int
    unpriced: int


def groups_of(slices: Iterable[Slice], by: GroupBy) -> tuple[GroupLine, ...]:
    """Returns the results of each group that closed anything, in the order of the clock or the calendar."""
    found: dict[str, list[Slice]] = {}
    for each in slices:
        found.setdefault(name_of(each.closed_at, by), []).append(each)
    return tuple(_line(name, found[name]) for name in sorted(found, key=lambda name: _place(name, by)))


def name_of(at: Instant, by: GroupBy) -> str:
    """Returns the group of an instant: `09` of an hour, `Monday`, `regular`, or `2025-W49`."""
    if by is GroupBy.SESSION:
        try:
            return session_at(at).kind.value
        except (CalendarEnded, SessionAbsent):
            return NO_CALENDAR
    day, second = eastern_clock_of(at)
    if by is GroupBy.HOUR:
        return f"{second // SECONDS_PER_HOUR:02}"
    if by is GroupBy.WEEKDAY:
        return WEEKDAYS[day.weekday()]
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _place(name: str, by: GroupBy) -> tuple[int, str]:
    if by is GroupBy.WEEKDAY:
        return WEEKDAYS.index(name), name
    return (SESSIONS.index(name) if by is GroupBy.SESSION else 0), name


def _line(name: str, slices: list[Slice]) -> GroupLine:
    results = [each.realised for each in slices]
    known: list[Decimal] = [result for result in results if result is not None]
    return GroupLine(
        name=name,
        gross=Money(sum(known, ZERO)),
        slices=len(slices),
        lost=sum(result < ZERO for result in known),
        unpriced=len(results) - len(known),
    )
