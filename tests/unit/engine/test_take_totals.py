"""A venue that states running totals: the increment is booked once, and never mixed with executions."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.reports import FillTotal
from flatbook.events.orders import OrderFilled, ReportRefused
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.values.ids import AssetId
from flatbook.values.instants import later
from flatbook.values.money import Money
from tests.desk import PAPER
from tests.property.test_totals import total, totals_bench
from tests.unit.engine.scene import POISONED, START, Bench, execution, one, report, tags
from tests.unit.state.scene import USD


def cash(bench: Bench) -> Decimal:
    return bench.state.balances[PAPER, USD]


def test_each_total_books_what_it_adds_under_an_id_of_order_and_total() -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    first = one(bench.report(total(order_id, "4", "1000", 1, fee="0.4")), OrderFilled)
    assert (first.execution_id, first.qty, first.price) == (f"total:{order_id}:4", 4, 250)
    assert [(fee.asset, fee.amount) for fee in first.fees] == [("USD", Decimal("0.4"))]
    second = one(bench.report(total(order_id, "10", "2506", 2, fee="1")), OrderFilled)
    assert (second.execution_id, second.qty, second.price) == (f"total:{order_id}:10", 6, 251)
    assert [fee.amount for fee in second.fees] == [Decimal("0.6")]
    assert (bench.status(order_id), cash(bench), bench.net) == ("filled", Decimal(-2507), 0)


def test_a_notional_that_no_price_states_exactly_is_still_booked_to_the_last_digit() -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    bench.report(total(order_id, "3", "1000", 1))
    assert cash(bench) == Decimal(-1000)
    bench.report(total(order_id, "10", "3000", 2))
    assert cash(bench) == Decimal(-3000)


def test_a_repeat_and_an_older_total_add_nothing() -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    bench.report(total(order_id, "6", "1500", 2))
    assert bench.report(total(order_id, "6", "1500", 2)).events == ()
    assert bench.report(total(order_id, "4", "1000", 1)).events == ()
    assert (bench.order(order_id).filled, cash(bench), bench.halted) == (6, Decimal(-1500), [])


def test_a_newer_total_that_is_smaller_is_refused_and_halts_its_instrument() -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    bench.report(total(order_id, "6", "1500", 1))
    refused = one(bench.report(total(order_id, "4", "1000", 2)), ReportRefused)
    assert refused.detail == "its total fell from 6 to 4"
    assert (bench.order(order_id).filled, cash(bench)) == (6, Decimal(-1500))
    assert bench.halted == [("instrument", "COIN/USD", "report_refused")]


def test_a_total_whose_notional_falls_while_it_grows_is_refused() -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    bench.report(total(order_id, "6", "1500", 1))
    refused = one(bench.report(total(order_id, "8", "1400", 2)), ReportRefused)
    assert "price -50 is not above zero" in refused.detail
    assert (bench.order(order_id).filled, cash(bench)) == (6, Decimal(-1500))


@pytest.mark.parametrize("number", ["NaN", "sNaN", "infinity", "67 digits", "21 integer digits", "19 decimals"])
def test_a_total_that_is_no_number_is_refused(number: str) -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    shown = msgspec.structs.replace(
        report(order_id, filled="4"), total=FillTotal(notional=Money(POISONED[number]), fees=()), happened_at=START
    )
    assert "report_refused" in tags(bench.report(shown))
    assert bench.order(order_id).filled == 0


def test_executions_beside_totals_are_left_out() -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    assert bench.executions(execution("4", order_id=order_id)).dropped == ("execution_beside_totals",)
    bench.report(total(order_id, "4", "1000", 1))
    assert bench.order(order_id).filled == 4


def test_a_late_total_after_the_cancel_is_booked() -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    bench.report(report(order_id, "canceled"))
    assert bench.status(order_id) == "canceled"
    done = bench.report(total(order_id, "2", "500", 3))
    assert one(done, OrderFilled).qty == 2
    assert bench.state.balances[PAPER, AssetId("COIN")] == 2


def test_what_is_booked_of_totals_survives_in_a_dump() -> None:
    bench = totals_bench()
    order_id = bench.working("10")
    bench.report(total(order_id, "4", "1000", 1, fee="0.4"))
    again = state_from_bytes(state_bytes(bench.state))
    assert again.totals == bench.state.totals
    assert again.totals[order_id].happened_at == later(START, ms=1)
