"""Where an owner stands as the rules of risk look at it, for an order that is not far from every limit."""

from __future__ import annotations

from collections.abc import Container, Sequence

from flatbook.backtest.standing import Standing
from flatbook.engine.quoting import day_result_usd
from flatbook.market.orderbook import Touch
from flatbook.risk.limits import ORDER_RATE_WINDOW_S
from flatbook.risk.quote_checks import Room
from flatbook.state.orders import Order
from flatbook.values.ids import OrderId
from flatbook.values.instants import NS_PER_S, Instant

_RATE_WINDOW_NS = ORDER_RATE_WINDOW_S * NS_PER_S


def room_of(standing: Standing, sharing: Sequence[Standing], touch: Touch | None, now: Instant) -> Room:
    """Returns where an owner stands on an instrument as the rules look at it, without its orders and their times."""
    result = day_result_usd(standing.day_of(sharing), now, touch, standing.instrument, standing.mark)
    from_ = Instant(now - _RATE_WINDOW_NS)
    return Room(standing.instrument, touch, None, (), standing.mark, standing.qty, (), from_, result)


def count_orders(room: Room, orders: Sequence[Order], *, is_own: bool, gone: Container[OrderId]) -> None:
    """Counts live orders in a room; of other owners only where they rest. Those that are gone rest no more."""
    for order in orders:
        if is_own:
            room.count(order.side, order.leaves, reduces=order.reduce_only)
            room.open_orders += 1
        if not order.cancel_pending and order.order_id not in gone:
            room.rest(order.side, order.limit)
