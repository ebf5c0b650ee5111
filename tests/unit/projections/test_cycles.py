"""One order as a cycle, from the fill that caused it to the end of its hedge."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.events.refs import ref_of_fill
from flatbook.projections.cycles import Cycle, Step, cycle_of
from flatbook.projections.fold import fold_all
from flatbook.projections.orders import Orders
from flatbook.projections.pnl import Pnl
from flatbook.projections.report import FillTimes
from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_S
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.unit.projections.scene import ORDER, USDC, at, executed, fill, intended, mark, rows_of

SOLD = fill(1, Side.SELL, "10", "2600", 0)
VENUE = VenueOrderId("venue-77")
SECOND = OrderId("fb" + "b" * 24)
ASKED = (
    intended(Side.BUY, "10", 3, because=SOLD),
    ev.OrderSubmitted(order_id=ORDER, venue_order_id=VENUE, seen_at=at(4)),
    ev.OrderAccepted(order_id=ORDER, venue_order_id=VENUE, happened_at=at(5), seen_at=at(6)),
)


def cycle(*events: Event) -> Cycle:
    pnl, times, orders = Pnl(), FillTimes(), Orders()
    fold_all((pnl, times, orders), rows_of([mark(USDC, "1", -60), *events]))
    line = orders.line(ORDER)
    assert line is not None
    return cycle_of(pnl, times, line)


def seconds(found: Cycle) -> dict[Step, tuple[int | None, int | None]]:
    def whole(ns: int | None) -> int | None:
        return None if ns is None else ns // NS_PER_S

    return {leg.step: (whole(leg.after_ns), whole(leg.total_ns)) for leg in found.legs}


def test_every_step_says_how_long_after_the_one_before_it_came() -> None:
    assert seconds(cycle(SOLD, *ASKED, executed(Side.BUY, "10", "253", 62))) == {
        Step.HAPPENED: (None, None),
        Step.SEEN: (2, 2),
        Step.INTENDED: (1, 3),
        Step.SUBMITTED: (1, 4),
        Step.ACKNOWLEDGED: (2, 6),
        Step.FILLED: (56, 62),
        Step.HEDGED: (0, 62),
    }


def test_an_order_that_works_on_is_neither_filled_nor_is_its_fill_hedged() -> None:
    told = seconds(cycle(SOLD, *ASKED, executed(Side.BUY, "4", "253", 62)))
    assert (told[Step.FILLED], told[Step.HEDGED]) == ((None, None), (None, None))


def test_a_step_that_nobody_told_is_passed_over() -> None:
    told = seconds(cycle(SOLD, ASKED[0], executed(Side.BUY, "10", "253", 62)))
    assert told[Step.SUBMITTED] == told[Step.ACKNOWLEDGED] == (None, None)
    assert told[Step.FILLED] == (59, 62)


def test_a_fill_is_hedged_once_another_order_closed_its_rest() -> None:
    ended = ev.OrderDone(
        order_id=ORDER, end=ev.OrderEnd.CANCELED, filled_qty=Quantity(Decimal(4)), happened_at=at(69), seen_at=at(70)
    )
    rest = executed(Side.BUY, "6", "253", 90, number=2, order_id=SECOND)
    found = cycle(SOLD, *ASKED, executed(Side.BUY, "4", "253", 62), ended, rest)
    assert (seconds(found)[Step.FILLED], seconds(found)[Step.HEDGED]) == ((56, 62), (28, 90))
    assert [(each.fill, each.qty, each.realised) for each in found.closed] == [
        (ref_of_fill(SOLD.key), Decimal(4), Decimal(28))
    ]


def test_an_order_that_no_fill_caused_begins_with_its_decision() -> None:
    found = cycle(intended(Side.BUY, "10", 3), executed(Side.BUY, "10", "253", 62))
    told = seconds(found)
    assert (told[Step.HAPPENED], told[Step.SEEN], told[Step.HEDGED]) == ((None, None), (None, None), (None, None))
    assert (told[Step.INTENDED], told[Step.FILLED]) == ((None, None), (59, 59))
    assert found.closed == ()
