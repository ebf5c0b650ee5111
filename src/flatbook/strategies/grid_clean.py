"""Which orders go when more stand than may."""

from __future__ import annotations

from collections.abc import Sequence

from flatbook.state.orders import Order, Status
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO


def cleaned(orders: Sequence[Order], over: int) -> list[Order]:
    """Returns the orders to cancel so that `over` fewer stand: of the fuller side, the farthest first.

    The lowest buy and the highest sale are farthest; where both sides are equally full they go in turn, buys first.
    Orders that are partly filled stay, and count. Gives: fewer, where fewer can go.
    """
    full = {side: [order for order in orders if order.side is side] for side in Side}
    left = {side: len(full[side]) for side in Side}
    buys = sorted((order for order in full[Side.BUY] if _may_go(order)), key=_price, reverse=True)
    sales = sorted((order for order in full[Side.SELL] if _may_go(order)), key=_price)
    gone: list[Order] = []
    while len(gone) < over and (buys or sales):
        from_buys = left[Side.BUY] >= left[Side.SELL] if buys and sales else bool(buys)
        order = (buys if from_buys else sales).pop()
        left[order.side] -= 1
        gone.append(order)
    return gone


def _may_go(order: Order) -> bool:
    return order.status is not Status.PARTIALLY_FILLED and not order.filled


def _price(order: Order) -> tuple[bool, object]:
    return (order.limit is not None, order.limit if order.limit is not None else ZERO)
