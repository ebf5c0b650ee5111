"""A limit order book that matches by price, then by time. Pure integers; it knows no clock.

Units: prices in ticks, quantities in lots; `sign` is +1 for a buy and -1 for a sale.
"""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple


class Match(NamedTuple):
    """One trade: the resting order that was hit, at its price. Units: ticks, lots."""

    maker: str
    price: int
    qty: int


class _Resting:
    __slots__ = ("left", "order_id", "price", "sign")

    def __init__(self, order_id: str, sign: int, price: int, left: int) -> None:
        self.order_id, self.sign, self.price, self.left = order_id, sign, price, left


class OrderBook:
    """The resting orders of one instrument. Each side is sorted from its worst price to its best, newest first."""

    def __init__(self) -> None:
        self._sides: dict[int, list[tuple[int, int, _Resting]]] = {1: [], -1: []}
        self._orders: dict[str, tuple[int, int, _Resting]] = {}
        self._arrivals = 0

    def take(self, sign: int, qty: int, limit: int | None) -> list[Match]:
        """Matches an order that arrives with what rests on the other side, up to its limit. Returns the trades.

        Needs: a limit of None takes any price. What does not match is the caller's, to rest or to drop.
        """
        side = self._sides[-sign]
        matches: list[Match] = []
        while qty > 0 and side:
            resting = side[-1][2]
            if limit is not None and sign * (resting.price - limit) > 0:
                break
            traded = min(qty, resting.left)
            matches.append(Match(resting.order_id, resting.price, traded))
            qty -= traded
            resting.left -= traded
            if not resting.left:
                side.pop()
                del self._orders[resting.order_id]
        return matches

    def rest(self, order_id: str, sign: int, price: int, qty: int) -> None:
        """Puts an order behind all others of its price.

        Needs: it matches nothing any more (`take` came before).
        Errors: ValueError when the id rests already or there is nothing to rest.
        """
        if qty <= 0 or order_id in self._orders:
            raise ValueError(f"order {order_id} of {qty} lots cannot rest here")
        self._arrivals += 1
        entry = (sign * price, -self._arrivals, _Resting(order_id, sign, price, qty))
        insort(self._sides[sign], entry)
        self._orders[order_id] = entry

    def cancel(self, order_id: str) -> int:
        """Takes an order out. Returns what was left of it, 0 when it does not rest here. Units: lots."""
        entry = self._orders.pop(order_id, None)
        if entry is None:
            return 0
        self._sides[entry[2].sign].remove(entry)
        return entry[2].left

    def left(self, order_id: str) -> int:
        """Returns what is left of a resting order, 0 when it does not rest here. Units: lots."""
        entry = self._orders.get(order_id)
        return entry[2].left if entry is not None else 0

    def first(self, sign: int) -> Match | None:
        """Returns the buy (+1) or the sale (-1) that would be hit next, its price and what is left of it.

        Units: ticks, lots.
        """
        side = self._sides[sign]
        if not side:
            return None
        resting = side[-1][2]
        return Match(resting.order_id, resting.price, resting.left)

    def best(self, sign: int) -> int | None:
        """Returns the best price of the buys (+1) or of the sales (-1), None when there is none. Units: ticks."""
        side = self._sides[sign]
        return side[-1][2].price if side else None
