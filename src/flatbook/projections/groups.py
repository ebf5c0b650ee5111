"""Realised results by when they closed: by hour, day of the week, session or week, each with what is missing.

The gross results of the groups come to that of the whole: a fee in kind is given back in the group of its execution.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.projections.cells import cost_in_usd
from flatbook.projections.lots import Slice
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import Scope, costs_of, slices_of
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO, Money
from flatbook.values.sessions import CalendarEnded, SessionAbsent, SessionKind, session_at
from flatbook.values.us_eastern import EasternTimeRefused, eastern_clock_of

SECONDS_PER_HOUR = 3_600
NO_CALENDAR = "no calendar"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SESSIONS = tuple(kind.value for kind in SessionKind)


class GroupBy(Enum):
    """By what results are put together. Hours, days and weeks are those of New York, sessions those of its exchange."""

    HOUR = "hour"
    WEEKDAY = "weekday"
    SESSION = "session"
    WEEK = "week"


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one group. Units: USD, before costs, which are of a day and not of a trade.

    `in_kind` is the part of the gross that gives back what fees took of what was traded. `lost` counts slices with a
    result below zero; `unpriced` ones have none, and are in no sum.
    """

    name: str
    gross: Money
    in_kind: Money
    slices: int
    lost: int
    unpriced: int


def groups_of(pnl: Pnl, scope: Scope, by: GroupBy) -> tuple[GroupLine, ...]:
    """Returns the results of each group that closed anything or paid in kind, in the order of the clock or calendar."""
    closed: dict[str, list[Slice]] = {}
    for each in slices_of(pnl, scope):
        closed.setdefault(name_of(each.closed_at, by), []).append(each)
    in_kind: dict[str, Decimal] = {}
    for cost in costs_of(pnl, scope, in_kind=True):
        if (usd := cost_in_usd(cost, pnl.marks)) is not None:
            name = name_of(cost.at, by)
            in_kind[name] = in_kind.get(name, ZERO) + usd
    names = sorted(closed | in_kind, key=lambda name: _place(name, by))
    return tuple(_line(name, closed.get(name, []), in_kind.get(name, ZERO)) for name in names)


def name_of(at: Instant, by: GroupBy) -> str:
    """Returns the group of an instant: `09` of an hour, `Monday`, `regular`, `2025-W49`, or that of no calendar."""
    try:
        return _name_of(at, by)
    except (CalendarEnded, SessionAbsent, EasternTimeRefused):
        return NO_CALENDAR


def _name_of(at: Instant, by: GroupBy) -> str:
    if by is GroupBy.SESSION:
        return session_at(at).kind.value
    day, second = eastern_clock_of(at)
    if by is GroupBy.HOUR:
        return f"{second // SECONDS_PER_HOUR:02}"
    if by is GroupBy.WEEKDAY:
        return WEEKDAYS[day.weekday()]
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _place(name: str, by: GroupBy) -> tuple[int, str]:
    order = {GroupBy.WEEKDAY: WEEKDAYS, GroupBy.SESSION: SESSIONS}.get(by, ())
    return (order.index(name) if name in order else len(order)), name


def _line(name: str, slices: list[Slice], in_kind: Decimal) -> GroupLine:
    results = [each.realised for each in slices]
    known: list[Decimal] = [result for result in results if result is not None]
    return GroupLine(
        name=name,
        gross=Money(sum(known, in_kind)),
        in_kind=Money(in_kind),
        slices=len(slices),
        lost=sum(result < ZERO for result in known),
        unpriced=len(results) - len(known),
    )
