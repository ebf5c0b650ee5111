"""A fee in kind: a purchase of 0.5 COIN at 100 USD of which the venue took 0.001 COIN."""

from __future__ import annotations

from decimal import Decimal

from flatbook.backtest.attribution import execution_of
from flatbook.projections.facts import CostKind
from flatbook.projections.fold import fold
from flatbook.projections.lots import Bucket
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import open_lots_of, totals_of
from flatbook.projections.sums import sums_of_trades
from flatbook.projections.trades import trade_lines
from flatbook.values.ids import AssetId
from flatbook.values.instruments import Side
from flatbook.values.money import Price
from tests.unit.projections import scene

BOUGHT = scene.executed(Side.BUY, "0.5", "100", 0, number=1, fees=[("COIN", "0.001")])
SOLD = scene.executed(Side.SELL, "0.499", "110", 60, number=2, fees=[("USD", "0.05")])
COIN, USD = AssetId("COIN"), AssetId("USD")


def test_a_trade_shows_what_was_executed_and_what_was_taken() -> None:
    pnl = fold(Pnl(), scene.rows_of([BOUGHT]))
    (line,) = trade_lines(pnl)
    assert (line.price_usd, line.fact.qty, line.fact.kept) == (Decimal(100), Decimal("0.5"), Decimal("0.499"))
    assert pnl.fees_of(line.fact) == {COIN: Decimal("0.001")}
    assert sums_of_trades(pnl, [line.fact]).turnover.fees == {COIN: Decimal("0.001")}


def test_an_open_lot_holds_what_was_kept_at_all_that_was_paid() -> None:
    pnl = fold(Pnl(), scene.rows_of([BOUGHT]))
    (held,) = open_lots_of(pnl)
    assert (held.lot.qty, held.lot.usd) == (Decimal("0.499"), Decimal(50))
    totals = totals_of(pnl)
    assert (totals.gross, totals.cost, totals.net) == (Decimal("0.1"), Decimal("0.1"), Decimal(0))


def test_the_fee_counts_as_a_cost_and_the_net_is_what_came_in_less_what_went_out() -> None:
    totals = totals_of(fold(Pnl(), scene.rows_of([BOUGHT, SOLD])))
    assert totals.costs[CostKind.BROKER_FEE].usd == Decimal("0.15")
    assert totals.buckets[Bucket.DIRECTIONAL] == Decimal("4.89")
    assert totals.buckets[Bucket.IN_KIND] == Decimal("0.1")
    assert totals.net == Decimal("54.89") - Decimal(50) - Decimal("0.05")


def test_a_fee_in_kind_of_what_has_no_mark_in_its_quote_is_missing_and_not_zero() -> None:
    unmarked = scene.executed(Side.BUY, "0.5", "100", 0, fees=[("COIN", "0.001")], quote=AssetId("EUR"))
    pnl = fold(Pnl(), scene.rows_of([unmarked]))
    assert totals_of(pnl).missing == 1
    (fact,) = pnl.trades(scene.COIN)
    assert pnl.fees_usd_of(fact) is None
    pnl = fold(pnl, scene.rows_of([scene.mark(AssetId("EUR"), "2", -60)]))
    assert (totals_of(pnl).missing, totals_of(pnl).cost) == (0, Decimal("0.2"))
    assert pnl.fees_usd_of(fact) == Decimal("0.2")


def test_a_backtest_counts_the_same_fees_as_profit_and_loss() -> None:
    totals = totals_of(fold(Pnl(), scene.rows_of([BOUGHT, SOLD])))
    executions = [execution_of(event, Price(Decimal("100.5"))) for event in (BOUGHT, SOLD)]
    assert sum(each.fees for each in executions) == totals.costs[CostKind.BROKER_FEE].usd
