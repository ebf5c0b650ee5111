"""What an account has for a spot order: what venues turn down an order for, once the account has less."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from flatbook.backtest.standing import Standing
from flatbook.engine.turn import Turn
from flatbook.market.orderbook import Touch
from flatbook.state.orders import Order
from flatbook.values.ids import OrderId
from flatbook.values.instruments import Product, Side
from flatbook.values.money import ONE, ZERO


def lacks_funds(turn: Turn, order: Order, standing: Standing, touch: Touch | None, unsent: Collection[OrderId]) -> bool:
    """Returns whether an account has less than a spot order may spend or sell, beside what other orders hold.

    Needs: the order stands in the state already; `unsent` are those that are not at the venue. One without a limit is
    valued at the touch.
    """
    state, instruments = turn.state, turn.rules.instruments
    if order.product is not Product.SPOT:
        return False
    instrument = standing.instrument
    others = [state.orders[each] for each in state.open_orders if each != order.order_id and each not in unsent]
    held = [other for other in others if other.account == order.account and other.side is order.side]
    if order.side is Side.SELL:
        sold = sum((other.leaves for other in held if other.instrument == order.instrument), order.leaves)
        return state.balances.get((order.account, instrument.asset), ZERO) < sold * order.contract_size
    bought = [other for other in held if other.product is Product.SPOT]
    alike = [other for other in bought if instruments[other.instrument].quote == instrument.quote]
    spent = sum((_cost(other, standing, touch) for other in alike), ZERO)
    has = state.balances.get((order.account, instrument.quote), ZERO)
    return has < spent + _cost(order, standing, touch)


def _cost(order: Order, standing: Standing, touch: Touch | None) -> Decimal:
    """Returns what a purchase may spend, with its fee where that is taken in the quote."""
    rates = standing.rates
    price = order.limit
    if price is None:
        price = standing.steps.price(0 if touch is None else touch.ask)
    fee = max(rates.maker, rates.taker, ZERO) if rates.in_quote else ZERO
    return order.leaves * price * order.contract_size * (ONE + fee)
