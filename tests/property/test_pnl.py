"""Laws of profit and loss: arrival does not matter, asking does not matter, and nothing is made from nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from flatbook.events.event import Event
from flatbook.events.orders import Fee, OrderFilled
from flatbook.projections.audit import audit
from flatbook.projections.cells import cost_in_usd
from flatbook.projections.edges import Evidence, edge_totals, hedge_edges
from flatbook.projections.fold import fold, fold_all
from flatbook.projections.groups import GroupBy, groups_of
from flatbook.projections.ledger import Ledger, trial_balance
from flatbook.projections.lots import COUNTER_TRADE_NS_MAX, Bucket, Place
from flatbook.projections.pnl import Pnl, in_usd
from flatbook.projections.results import (
    Scope,
    accounts_of,
    coverage_of,
    days_of,
    nets_of,
    open_lots_of,
    slices_of,
    totals_of,
)
from flatbook.projections.trades import trade_lines
from flatbook.values.ids import AssetId
from flatbook.values.instruments import Side
from tests.property.journals import executions, fills, journals
from tests.unit.projections import scene
from tests.unit.projections.scene import USDC, rows_of

TRADES_MAX = 20


@st.composite
def trades(draw: Any) -> list[Event]:
    """Draws fills and executions whose value is known."""
    numbers = range(draw(st.integers(0, TRADES_MAX)))
    return [scene.mark(USDC, "1", -60), *(draw(st.one_of(fills(number), executions(number))) for number in numbers)]


@given(st.data())
def test_the_order_of_arrival_does_not_matter(data: st.DataObject) -> None:
    events = data.draw(trades())
    shuffled = data.draw(st.permutations(events))
    one, other = fold(Pnl(), rows_of(events)), fold(Pnl(), rows_of(shuffled))
    assert slices_of(one) == slices_of(other)
    assert totals_of(one) == totals_of(other)


def told(pnl: Pnl, evidence: Evidence, ledger: Ledger) -> Any:
    """Returns all that is told of running sums."""
    edges = edge_totals(pnl, evidence)
    sums = totals_of(pnl), days_of(pnl), accounts_of(pnl), nets_of(pnl), coverage_of(pnl)
    return slices_of(pnl), sums, edges, audit(ledger, pnl)


@given(st.data())
def test_running_sums_are_those_of_the_whole_whenever_they_are_asked_for(data: st.DataObject) -> None:
    events = [*data.draw(journals()), scene.mark(USDC, "0.97", data.draw(st.integers(-100, 5_000)))]
    rows = rows_of(data.draw(st.permutations(events)))
    asked, whole = (Pnl(), Evidence(), Ledger()), (Pnl(), Evidence(), Ledger())
    for row in rows:
        fold_all(asked, (row,))
        told(*asked)
    fold_all(whole, rows)
    assert told(*asked) == told(*whole)


def fees_in_kind(events: list[Event]) -> list[tuple[OrderFilled, Fee]]:
    """Returns the fees that were taken of what was traded, each with its execution."""
    executed = [event for event in events if isinstance(event, OrderFilled)]
    return [(event, fee) for event in executed for fee in event.fees if fee.asset == event.underlying]


@given(trades())
def test_a_fee_in_kind_counts_at_the_price_of_its_execution_and_changes_no_net_and_no_lot(events: list[Event]) -> None:
    pnl, ledger = Pnl(), Ledger()
    fold_all((pnl, ledger), rows_of([*events, scene.mark(AssetId("BNB"), "600", -60)]))
    totals, slices = totals_of(pnl), slices_of(pnl)
    beside = [cost_in_usd(cost, pnl.marks) for cost in pnl.costs() if not cost.in_kind]
    taken = sum((fee.amount * event.price for event, fee in fees_in_kind(events)), Decimal(0))
    assert totals.buckets[Bucket.IN_KIND] == taken
    assert totals.cost == sum((each or Decimal(0) for each in beside), taken)
    assert totals.gross - totals.cost == totals.net
    assert totals.net == sum((each.realised or Decimal(0) for each in slices), Decimal(0)) - (totals.cost - taken)
    for lots in pnl.matching(scene.COIN).lots.values():
        for lot in lots:
            fact = next(fact for fact in pnl.trades(scene.COIN) if fact.ref == lot.ref)
            closed = [each for each in slices if lot.ref in (each.opening, each.closing)]
            parts = [each.opening_usd if each.opening == lot.ref else each.closing_usd for each in closed]
            assert lot.qty == fact.kept - sum((each.qty for each in closed), Decimal(0))
            assert lot.usd == (in_usd(fact, pnl.marks) or Decimal(0)) - sum(
                (each or Decimal(0) for each in parts), Decimal(0)
            )
    assert audit(ledger, pnl).is_sound
    assert not any(line.difference for line in trial_balance(ledger))


@given(trades())
def test_running_sums_are_those_of_every_slice_cost_and_hedge(events: list[Event]) -> None:
    pnl, evidence = Pnl(), Evidence()
    fold_all((pnl, evidence), rows_of(events))
    realised = [each.realised for each in slices_of(pnl)]
    in_kind = sum((fee.amount * event.price for event, fee in fees_in_kind(events)), Decimal(0))
    assert totals_of(pnl).gross == sum((each for each in realised if each is not None), Decimal(0)) + in_kind
    assert totals_of(pnl).unpriced == realised.count(None)
    costs = [cost_in_usd(cost, pnl.marks) for cost in pnl.costs()]
    assert totals_of(pnl).cost == sum((each for each in costs if each is not None), Decimal(0))
    sides: dict[str, Side] = {}
    for each in slices_of(pnl):
        assume(sides.setdefault(each.closing_order or each.closing, each.side) is each.side)  # as with real orders
    for (owner, underlying), edges in edge_totals(pnl, evidence).items():
        single = hedge_edges(pnl, evidence, Scope(owner=owner, underlying=underlying))
        assert (edges.hedges, edges.edge_usd) == (len(single), sum((each.edge_usd for each in single), Decimal(0)))


@given(st.data())
def test_the_groups_of_any_grouping_come_to_the_total(data: st.DataObject) -> None:
    events = [*data.draw(journals()), scene.mark(USDC, "0.97", data.draw(st.integers(-100, 5_000)))]
    pnl = fold(Pnl(), rows_of(events))
    for scope in (Scope(), Scope(owner=scene.OWNER), Scope(underlying=scene.COIN), Scope(first=date(2025, 12, 1))):
        total = totals_of(pnl, scope)
        for by in GroupBy:
            groups = groups_of(pnl, scope, by)
            assert sum((each.gross for each in groups), Decimal(0)) == total.gross
            assert sum((each.in_kind for each in groups), Decimal(0)) == total.buckets[Bucket.IN_KIND]
            assert sum(each.slices for each in groups) == total.slices
            assert sum(each.unpriced for each in groups) == total.unpriced
        for parts in (
            [line.totals for line in days_of(pnl, scope)],
            [line.totals for line in accounts_of(pnl, scope)],
            list(nets_of(pnl, scope).values()),
        ):
            assert sum((each.gross for each in parts), Decimal(0)) == total.gross
            assert sum(each.slices for each in parts) == total.slices
            assert sum(each.unpriced for each in parts) == total.unpriced
            for bucket in Bucket:
                assert sum((each.buckets[bucket] for each in parts), Decimal(0)) == total.buckets[bucket]
        for lines in (days_of(pnl, scope), accounts_of(pnl, scope)):
            assert sum((each.totals.net for each in lines), Decimal(0)) == total.net


@given(trades())
def test_duplicates_count_once(events: list[Event]) -> None:
    assert slices_of(fold(Pnl(), rows_of([*events, *events]))) == slices_of(fold(Pnl(), rows_of(events)))


@given(trades())
def test_every_traded_share_is_closed_or_open(events: list[Event]) -> None:
    pnl = fold(Pnl(), rows_of(events))
    traded = sum((fact.kept for underlying in pnl.underlyings() for fact in pnl.trades(underlying)), Decimal(0))
    closed = sum((each.qty for each in slices_of(pnl)), Decimal(0))
    left = sum((each.lot.qty for each in open_lots_of(pnl)), Decimal(0))
    assert traded == 2 * closed + left
    for line in trade_lines(pnl):
        assert line.matched_qty + line.open_qty == line.fact.kept


@given(trades())
def test_lots_of_both_sides_never_stand_open_together(events: list[Event]) -> None:
    pnl = fold(Pnl(), rows_of(events))
    sides: dict[str, Side] = {}
    for each in open_lots_of(pnl):
        assert sides.setdefault(each.owner, each.lot.side) is each.lot.side


@given(trades())
def test_a_slice_closes_after_it_opened_and_its_bucket_follows_from_its_sides(events: list[Event]) -> None:
    for each in slices_of(fold(Pnl(), rows_of(events))):
        assert each.opened_at <= each.closed_at
        hedged = (each.opening_place, each.closing_place) == (Place.ONCHAIN, Place.OFFCHAIN)
        prompt = each.closed_at - each.opened_at <= COUNTER_TRADE_NS_MAX
        assert (each.bucket is Bucket.COUNTER_TRADE) == (hedged and prompt)
        assert each.delayed == (hedged and not prompt)


@given(journals())
def test_days_add_up_to_the_whole(events: list[Event]) -> None:
    pnl = fold(Pnl(), rows_of(events))
    days, whole = days_of(pnl), totals_of(pnl)
    assert sum((line.totals.net for line in days), Decimal(0)) == whole.net
    assert sum(line.totals.missing for line in days) == whole.missing
    assert not days or days[-1].running_net == whole.net
