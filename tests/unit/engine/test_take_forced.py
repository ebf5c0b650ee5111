"""What a venue closes by force is booked for who held it, told, and covered anew; never corrected, never dropped."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import Fee, ForcedBy
from flatbook.state.orders import signed
from flatbook.values.ids import UNASSIGNED, AssetId, OwnerId, VenueOrderId
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Quantity
from tests.desk import COIN, OWNER, PAPER
from tests.unit.engine.scene import KEY, Bench, execution, report, statement, tags
from tests.unit.state.scene import STOCK, USD, qty

OTHER = OwnerId("other")


def hedged(shares: str = "10") -> Bench:
    """Returns a desk that sold onchain, and bought as much at its venue."""
    bench = Bench()
    bench.state_account(statement(bench.now))
    bench.wait(60)
    order_id = bench.working(shares)
    bench.executions(execution(shares, order_id=order_id, at=bench.now))
    return bench.wait(60)


def forced(bench: Bench, size: str, number: int = 9, **changes: object) -> list[ForcedReduction]:
    """Takes an execution that the venue made by force, and returns what it is booked as."""
    plain = execution(size, number, order_id=None, at=bench.now, side=Side.SELL, forced=ForcedBy.LIQUIDATION)
    done = bench.executions(msgspec.structs.replace(plain, **changes))
    return [event for event in done.events if isinstance(event, ForcedReduction)]


def position(bench: Bench, owner: OwnerId) -> Decimal:
    return bench.state.positions.rows[owner, PAPER, STOCK].qty


def test_what_a_venue_closes_is_the_owners_and_is_covered_anew_at_once() -> None:
    bench = hedged()
    assert bench.net == 0
    (event,) = forced(bench, "4")
    assert (event.owner, event.qty, event.side, event.forced) == (OWNER, 4, Side.SELL, ForcedBy.LIQUIDATION)
    assert position(bench, OWNER) == 6
    assert bench.net == -4
    assert bench.orders() == ["buy 10.000", "buy 4.000"]
    assert bench.alerts == ["forced_reduction"]
    assert bench.halted == []


def test_it_is_booked_once_however_often_it_is_told() -> None:
    bench = hedged()
    forced(bench, "4")
    assert forced(bench, "4") == []
    assert bench.dropped[-1] == "execution_known"
    assert position(bench, OWNER) == 6


def test_an_id_of_the_venue_that_looks_foreign_drops_nothing() -> None:
    bench = hedged()
    (event,) = forced(bench, "10", venue_order_id=VenueOrderId("adl_autoclose-7"), forced=ForcedBy.DELEVERAGING)
    assert (event.venue_order_id, event.forced, bench.net) == ("adl_autoclose-7", ForcedBy.DELEVERAGING, -10)


def test_its_cash_and_fees_are_booked_as_those_of_any_execution() -> None:
    bench = hedged()
    before = bench.state.balances[PAPER, USD]
    forced(bench, "4", fees=(Fee(asset=AssetId("USD"), amount=Money(Decimal("1.5"))),))
    assert bench.state.balances[PAPER, USD] - before == Decimal("998.5")


def test_several_holders_bear_it_the_largest_first_and_what_nobody_held_halts_the_instrument() -> None:
    bench = hedged()
    bench.state.positions.move((OTHER, PAPER, STOCK), COIN, Decimal(3), Decimal(1))
    events = forced(bench, "15", fees=(Fee(asset=AssetId("USD"), amount=Money(Decimal(1))),))
    assert [(event.owner, event.qty, len(event.fees)) for event in events] == [
        (OWNER, 10, 1),
        (OTHER, 3, 0),
        (UNASSIGNED, 2, 0),
    ]
    assert [position(bench, owner) for owner in (OWNER, OTHER, UNASSIGNED)] == [0, 0, -2]
    assert bench.halted == [("instrument", STOCK, "foreign_fill")]
    assert forced(bench, "15") == []
    known = bench.state.executions[PAPER, STOCK, events[0].execution_id]
    assert known[1] == signed(Side.SELL, Quantity(Decimal(15)))


def test_what_nobody_owns_and_what_nobody_held_is_booked_as_one() -> None:
    bench = Bench()
    bench.state_account(statement(bench.now))
    bench.state.positions.move((UNASSIGNED, PAPER, STOCK), COIN, Decimal(1), Decimal(1))
    (event,) = forced(bench, "6")
    assert (event.owner, event.qty, position(bench, UNASSIGNED)) == (UNASSIGNED, 6, -5)
    assert bench.halted == [("instrument", STOCK, "foreign_fill")]


def test_what_reduces_nobody_is_foreign() -> None:
    bench = hedged()
    done = bench.executions(execution("4", 9, order_id=None, at=bench.now, side=Side.BUY, forced=ForcedBy.SETTLEMENT))
    assert tags(done) == ["foreign_filled", "trading_halted"]


def test_a_statement_after_it_agrees_with_the_books() -> None:
    bench = hedged()
    forced(bench, "4")
    order_id = bench.placed()[-1].order_id
    bench.wait(60)
    shown = statement(bench.now, shares="6", cash="998500", open_orders=(report(order_id, size="4"),))
    assert "books_diverged" not in tags(bench.state_account(shown))
    assert bench.state.divergences == {}


def test_the_alert_stays_as_a_mark_until_the_next_start() -> None:
    bench = hedged()
    forced(bench, "4")
    bench.restart()
    assert "forced_reduction" not in bench.alerts
    assert qty("6") == position(bench, OWNER)
    assert bench.state.positions.net(*KEY).known == -4
