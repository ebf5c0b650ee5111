"""What some orders or trades come to together."""

from __future__ import annotations

from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.projections.fold import fold_all
from flatbook.projections.orders import Orders, Outcome, order_lines
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import EVERYTHING
from flatbook.projections.sums import OrderSums, TradeSums, sums_of_orders, sums_of_trades
from flatbook.projections.trades import facts_within
from flatbook.values.ids import OrderId
from flatbook.values.instruments import Side
from tests.unit.projections.scene import USD, USDC, accepted, at, d, executed, fill, intended, mark, rows_of, skipped

SECOND, THIRD = OrderId("fb" + "b" * 24), OrderId("fb" + "c" * 24)


def of_orders(*events: Event) -> OrderSums:
    orders = Orders()
    fold_all((orders,), rows_of(list(events)))
    return sums_of_orders(order_lines(orders))


def of_trades(*events: Event) -> TradeSums:
    pnl = Pnl()
    fold_all((pnl,), rows_of([mark(USDC, "1", -60), *events]))
    return sums_of_trades(pnl, facts_within(pnl, EVERYTHING))


def test_orders_are_counted_by_how_they_went_and_summed_by_asset() -> None:
    found = of_orders(
        intended(Side.BUY, "3", 10, price="255"),
        accepted(11),
        executed(Side.BUY, "3", "256", 12, fees=[("USD", "0.65")]),
        intended(Side.SELL, "2", 20, order_id=SECOND, price="250"),
        accepted(21, SECOND, "venue-78"),
        executed(Side.SELL, "1", "249", 22, number=2, order_id=SECOND, fees=[("USD", "-0.05")]),
        intended(Side.BUY, "1", 30, order_id=THIRD),
        ev.OrderNotSent(order_id=THIRD, attempt=0, reason=ev.NotSentReason.HALTED, seen_at=at(31)),
    )
    assert {outcome: count for outcome, count in found.outcomes.items() if count} == {
        Outcome.FILLED: 1,
        Outcome.WORKING: 1,
        Outcome.FAILED: 1,
    }
    assert (found.turnover.bought, found.turnover.sold) == ({USD: d(768)}, {USD: d(249)})
    assert found.turnover.fees == {USD: d("0.6")}
    assert (found.slippage_usd, found.decided) == (d(4), 2)


def test_without_a_price_of_the_decision_slippage_is_not_known() -> None:
    found = of_orders(intended(Side.BUY, "3", 10), accepted(11), executed(Side.BUY, "3", "256", 12))
    assert (found.slippage_usd, found.decided) == (None, 0)


def test_trades_are_summed_by_what_was_paid_and_charged_for_them() -> None:
    unknown = skipped(4, 40, underlying="COIN", side=Side.BUY, shares=d(2), gave_amount=None)
    found = of_trades(
        fill(1, Side.SELL, "10", "2600", 0),
        executed(Side.BUY, "10", "253", 62, fees=[("USD", "0.5"), ("USD", "-0.1")]),
        unknown,
    )
    assert (found.trades, found.unpriced) == (3, 1)
    assert (found.turnover.bought, found.turnover.sold) == ({USD: d(2530)}, {USDC: d(2600)})
    assert found.turnover.fees == {USD: d("0.4")}
