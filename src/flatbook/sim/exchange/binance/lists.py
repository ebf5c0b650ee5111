"""What the simulated Binance lists of orders and executions, alike on spot and USD-M but for how each is written."""

from __future__ import annotations

from flatbook.sim.exchange.binance.calls import Call
from flatbook.sim.exchange.binance.words import Refused, ms
from flatbook.sim.exchange.orders import BookedOrder, Execution


def open_orders(call: Call) -> list[BookedOrder]:
    """Returns the open orders of a market, or of all, that can be read by now."""
    names = {each.name for each in call.markets()}
    orders = call.exchange.open_orders(call.account.name)
    return [order for order in orders if order.market.name in names and call.shows(order.created_at)]


def all_orders(call: Call) -> list[BookedOrder] | Refused:
    """Returns orders of a market, oldest first: from an id on, or in a span of time, else the last ones."""
    ours, (start, end) = _orders_of_market(call), call.since()
    if isinstance(ours, Refused):
        return ours
    first = int(call.text("orderId") or 0)
    orders = [
        order
        for order in ours
        if start <= ms(order.created_at) <= end and call.shows(order.created_at) and order.id >= first
    ]
    return orders[: call.rows()] if first or start else orders[-call.rows() :]


def executions(call: Call) -> list[tuple[BookedOrder, Execution]] | Refused:
    """Returns executions of a market, oldest first: from an id on, or in a span of time, else the last ones."""
    ours, (start, end) = _orders_of_market(call), call.since()
    if isinstance(ours, Refused):
        return ours
    first, order_id = int(call.text("fromId") or 0), call.text("orderId")
    found = [
        (order, execution)
        for order in ours
        if order_id in ("", str(order.id))
        for execution in order.executions
        if execution.trade_id >= first and start <= ms(execution.at) <= end and call.shows(execution.at)
    ]
    found.sort(key=lambda each: each[1].trade_id)
    return found[: call.rows()] if first or start else found[-call.rows() :]


def _orders_of_market(call: Call) -> list[BookedOrder] | Refused:
    market, account = call.market(), call.account.name
    if isinstance(market, Refused):
        return market
    orders = call.exchange.orders.values()
    return [order for order in orders if (order.account, order.market.name) == (account, market.name)]
