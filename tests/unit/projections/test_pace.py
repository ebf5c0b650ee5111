"""How much of what was seen was taken, and how fast."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.projections.fold import fold_all
from flatbook.projections.orders import Orders
from flatbook.projections.pace import FillsTaken, OrdersTaken, Pace, fills_taken, orders_taken, pace_of, rate_pct
from flatbook.projections.pnl import Pnl
from flatbook.projections.report import FillTimes
from flatbook.projections.results import EVERYTHING, Scope
from flatbook.values.ids import OrderId, OwnerId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side
from tests.unit.projections.scene import COIN, OWNER, USDC, accepted, at, executed, fill, intended, mark, rows_of

DAY = Scope(first=date(2025, 12, 1), last=date(2025, 12, 1))
SECOND, THIRD = OrderId("fb" + "b" * 24), OrderId("fb" + "c" * 24)
DAY_S = 24 * 3600


def taken(*events: Event, scope: Scope = DAY, since: int = -DAY_S) -> FillsTaken:
    pnl, times = Pnl(), FillTimes()
    fold_all((pnl, times), rows_of([mark(USDC, "1", -60), *events]))
    return fills_taken(pnl, times, scope, at(since))


def posted(*events: Event, owner: OwnerId = OWNER) -> OrdersTaken:
    orders = Orders()
    fold_all((orders,), rows_of(list(events)))
    return orders_taken(orders, owner, DAY)


SOLD = fill(1, Side.SELL, "10", "2600", 0)


def test_a_fill_is_taken_that_a_hedge_closed_and_others_are_netted_or_open() -> None:
    found = taken(
        SOLD,
        executed(Side.BUY, "10", "253", 62),
        fill(2, Side.SELL, "2", "520", 100),
        fill(3, Side.BUY, "1", "250", 110),
    )
    assert (found.seen, found.hedged, found.netted, found.open) == (3, 1, 1, 1)


def test_a_fill_that_closed_one_and_opened_what_another_closed_is_netted() -> None:
    found = taken(SOLD, fill(2, Side.BUY, "14", "3500", 30), fill(3, Side.SELL, "4", "1000", DAY_S))
    assert (found.seen, found.hedged, found.netted, found.open) == (2, 0, 2, 0)


def test_a_fill_that_nothing_closed_is_open() -> None:
    assert taken(SOLD).open == 1


def test_a_hedge_that_came_the_day_after_counts_for_the_fill() -> None:
    assert taken(SOLD, executed(Side.BUY, "10", "253", DAY_S)).hedged == 1


def test_only_fills_of_the_days_and_of_the_time_that_is_asked_for_count() -> None:
    later = fill(2, Side.SELL, "2", "520", DAY_S)
    assert taken(SOLD, later).seen == 1
    assert taken(SOLD, later, scope=EVERYTHING).seen == 2
    assert taken(SOLD, later, scope=EVERYTHING, since=60).seen == 1


def test_hedges_are_timed_from_when_the_fill_was_seen_and_weighed_by_shares() -> None:
    parts = ("6", 12), ("3.6", 102), ("0.4", 1002)
    closed = [executed(Side.BUY, qty, "253", second, number=n) for n, (qty, second) in enumerate(parts)]
    found = taken(SOLD, *closed)
    assert found.hedging == Pace(count=3, half_ns=10 * NS_PER_S, most_ns=100 * NS_PER_S)
    assert found.detection == Pace(count=1, half_ns=2 * NS_PER_S, most_ns=2 * NS_PER_S)


def test_a_hedge_exposes_from_when_it_is_due_and_its_fill_was_seen() -> None:
    pnl, times = Pnl(), FillTimes()
    hedges = executed(Side.BUY, "10", "253", 62, number=1), executed(Side.BUY, "2", "253", 90, number=2)
    fold_all((pnl, times), rows_of([mark(USDC, "1", -60), SOLD, fill(2, Side.SELL, "2", "520", 70), *hedges]))
    asked: list[tuple[str, str]] = []

    def due(key: tuple[str, str], until: Instant) -> Instant | None:
        asked.append(key)
        return at(50) if until < at(80) else None

    found = fills_taken(pnl, times, DAY, at(-DAY_S), due)
    assert found.hedging == Pace(count=2, half_ns=60 * NS_PER_S, most_ns=60 * NS_PER_S)
    assert found.exposed == Pace(count=2, half_ns=12 * NS_PER_S, most_ns=18 * NS_PER_S)
    assert asked == [(OWNER, COIN), (OWNER, COIN)]


def test_without_fills_nothing_is_known_of_their_times() -> None:
    nothing = Pace(count=0, half_ns=None, most_ns=None)
    told = taken()
    assert (told.seen, told.hedged, told.netted, told.open) == (0, 0, 0, 0)
    assert (told.detection, told.hedging, told.exposed) == (nothing, nothing, nothing)


def test_an_order_is_posted_once_its_venue_had_it_and_taken_once_it_executed() -> None:
    found = posted(
        intended(Side.BUY, "3", 10),
        accepted(11),
        executed(Side.BUY, "1", "255", 12),
        intended(Side.BUY, "3", 20, order_id=SECOND),
        accepted(23, SECOND, "venue-78"),
        intended(Side.BUY, "3", 30, order_id=THIRD),
        ev.OrderNotSent(order_id=THIRD, attempt=0, reason=ev.NotSentReason.HALTED, seen_at=at(31)),
    )
    assert (found.posted, found.filled) == (2, 1)
    assert found.acknowledging == Pace(count=2, half_ns=NS_PER_S, most_ns=3 * NS_PER_S)


def test_orders_of_others_and_of_other_days_are_left_out() -> None:
    asked = intended(Side.BUY, "3", DAY_S), accepted(DAY_S + 1)
    assert posted(*asked).posted == 0
    assert posted(intended(Side.BUY, "3", 10), accepted(11), owner=OwnerId("maker")).posted == 0


def test_95_of_100_are_at_most_as_long_as_the_95th() -> None:
    assert pace_of(range(100, 0, -1)) == Pace(count=100, half_ns=50, most_ns=95)
    assert pace_of([7]) == Pace(count=1, half_ns=7, most_ns=7)


def test_a_rate_is_rounded_half_up_and_unknown_where_nothing_was_seen() -> None:
    assert (rate_pct(2, 3), rate_pct(17, 26), rate_pct(1, 3)) == (Decimal("66.7"), Decimal("65.4"), Decimal("33.3"))
    assert (rate_pct(1, 2000), rate_pct(5, 5)) == (Decimal("0.1"), Decimal(100))
    assert rate_pct(0, 3) == Decimal(0)
    assert rate_pct(0, 0) is None
