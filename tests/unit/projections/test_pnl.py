"""Profit and loss from events."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.event import Event
from flatbook.projections.edges import Evidence, edge_totals
from flatbook.projections.facts import CostKind
from flatbook.projections.lots import Bucket, Place
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import (
    Scope,
    annual_return_pct,
    coverage_of,
    days_of,
    open_lots_of,
    slices_of,
    totals_of,
)
from flatbook.values.ids import UNASSIGNED, ActivityId, AssetId, ExecutionId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Money
from tests.unit.events.samples import SAMPLES
from tests.unit.projections import scene
from tests.unit.projections.scene import COIN, OWNER, USDC, d, executed, fill, ref

BUY, SELL = Side.BUY, Side.SELL
PAR = scene.mark(USDC, "1", -3600)
DAY = 86_400


def pnl(*events: Event) -> Pnl:
    found: Pnl = scene.folded(Pnl(), *events)
    return found


def test_a_hedged_fill_is_linked_to_its_hedge_and_realises_the_edge() -> None:
    sold, bought = fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30)
    (found,) = slices_of(pnl(PAR, sold, bought))
    assert (found.opening, found.closing) == (ref(sold), ref(bought))
    assert (found.qty, found.opening_price, found.closing_price) == (d(2), d(260), d(255))
    assert (found.realised, found.bucket) == (d(10), Bucket.COUNTER_TRADE)
    assert found.closing_order == scene.ORDER


def test_usdc_below_par_brings_what_it_is_worth() -> None:
    events = (scene.mark(USDC, "0.90", -60), fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30))
    assert totals_of(pnl(*events)).gross == -42


def test_a_mark_counts_from_its_own_instant() -> None:
    events = (
        PAR,
        scene.mark(USDC, "0.90", 20),
        fill(1, SELL, "1", "260", 10),
        fill(2, SELL, "1", "260", 30),
        executed(BUY, "2", "200", 40),
    )
    assert [each.opening_usd for each in slices_of(pnl(*events))] == [d(260), d(234)]


def test_a_late_mark_restates_what_it_covers() -> None:
    found = pnl(PAR, fill(1, SELL, "2", "520", 10), executed(BUY, "2", "255", 30))
    assert totals_of(found).gross == 10
    scene.folded(found, scene.mark(USDC, "0.90", 5))
    assert totals_of(found).gross == -42


def test_a_mark_of_the_very_instant_of_a_trade_counts_for_it() -> None:
    found = pnl(PAR, executed(BUY, "2", "255", 5), fill(1, SELL, "2", "520", 10))
    assert totals_of(found).gross == 10
    scene.folded(found, scene.mark(USDC, "0.90", 10))
    assert totals_of(found).gross == -42


def test_the_first_mark_values_what_was_asked_for_before() -> None:
    found = pnl(fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30))
    assert totals_of(found).unpriced == 1
    scene.folded(found, scene.mark(USDC, "1", 60))
    assert totals_of(found).gross == 10


def test_without_any_mark_a_result_is_unknown_and_counted_and_never_zero() -> None:
    found = pnl(fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30))
    totals = totals_of(found)
    assert (totals.slices, totals.unpriced, totals.gross) == (1, 1, d(0))


def test_a_fill_before_the_first_mark_is_valued_by_it_and_counted() -> None:
    found = pnl(fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30), scene.mark(USDC, "1", 60))
    assert totals_of(found).gross == 10
    assert coverage_of(found).early == 1


def test_a_late_fact_is_matched_where_it_happened() -> None:
    late = fill(2, SELL, "2", "600", 0)
    found = pnl(PAR, fill(1, SELL, "2", "520", 10), executed(BUY, "2", "255", 30))
    assert slices_of(found)[0].opening != ref(late)
    scene.folded(found, late)
    assert [each.opening for each in slices_of(found)] == [ref(late)]
    assert totals_of(found).gross == 90


def test_a_reversed_fill_has_never_happened() -> None:
    sold, bought = fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30)
    found = pnl(PAR, sold, bought)
    assert totals_of(found).gross == 10
    scene.folded(found, scene.reversal(sold))
    assert slices_of(found) == ()
    assert [(each.lot.side, each.lot.qty) for each in open_lots_of(found)] == [(BUY, d(2))]


def test_a_value_that_comes_later_corrects_the_quantity() -> None:
    found = pnl(PAR, scene.unvalued(1, SELL, "2", "528", 0, assumed="1"))
    assert coverage_of(found).assumed == 1
    assert [each.lot.qty for each in open_lots_of(found)] == [d(2)]
    scene.folded(found, scene.valued(1, ratio="1.1", shares="2.2", price="240"))
    assert coverage_of(found).assumed == 0
    assert [each.lot.qty for each in open_lots_of(found)] == [Decimal("2.2")]


def test_a_value_for_a_fill_that_has_one_changes_nothing() -> None:
    found = pnl(PAR, fill(1, SELL, "2", "520", 0), scene.valued(1, ratio="9", shares="18", price="1"))
    assert [each.lot.qty for each in open_lots_of(found)] == [d(2)]


def test_a_skipped_fill_whose_share_is_known_counts() -> None:
    known = {"underlying": COIN, "instrument": scene.ONCHAIN, "side": SELL, "shares": Decimal(2)}
    found = pnl(PAR, scene.skipped(1, 0, **known))
    assert [(each.lot.qty, each.lot.usd) for each in open_lots_of(found)] == [(d(2), d(5))]


def test_a_skipped_fill_that_names_no_share_is_no_trade() -> None:
    assert pnl(PAR, scene.skipped(1, 0)).underlyings() == ()


def test_a_fact_that_cannot_be_matched_is_listed_and_stops_nothing() -> None:
    known = {"underlying": COIN, "instrument": scene.ONCHAIN, "side": SELL, "shares": Decimal(0)}
    undated = executed(BUY, "1", "255", 40, number=9, happened_at=Instant(0))
    events = (PAR, scene.skipped(9, 0, **known), undated, fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30))
    found = pnl(*events)
    assert totals_of(found).gross == 10
    whys = [refused.why for refused in coverage_of(found).refused]
    assert len(whys) == 2
    assert any("quantity must be above zero" in why for why in whys)


def test_numbers_beyond_all_measure_are_listed_and_stop_nothing() -> None:
    huge = "9" * 20 + "." + "9" * 18
    events = (PAR, executed(BUY, huge, huge, 5, number=8), fill(1, SELL, "2", "520", 10), executed(BUY, "2", "255", 30))
    found = pnl(*events, fill(9, SELL, "9" * 18, "9" * 18 + "." + "9" * 36, 40))
    assert totals_of(found).gross == 10
    assert len(coverage_of(found).refused) == 1


def test_fees_and_gas_are_costs_and_a_takers_gas_is_none() -> None:
    events = (
        PAR,
        fill(1, SELL, "2", "520", 0),
        executed(BUY, "2", "255", 30, fees=[("USD", "0.65"), ("USD", "-0.15")]),
        scene.gas(7, "14000000000000", "3000", 40),
    )
    totals = totals_of(pnl(*events))
    assert totals.costs[CostKind.BROKER_FEE].usd == Decimal("0.5")
    assert totals.costs[CostKind.GAS].usd == Decimal("0.042")
    assert totals.net == Decimal("9.458")


def test_a_fee_that_is_charged_later_is_a_cost_of_its_owner_and_a_dividend_is_none() -> None:
    booked = next(sample for sample in SAMPLES if isinstance(sample, AccountActivityBooked))
    fee = replace(booked, owner=OWNER, amount=d("-0.02"), happened_at=scene.at(50))
    dividend = replace(fee, activity_id=ActivityId("b"), kind=ActivityKind.DIVIDEND, amount=d("12"))
    totals = totals_of(pnl(PAR, executed(BUY, "2", "255", 30), fee, dividend))
    assert totals.costs[CostKind.BROKER_FEE].usd == Decimal("0.02")
    assert totals.cost == Decimal("0.02")


def test_a_fee_in_a_third_asset_counts_by_its_mark() -> None:
    bnb = scene.mark(AssetId("BNB"), "600", -60)
    found = pnl(PAR, bnb, executed(BUY, "2", "255", 30, fees=[("BNB", "0.001")]))
    assert totals_of(found).cost == Decimal("0.6")


def test_a_cost_without_a_value_is_a_counted_gap() -> None:
    found = pnl(PAR, executed(BUY, "2", "255", 30, fees=[("XYZ", "3")]), scene.gas(7, "1", None, 40))
    totals = totals_of(found)
    assert (totals.cost, totals.missing) == (d(0), 2)
    assert totals.costs[CostKind.GAS].observations == 1


def test_gas_belongs_to_an_owner_and_to_no_share() -> None:
    found = pnl(scene.gas(7, "14000000000000", "3000", 40))
    assert totals_of(found, Scope(owner=OWNER)).cost == Decimal("0.042")
    assert totals_of(found, Scope(underlying=COIN)).cost == 0
    assert totals_of(found, Scope(owner=OwnerId("other"))).cost == 0


def test_a_cost_without_a_date_counts_in_the_whole_and_on_no_day() -> None:
    found = pnl(executed(BUY, "2", "255", 30, fees=[("USD", "0.65")], happened_at=Instant(0)))
    assert totals_of(found).cost == d("0.65")
    assert days_of(found) == ()
    assert totals_of(found, Scope(first=date(2020, 1, 1))).cost == 0


def test_results_count_on_the_day_of_the_close_and_run_up() -> None:
    events = (
        PAR,
        fill(1, SELL, "2", "520", 0),
        executed(BUY, "1", "255", 30, number=1),
        executed(BUY, "1", "250", DAY, number=2, fees=[("USD", "1")]),
    )
    lines = days_of(pnl(*events))
    assert [(line.window.day, line.totals.net, line.running_net) for line in lines] == [
        (date(2025, 12, 1), d(5), d(5)),
        (date(2025, 12, 2), d(9), d(14)),
    ]


def test_a_scope_of_days_leaves_the_others_out() -> None:
    events = (
        PAR,
        fill(1, SELL, "2", "520", 0),
        executed(BUY, "1", "255", 30),
        executed(BUY, "1", "250", DAY, number=2),
    )
    found = pnl(*events)
    assert totals_of(found, Scope(first=date(2025, 12, 2))).gross == 10
    assert totals_of(found, Scope(last=date(2025, 12, 1))).gross == 5


def test_owners_and_underlyings_are_matched_apart() -> None:
    other = OwnerId("other")
    events = (PAR, fill(1, SELL, "1", "260", 0, owner=other), executed(BUY, "1", "255", 30))
    found = pnl(*events, executed(SELL, "1", "10", 40, number=2, underlying=Underlying("GME")))
    assert slices_of(found) == ()
    assert found.underlyings() == ("COIN", "GME")


def test_a_stated_position_clears_the_lots_and_seeds_a_priced_one() -> None:
    found = pnl(PAR, executed(BUY, "5", "250", 0), scene.overwritten("5", "3", "255", 60))
    lots = [each.lot for each in open_lots_of(found)]
    assert [(lot.place, lot.side, lot.qty, lot.usd) for lot in lots] == [(Place.MANUAL, BUY, d(3), d(765))]
    (restated,) = found.matching(COIN).restated
    assert (restated.cleared_qty, restated.cleared_usd) == (d(5), d(1250))


def test_a_correction_of_dust_leaves_what_is_held_at_its_cost() -> None:
    """Three coins were bought for 700 when the account shows a thousandth less; the market is at 150."""
    found = pnl(
        executed(BUY, "1", "100", 0),
        executed(BUY, "2", "300", 10, number=2),
        scene.corrected("-0.001", "150", "-0.15", 20),
        executed(SELL, "2.999", "150", 30, number=3),
    )
    assert [(each.qty, each.realised) for each in slices_of(found)] == [
        (d("0.001"), d("0.05")),
        (d("0.999"), d("49.95")),
        (d(2), d(-300)),
    ]
    assert totals_of(found).gross == -250
    assert open_lots_of(found) == ()


def test_what_a_correction_adds_is_worth_what_it_says_in_dollars_whatever_its_quote_is() -> None:
    """A coin that is paid in bitcoin, at 0.05 of them: 2500 dollars."""
    found = pnl(executed(BUY, "2", "1000", 0), scene.corrected("0.01", "0.05", "25", 10))
    assert [(each.lot.qty, each.lot.usd) for each in open_lots_of(found)] == [(d(2), d(2000)), (d("0.01"), d(25))]
    unknown = pnl(executed(BUY, "2", "1000", 0), scene.corrected("0.01", None, None, 10))
    assert [each.lot.usd for each in open_lots_of(unknown)] == [d(2000), None]


def test_a_stated_position_of_one_account_moves_the_net_of_all() -> None:
    found = pnl(
        PAR, fill(1, SELL, "5", "1300", 0), executed(BUY, "5", "250", 30), scene.overwritten("5", "4", None, 60)
    )
    assert [(each.lot.side, each.lot.qty, each.lot.usd) for each in open_lots_of(found)] == [(SELL, d(1), d(260))]


def test_a_stated_position_counts_in_contracts_where_the_instrument_does() -> None:
    found = pnl(executed(BUY, "3", "100", 0, contract_size=d("0.1")), scene.overwritten("3", "5", "100", 10))
    assert [(each.lot.qty, each.lot.usd) for each in open_lots_of(found)] == [(d("0.5"), d(50))]


def test_a_stated_flat_position_leaves_no_lot_and_no_result() -> None:
    found = pnl(PAR, executed(BUY, "5", "250", 0), scene.overwritten("5", "0", None, 60))
    assert open_lots_of(found) == ()
    assert totals_of(found).slices == 0


def test_a_stated_position_without_any_price_stays_unpriced() -> None:
    found = pnl(scene.overwritten("0", "5", None, 0), executed(SELL, "5", "250", 60))
    assert totals_of(found).unpriced == 1


def test_an_assignment_hands_lots_over_at_their_cost() -> None:
    events = (PAR, fill(1, SELL, "5", "1300", 0), scene.foreign(BUY, "8", "250", 30), scene.assigned("5", 60))
    found = pnl(*events)
    (closed,) = slices_of(found)
    assert (closed.owner, closed.realised) == (OWNER, d(50))
    assert [(each.owner, each.lot.qty) for each in open_lots_of(found)] == [(UNASSIGNED, d(3))]


def test_an_assignment_beyond_the_unassigned_lots_moves_without_a_value() -> None:
    found = pnl(scene.foreign(BUY, "2", "250", 30), scene.assigned("5", 60))
    assert [(each.owner, each.lot.side, each.lot.qty, each.lot.usd) for each in open_lots_of(found)] == [
        (OWNER, BUY, d(2), d(500)),
        (OWNER, BUY, d(3), None),
        (UNASSIGNED, SELL, d(3), None),
    ]


def test_an_execution_seen_twice_counts_once() -> None:
    found = pnl(PAR, executed(BUY, "2", "255", 30), executed(BUY, "2", "255", 30))
    assert [each.lot.qty for each in open_lots_of(found)] == [d(2)]


def test_the_same_execution_id_of_two_instruments_is_two_executions() -> None:
    twin = executed(BUY, "2", "255", 30, execution_id=ExecutionId("x1"), instrument=InstrumentId("other"))
    found = pnl(PAR, executed(BUY, "2", "255", 30), twin)
    assert len(open_lots_of(found)) == 2


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([("2", "1000")], 73),
        ([("1", "1000"), ("3", "1000")], 73),
        ([("2", "1000"), ("500", None), (None, "9000")], 73),
        ([("500", None)], None),
    ],
)
def test_a_return_uses_the_same_days_above_and_below(
    days: list[tuple[str | None, str | None]], expected: int | None
) -> None:
    def money(text: str | None) -> Money | None:
        return None if text is None else Money(Decimal(text))

    assert annual_return_pct([(money(result), money(capital)) for result, capital in days]) == expected


def test_asking_for_what_nobody_trades_leaves_nothing_behind() -> None:
    found, evidence = pnl(PAR), Evidence()
    for name in ("A", "B"):
        assert edge_totals(found, evidence, Scope(underlying=Underlying(name))) == {}
        assert totals_of(found, Scope(underlying=Underlying(name))).slices == 0
        assert len(found.trades(Underlying(name))) == 0
    assert (found._matchings, evidence._summed) == ({}, {})
