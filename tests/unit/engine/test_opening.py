"""An account is opened at rest, and what its balances hold is known by identity: no clock decides it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.inputs import ReadBefore, Stated
from flatbook.engine.reports import Activity, Execution
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.opening import AccountOpened
from flatbook.values.ids import ActivityId, AssetId, ExecutionId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.desk import PAPER
from tests.unit.engine.scene import START, Bench, execution, one, statement, tags
from tests.unit.engine.test_take_clock import reading
from tests.unit.state.scene import USD

LAG_S = 10


def funding(name: str, at: Instant) -> Activity:
    """Returns a dollar that was paid."""
    return Activity(
        activity_id=ActivityId(name),
        kind=ActivityKind.FUNDING,
        venue_kind="FUNDING_FEE",
        asset=USD,
        amount=Quantity(Decimal(-1)),
        instrument=None,
        order_id=None,
        detail="",
        happened_at=at,
    )


def stated(
    bench: Bench,
    *,
    held: tuple[Execution, ...] = (),
    since: tuple[Execution, ...] = (),
    earlier: tuple[Activity, ...] = (),
    now: tuple[Activity, ...] = (),
) -> Stated:
    """Returns two statements that agree, and what was read beside them."""
    shown = statement(bench.now, shares="100")
    before = msgspec.structs.replace(shown, stated_at=later(shown.stated_at, seconds=-LAG_S), activities=earlier)
    return Stated(
        statement=msgspec.structs.replace(shown, activities=now),
        earlier=before,
        read=ReadBefore(held=held, since=since),
    )


@pytest.mark.parametrize("seconds", [-599, -11, -9.5, 0, 30])
def test_what_was_told_before_the_account_rested_is_held_and_never_booked_whatever_its_clock_says(
    seconds: float,
) -> None:
    bench = Bench().resume().wait(100)
    early = execution("5", order_id=None, at=later(bench.now, ms=int(seconds * 1_000)))
    event = one(bench.take(stated(bench, held=(early,))), AccountOpened)
    assert [(each.execution_id, each.qty, each.side) for each in event.executions] == [("X-1", 5, Side.BUY)]
    assert bench.wait(60).executions(early).dropped == ("execution_known",)
    assert bench.state.balances[PAPER, AssetId("COIN")] == 100


@pytest.mark.parametrize("seconds", [-599, -11, -9.5, 0, 30])
def test_what_is_told_after_the_account_rested_is_booked_whatever_its_clock_says(seconds: float) -> None:
    bench = Bench().resume().wait(100)
    bench.take(stated(bench))
    late = execution("5", order_id=None, at=later(bench.now, ms=int(seconds * 1_000)))
    assert tags(bench.wait(60).executions(late))[0] == "foreign_filled"
    assert bench.state.balances[PAPER, AssetId("COIN")] == 105


def test_what_is_dated_long_before_is_held_unnamed() -> None:
    bench = Bench().resume().wait(1_000)
    old = execution("5", order_id=None, at=later(bench.now, seconds=-700))
    event = one(bench.take(stated(bench, held=(old,))), AccountOpened)
    assert (event.executions, event.complete_since) == ((), later(bench.now, seconds=-610))
    assert bench.executions(old).dropped == ("execution_before_opening",)


def test_an_account_is_not_opened_while_somebody_trades_on_it() -> None:
    bench = Bench().resume().wait(100)
    early, new = execution("5", order_id=None), execution("1", 2, order_id=None)
    assert bench.take(stated(bench, held=(early,), since=(early, new))).events == ()
    assert tags(bench.take(stated(bench, held=(early, new), since=(new,))))[0] == "account_opened"


@pytest.mark.parametrize(("by_ms", "is_opened"), [(250, True), (251, False), (-251, False), (20_000, False)])
def test_an_account_is_not_opened_while_the_clocks_differ(by_ms: int, is_opened: bool) -> None:
    bench = Bench().resume().wait(100)
    whole = stated(bench)
    shown = msgspec.structs.replace(whole.statement, clock=reading(bench.now, by_ms=by_ms, took_ms=0))
    done = bench.take(msgspec.structs.replace(whole, statement=shown))
    assert ("account_opened" in tags(done)) is is_opened


@pytest.mark.parametrize("seconds", [-11, -5, 0, 5])
def test_an_account_is_not_opened_while_its_venue_books_something(seconds: int) -> None:
    bench = Bench().resume().wait(100)
    paid = funding("f1", later(bench.now, seconds=seconds))
    assert bench.take(stated(bench, now=(paid,))).events == ()
    event = one(bench.take(stated(bench, earlier=(paid,), now=(paid,))), AccountOpened)
    assert event.activities == ("f1",)


def test_an_account_is_not_opened_while_its_venue_may_have_booked_more_than_it_told() -> None:
    bench = Bench().resume().wait(100)
    whole = stated(bench)
    untold = msgspec.structs.replace(whole.statement, activities_complete=False)
    assert bench.take(msgspec.structs.replace(whole, statement=untold)).events == ()


def test_activities_that_the_balances_hold_are_not_booked_and_later_ones_are_by_whatever_clock() -> None:
    bench = Bench().resume().wait(100)
    held, new = funding("f1", later(bench.now, seconds=5)), funding("f2", later(bench.now, seconds=-15))
    bench.take(stated(bench, earlier=(held,), now=(held,)))
    after = msgspec.structs.replace(statement(bench.wait(60).now, shares="100", cash="999999"), activities=(held, new))
    done = bench.state_account(after)
    assert one(done, AccountActivityBooked).activity_id == "f2"
    assert "books_diverged" not in tags(done)


def test_what_is_too_much_to_be_named_is_held_by_its_time() -> None:
    bench = Bench().resume().wait(100)
    many = tuple(
        execution("1", number, order_id=None, at=Instant(START + number), execution_id=ExecutionId(f"{number:06}"))
        for number in range(1_500)
    )
    event = one(bench.take(stated(bench, held=many)), AccountOpened)
    assert (len(event.executions), event.complete_since) == (1_000, START + 500)
    assert bench.executions(many[499]).dropped == ("execution_before_opening",)
    assert bench.executions(many[500]).dropped == ("execution_known",)


def test_the_halves_of_a_trade_between_two_orders_of_strangers_are_held_both() -> None:
    bench = Bench().resume().wait(100)
    bought, sold = execution("5", order_id=None), execution("5", order_id=None, side=Side.SELL)
    event = one(bench.take(stated(bench, held=(bought, sold))), AccountOpened)
    assert [each.execution_id for each in event.executions] == ["X-1", "X-1:sell"]
    for again in (bought, sold, bought):
        assert bench.executions(again).dropped == ("execution_known",)


def test_an_execution_of_our_own_order_is_booked_and_not_named() -> None:
    bench = Bench().resume()
    own = execution("5", order_id=bench.working("5"))
    bench.executions(own)
    event = one(bench.wait(100).take(stated(bench, held=(own,), since=(own,))), AccountOpened)
    assert event.executions == ()
