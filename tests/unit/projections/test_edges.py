"""What a hedge earned, taken apart."""

from __future__ import annotations

from flatbook.events.event import Event
from flatbook.projections.edges import Evidence, HedgeEdge, hedge_edges
from flatbook.projections.fold import fold_all
from flatbook.projections.pnl import Pnl
from flatbook.values.instruments import Side
from tests.unit.projections import scene
from tests.unit.projections.scene import ORDER, USDC, accepted, d, executed, fill, intended, ref

BUY, SELL = Side.BUY, Side.SELL
FEE = [("USD", "0.65")]


def edges(*events: Event) -> tuple[HedgeEdge, ...]:
    pnl, evidence = Pnl(), Evidence()
    fold_all((pnl, evidence), scene.rows_of((scene.mark(USDC, "1", -60), *events)))
    return hedge_edges(pnl, evidence)


def test_an_edge_splits_into_margin_basis_and_slippage() -> None:
    sold = fill(1, SELL, "2", "522", 0)
    intent = intended(BUY, "2", 5, because=sold, price="254", second="258")
    (edge,) = edges(sold, intent, accepted(6), executed(BUY, "2", "255", 30, fees=FEE))
    assert (edge.hedge, edge.side, edge.fills) == (ORDER, BUY, (ref(sold),))
    assert (edge.edge_usd, edge.margin_usd, edge.basis_usd) == (d(12), d(6), d(6))
    assert (edge.slippage_usd, edge.fees_usd, edge.net_usd) == (d(2), d("0.65"), d("11.35"))
    assert edge.edge_bps == d("229.88")


def test_a_hedge_by_selling_has_the_signs_turned() -> None:
    bought = fill(1, BUY, "2", "500", 0)
    intent = intended(SELL, "2", 5, because=bought, price="256", second="251")
    (edge,) = edges(bought, intent, accepted(6), executed(SELL, "2", "255", 30))
    assert (edge.edge_usd, edge.margin_usd, edge.basis_usd) == (d(10), d(2), d(8))
    assert edge.slippage_usd == 2


def test_without_evidence_the_parts_are_not_known() -> None:
    sold = fill(1, SELL, "2", "522", 0)
    (edge,) = edges(sold, intended(BUY, "2", 5, price="much"), accepted(6), executed(BUY, "2", "255", 30))
    assert (edge.edge_usd, edge.margin_usd, edge.basis_usd, edge.slippage_usd) == (d(12), None, None, None)


def test_one_hedge_of_several_fills_and_executions_is_one_edge() -> None:
    fills = (fill(1, SELL, "1", "260", 0), fill(2, SELL, "1", "262", 3))
    orders = (intended(BUY, "2", 5), accepted(6))
    executions = (executed(BUY, "0.5", "255", 30, number=1), executed(BUY, "1.5", "256", 31, number=2))
    (edge,) = edges(*fills, *orders, *executions)
    assert (edge.qty, edge.fills, edge.edge_usd) == (d(2), (ref(fills[0]), ref(fills[1])), d("10.5"))


def test_a_fee_without_a_mark_is_a_counted_gap() -> None:
    events = (fill(1, SELL, "2", "522", 0), intended(BUY, "2", 5), accepted(6))
    (edge,) = edges(*events, executed(BUY, "2", "255", 30, fees=[("XYZ", "1")]))
    assert (edge.fees_usd, edge.fees_missing) == (d(0), 1)


def test_a_foreign_execution_that_closed_a_fill_stands_under_its_own_name() -> None:
    by_hand = scene.foreign(BUY, "2", "255", 30)
    (edge,) = edges(fill(1, SELL, "2", "522", 0), by_hand, scene.assigned("2", 60))
    assert (edge.hedge, edge.edge_usd) == (ref(by_hand), d(12))


def test_what_was_not_opened_onchain_is_no_hedge() -> None:
    assert edges(executed(BUY, "2", "255", 0, number=1), executed(SELL, "2", "256", 3, number=2)) == ()
