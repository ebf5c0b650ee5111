"""How much of a net an account can still hedge, on either side: what its cash pays for, what it holds, what is lent."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.strategies.hedge_size import Route, affordable
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price, Quantity


class Capacity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an account can still buy and sell of one instrument.

    Units: shares; None where the account states nothing that bounds it, or there is no price to bound it with.
    """

    buy: Quantity | None
    sell: Quantity | None

    def of(self, side: Side) -> Quantity | None:
        """Returns what is left on a side."""
        return self.buy if side is Side.BUY else self.sell


def capacity_of(route: Route, price: Price | None, *, shorting: bool) -> Capacity:
    """Returns what is left on both sides, orders that work taken off.

    Units: price in USD per share.
    Gives: purchases within settled cash and what is lent for them, their cost rounded up to a cent; sales within what
    is held, and beyond it what can be borrowed.
    """
    if route.held is None:
        return Capacity(buy=None, sell=None)
    size = route.instrument.contract_size
    return Capacity(buy=_buys(route, price), sell=_sells(route, price, shorting=shorting, size=size))


def _buys(route: Route, price: Price | None) -> Quantity | None:
    if route.cash is None or price is None or route.quote_usd is None:
        return None
    return Quantity(affordable(route.cash * route.quote_usd, price))


def _sells(route: Route, price: Price | None, *, shorting: bool, size: Decimal) -> Quantity | None:
    held = route.held if route.held is not None else ZERO
    free = max(ZERO, held - route.selling) * size
    if not shorting or not route.lends:
        return Quantity(free)
    if not route.is_stated or price is None:
        return None
    if route.cash is None or route.quote_usd is None:
        return None
    short = max(ZERO, route.selling - max(ZERO, held)) * size
    beyond = affordable(route.cash * route.quote_usd, price)
    return Quantity(free + max(ZERO, beyond - short))
