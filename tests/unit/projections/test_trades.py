"""Fills and executions with what they were matched against."""

from __future__ import annotations

from datetime import date

from flatbook.projections.lots import Bucket
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import Scope
from flatbook.projections.trades import trade_lines
from flatbook.values.ids import AssetId, OwnerId
from flatbook.values.instruments import Side
from tests.unit.projections import scene
from tests.unit.projections.scene import USDC, d, executed, fill, ref

BUY, SELL = Side.BUY, Side.SELL


def pnl() -> Pnl:
    events = (scene.mark(USDC, "1", -60), fill(1, SELL, "3", "780", 0), executed(BUY, "2", "255", 30))
    found: Pnl = scene.folded(Pnl(), *events)
    return found


def test_each_side_of_a_match_names_the_other() -> None:
    sold, bought = trade_lines(pnl())
    assert (sold.fact.ref, sold.price_usd, sold.open_qty) == (ref(fill(1, SELL, "3", "780", 0)), d(260), d(1))
    assert (bought.fact.order_id, bought.open_qty) == (scene.ORDER, d(0))
    assert [link.ref for link in sold.links] == [bought.fact.ref]
    assert [(link.ref, link.qty, link.realised, link.bucket) for link in bought.links] == [
        (sold.fact.ref, d(2), d(10), Bucket.COUNTER_TRADE)
    ]


def test_what_is_matched_is_the_sum_of_the_links_and_with_what_is_open_all_that_was_kept() -> None:
    events = (executed(BUY, "1.5", "255", 30, number=1), executed(BUY, "0.25", "256", 40, number=2))
    found: Pnl = scene.folded(Pnl(), scene.mark(USDC, "1", -60), fill(1, SELL, "3", "780", 0), *events)
    lines = trade_lines(found)
    assert [(line.matched_qty, line.open_qty) for line in lines] == [
        (d("1.75"), d("1.25")),
        (d("1.5"), d(0)),
        (d("0.25"), d(0)),
    ]


def test_fees_of_a_trade_have_a_value_where_the_mark_of_each_is_known_and_none_where_one_is_not() -> None:
    fees = [("USD", "0.65"), ("BNB", "0.001")]
    found: Pnl = scene.folded(Pnl(), executed(BUY, "2", "255", 30, fees=fees))
    (fact,) = found.trades(scene.COIN)
    assert found.fees_usd_of(fact) is None
    scene.folded(found, scene.mark(AssetId("BNB"), "600", 20), scene.mark(AssetId("BNB"), "900", 40))
    assert found.fees_usd_of(fact) == d("1.25")


def test_a_trade_that_was_charged_nothing_cost_nothing() -> None:
    found: Pnl = scene.folded(Pnl(), executed(BUY, "2", "255", 30))
    assert [found.fees_usd_of(fact) for fact in found.trades(scene.COIN)] == [d(0)]


def test_a_scope_chooses_owner_and_days() -> None:
    assert trade_lines(pnl(), Scope(owner=OwnerId("other"))) == ()
    assert trade_lines(pnl(), Scope(first=date(2025, 12, 2))) == ()
    assert len(trade_lines(pnl(), Scope(last=date(2025, 12, 1)))) == 2
