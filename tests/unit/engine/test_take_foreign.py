"""What is not ours on our accounts: booked under nobody, counted, halted around, and never canceled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.events.codec import decode_events, encode_events
from flatbook.events.orders import ForeignFilled, ForeignOrderSeen
from flatbook.state.exposure import exposure_of
from flatbook.values.ids import UNASSIGNED, AssetId, InstrumentId, Underlying
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from tests.desk import COIN, OWNER, PAPER
from tests.unit.engine.scene import POISONED, START, Bench, execution, one, report, statement, tags

BEFORE = later(START, seconds=-60)
HALT = ("instrument", "COIN/USD", "foreign_fill")


def opened(**setting: Any) -> Bench:
    """Returns a desk whose account was stated before the start."""
    bench = Bench(**setting).resume()
    bench.state_account(statement(BEFORE, shares="100"))
    return bench


@pytest.mark.parametrize("order_id", [None, "fb-from-another-life"])
def test_an_execution_that_no_intent_caused_belongs_to_nobody_and_halts_its_instrument(order_id: str | None) -> None:
    bench = opened()
    foreign = execution("5", order_id=order_id, side=Side.SELL)
    done = bench.executions(foreign)
    assert tags(done) == ["foreign_filled", "trading_halted"]
    assert bench.halted == [HALT]
    assert bench.alerts == ["foreign_activity"]
    assert bench.state.positions.net(UNASSIGNED, COIN).known == -5
    assert bench.net == 0
    assert bench.state.balances[PAPER, AssetId("COIN")] == 95
    assert bench.executions(foreign).events == ()


def test_a_foreign_execution_is_not_hedged_but_stops_new_orders_of_its_instrument() -> None:
    bench = opened()
    bench.executions(execution("5", order_id=None, side=Side.SELL))
    done = bench.fill(1, "sell", "5")
    assert tags(done) == ["vault_filled", "hedge_held"]
    assert bench.orders() == []


def test_an_execution_before_the_opening_is_part_of_what_the_opening_stated() -> None:
    unopened = Bench().resume()
    assert unopened.executions(execution("5", order_id=None)).dropped == ("execution_before_opening",)
    bench = opened()
    early = execution("5", order_id=None, at=later(BEFORE, seconds=-11))
    assert bench.executions(early).dropped == ("execution_before_opening",)
    assert tags(bench.executions(execution("5", order_id=None, at=BEFORE)))[0] == "foreign_filled"


def test_our_own_executions_are_booked_whenever_they_happened() -> None:
    bench = opened()
    bench.fill(1, "sell", "5")
    order_id = bench.placed()[0].order_id
    bench.executions(execution("5", order_id=order_id, at=later(BEFORE, seconds=-9)))
    assert bench.net == 0


def test_an_instrument_that_is_not_configured_is_booked_under_its_own_name() -> None:
    bench = opened()
    other = execution("5", order_id=None, instrument=InstrumentId("HOOD/USD"))
    event = one(bench.executions(other), ForeignFilled)
    assert (event.underlying, event.quote, event.contract_size) == ("HOOD/USD", "USD", Decimal(1))
    assert bench.halted == [("instrument", "HOOD/USD", "foreign_fill")]
    assert bench.state.positions.net(UNASSIGNED, Underlying("HOOD/USD")).known == 5


def test_an_order_that_is_not_ours_counts_halts_and_is_never_canceled() -> None:
    bench = opened()
    bench.fill(1, "sell", "5")
    done = bench.report(report(None, side=Side.SELL))
    assert one(done, ForeignOrderSeen).open is True
    assert bench.halted == [HALT]
    assert bench.alerts == ["foreign_activity"]
    assert exposure_of(bench.state, (UNASSIGNED, COIN)).may_sell == 10
    ours = bench.placed()[0].order_id
    assert [str(effect) for effect in done.effects if "V-1" in str(effect)] == []
    assert bench.order(ours).cancel_pending
    for verb in ("halt", "kill"):
        done = bench.command(verb, verb)
        assert [str(effect) for effect in done.effects if "V-1" in str(effect)] == []


def test_a_foreign_order_is_news_when_it_appears_changes_and_ends() -> None:
    bench = opened()
    first = report("fb-x", size="10")
    assert tags(bench.report(first))[0] == "foreign_order_seen"
    assert bench.report(first).dropped == ("foreign_order_known",)
    assert tags(bench.report(report("fb-x", filled="4"))) == ["foreign_order_seen"]
    assert exposure_of(bench.state, (UNASSIGNED, COIN)).may_buy == 6
    done = bench.report(report("fb-x", "canceled", filled="4"))
    assert one(done, ForeignOrderSeen).open is False
    assert bench.state.foreign_orders == {}
    assert bench.report(report("fb-x", "canceled", filled="4")).dropped == ("foreign_order_known",)
    assert bench.alerts == []


def test_the_executions_in_a_foreign_report_are_booked_with_it() -> None:
    bench = opened()
    done = bench.report(report(None, filled="4", executions=(execution("4", order_id=None),)))
    assert tags(done) == ["foreign_filled", "trading_halted", "foreign_order_seen"]
    assert exposure_of(bench.state, (UNASSIGNED, COIN)).may_buy == 6


@pytest.mark.parametrize("field", ["qty", "filled_qty"])
@pytest.mark.parametrize("name", ["NaN", "sNaN", "infinity", "67 digits", "negative"])
def test_a_poisoned_foreign_report_is_refused(field: str, name: str) -> None:
    bench = opened()
    poison = msgspec.structs.replace(report(None), **{field: POISONED[name]})
    assert tags(bench.report(poison)) == ["report_refused", "trading_halted"]
    assert bench.state.foreign_orders == {}
    assert bench.report(poison).events == ()
    assert decode_events(encode_events(bench.events)) == tuple(bench.events)


def test_after_a_lift_nothing_halts_again_until_something_new_happens() -> None:
    bench = opened()
    bench.executions(execution("5", order_id=None))
    bench.command("lift", halt_id=str(next(iter(bench.state.halts))))
    assert (bench.halted, bench.alerts) == ([], [])
    bench.executions(execution("5", order_id=None))
    assert bench.halted == []
    bench.executions(execution("5", 2, order_id=None))
    assert bench.halted == [HALT]


def test_an_assigned_position_is_hedged_by_its_owner_once_the_halt_is_lifted() -> None:
    bench = opened()
    bench.executions(execution("5", order_id=None))
    bench.command("lift", "l", halt_id=str(next(iter(bench.state.halts))))
    done = bench.command("position_assign", "a", owner="desk", account="paper", instrument="COIN/USD")
    assert tags(done) == ["command_accepted", "foreign_assigned", "order_intended"]
    assert bench.orders() == ["sell 5.000"]
    assert bench.state.positions.net(OWNER, COIN).known == 5
    assert bench.state.positions.net(UNASSIGNED, COIN).known == 0
