"""What the newest days earned, taken apart, and how it came: by the hour of one day, else by the day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from flatbook.projections.cells import cost_in_usd
from flatbook.projections.days import day_window
from flatbook.projections.pnl import Pnl
from flatbook.projections.report import Books, Part, Prices, parts_of
from flatbook.projections.results import Scope, Totals, costs_of, days_of, slices_of, totals_of
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import ZERO, Money

NS_PER_HOUR = 3_600 * NS_PER_S

Places = Mapping[Instant, Decimal]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What one hour or day of a course earned, and all of it up to its end. Units: USD; `at` is when it begins."""

    at: Instant
    net: Money
    running: Money


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The results of some days up to the last one. Units: USD. The parts less the known costs are the net result."""

    first: date
    last: date
    totals: Totals
    parts: dict[Part, Decimal]
    points: tuple[Point, ...]


def scope_of_days(scope: Scope, last: date, days: int) -> Scope:
    """Returns a scope cut to its newest days, the last one included."""
    return msgspec.structs.replace(scope, first=last - timedelta(days=days - 1), last=last)


def course_of(books: Books, prices: Prices, scope: Scope, upto: Instant) -> Course:
    """Returns how a scope went, up to an instant of its last day.

    Needs: a scope with both days.
    """
    assert scope.first is not None
    assert scope.last is not None
    is_one_day = scope.first == scope.last
    totals = totals_of(books.pnl, scope)
    return Course(
        first=scope.first,
        last=scope.last,
        totals=totals,
        parts=parts_of(slices_of(books.pnl, scope), books.evidence, prices, totals),
        points=tuple(_running(_by_hour(books.pnl, scope, upto) if is_one_day else _by_day(books.pnl, scope))),
    )


def _running(places: Places) -> Iterator[Point]:
    running = ZERO
    for at, net in places.items():
        running += net
        yield Point(at=at, net=Money(net), running=Money(running))


def _by_day(pnl: Pnl, scope: Scope) -> Places:
    """Returns the net of each day from the first that has any result: a day between two of them earned nothing."""
    lines = days_of(pnl, scope)
    nets: dict[Instant, Decimal] = {}
    if lines and scope.last is not None:
        first = lines[0].window.day
        for number in range((scope.last - first).days + 1):
            nets[day_window(first + timedelta(days=number)).start] = ZERO
    for line in lines:
        nets[line.window.start] = line.totals.net
    return nets


def _by_hour(pnl: Pnl, scope: Scope, upto: Instant) -> Places:
    """Returns the net of each hour of the only day of a scope that has begun."""
    assert scope.last is not None
    window = day_window(scope.last)
    hours = (min(upto, window.end) - window.start) // NS_PER_HOUR + 1
    nets: dict[Instant, Decimal] = {Instant(window.start + hour * NS_PER_HOUR): ZERO for hour in range(hours)}
    for each in slices_of(pnl, scope):
        _add(nets, window.start, each.closed_at, each.realised)
    for cost in costs_of(pnl, scope, in_kind=False):
        usd = cost_in_usd(cost, pnl.marks)
        _add(nets, window.start, cost.at, None if usd is None else Money(-usd))
    return nets


def _add(nets: dict[Instant, Decimal], start: Instant, at: Instant, usd: Money | None) -> None:
    hour = Instant(start + (at - start) // NS_PER_HOUR * NS_PER_HOUR)
    nets[hour] = nets.get(hour, ZERO) + (usd or ZERO)
