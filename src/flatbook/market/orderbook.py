"""A book of what a venue shows: how much is offered at each price, in whole ticks and lots.

Each side is a dict from price to size, beside its best price. A level that is taken away stays with a size of zero, as
most come back; such levels go once they may be as many as the others. Deleting the best looks for the next one
tick by tick, as books are dense near their best; past WALK_MAX empty ticks it takes the best of all.

Units: prices in ticks, sizes in lots, both ints; a price is above zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

WALK_MAX = 64
ROOM_LEAST = 128
"""How many prices a book holds before those without size are looked for."""
PRICE_BOUND = 2**62

Level = tuple[int, int]


class Touch(msgspec.Struct, frozen=True, gc=False):
    """The best bid and the best ask, each with its size. Units: ticks, lots."""

    bid: int
    bid_size: int
    ask: int
    ask_size: int


class Cost(NamedTuple):
    """What an order that takes liquidity would get. Units: `qty` in lots, `notional` in ticks times lots."""

    qty: int
    notional: int
    worst: int


class OrderBook:
    """Bids and asks of one instrument as last seen. It matches nothing, and knows no clock and no sequence.

    `best_bid` and `best_ask` are to be read only, in ticks; they are 0 while their side is empty.
    """

    __slots__ = ("_asks", "_bids", "_room", "_under", "best_ask", "best_bid")

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self.best_bid = self.best_ask = 0
        self._room = ROOM_LEAST
        self._under = PRICE_BOUND  # an ask under this is the best: the best one, or the bound while there is none

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forgets all levels and takes those of a snapshot; levels without size are left out."""
        self._bids = {price: size for price, size in bids if size}
        self._asks = {price: size for price, size in asks if size}
        self.best_bid = max(self._bids, default=0)
        self.best_ask = min(self._asks, default=0)
        self._under = self.best_ask or PRICE_BOUND
        self._room = max(ROOM_LEAST, 2 * (len(self._bids) + len(self._asks)))

    def set_bid(self, price: int, size: int) -> None:
        """Sets how much is bid at a price; zero takes the level away."""
        self._bids[price] = size
        if price >= self.best_bid:
            if size:
                self.best_bid = price
            elif price == self.best_bid:
                self.best_bid = self._bid_below(price)

    def set_ask(self, price: int, size: int) -> None:
        """Sets how much is asked at a price; zero takes the level away."""
        self._asks[price] = size
        if price <= self._under:
            if size:
                self._under = self.best_ask = price
            elif price == self.best_ask:
                self.best_ask = self._ask_above(price)
                self._under = self.best_ask or PRICE_BOUND

    def change(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Sets all levels of a message, in their order, as one by one but in fewer steps."""
        levels, best = self._bids, self.best_bid
        for price, size in bids:
            levels[price] = size
            if price >= best:
                if size:
                    best = price
                elif price == best:
                    best = self._bid_below(price)
        self.best_bid, levels, best = best, self._asks, self._under
        for price, size in asks:
            levels[price] = size
            if price <= best:
                if size:
                    best = price
                elif price == best:
                    best = self._ask_above(price) or PRICE_BOUND
        self._under, self.best_ask = best, best if best < PRICE_BOUND else 0
        if len(levels) + len(self._bids) > self._room:
            self._forget_empty()

    def _forget_empty(self) -> None:
        """Takes away what has no size. Needs: there may be as much of it as of the rest."""
        for levels in (self._bids, self._asks):
            for price in [price for price, size in levels.items() if not size]:
                del levels[price]
        self._room = max(ROOM_LEAST, 2 * (len(self._bids) + len(self._asks)))

    def _bid_below(self, price: int) -> int:
        bids, size_at, last = self._bids, self._bids.get, price - WALK_MAX
        if len(bids) + len(self._asks) > self._room:
            self._forget_empty()
        while price > last:
            price -= 1
            if size_at(price):
                return price
        return max((price for price, size in bids.items() if size), default=0)

    def _ask_above(self, price: int) -> int:
        asks, size_at, last = self._asks, self._asks.get, price + WALK_MAX
        if len(asks) + len(self._bids) > self._room:
            self._forget_empty()
        while price < last:
            price += 1
            if size_at(price):
                return price
        return min((price for price, size in asks.items() if size), default=0)

    @property
    def is_crossed(self) -> bool:
        """Whether somebody bids as much as somebody asks, or more: such a book is wrong or in the middle of a match."""
        return 0 < self.best_ask <= self.best_bid

    def touch(self) -> Touch | None:
        """Returns the best of both sides; None while one of them is empty."""
        bid, ask = self.best_bid, self.best_ask
        return Touch(bid, self._bids[bid], ask, self._asks[ask]) if bid and ask else None

    def size(self, sign: int, price: int) -> int:
        """Returns how much is bid (+1) or asked (-1) at a price, 0 where nothing is."""
        return (self._bids if sign > 0 else self._asks).get(price, 0)

    def bids(self) -> Iterator[Level]:
        """Yields the levels bid, best first."""
        bids = self._bids
        return ((price, size) for price in sorted(bids, reverse=True) if (size := bids[price]))

    def asks(self) -> Iterator[Level]:
        """Yields the levels asked, best first."""
        asks = self._asks
        return ((price, size) for price in sorted(asks) if (size := asks[price]))

    def depth_within(self, sign: int, ticks: int) -> int:
        """Returns how much is bid (+1) or asked (-1) no further than so many ticks from the best of its side."""
        side, best = self._side(sign)
        return sum(size for price, size in side.items() if (best - price) * sign <= ticks)

    def cost_to_fill(self, sign: int, qty: int) -> Cost:
        """Returns what a buy (+1) or a sale (-1) of so many lots would take: all of it, or as much as there is.

        Gives: the sum of price times size, exact, and the worst price taken, 0 where nothing is taken.
        """
        levels = self.asks() if sign > 0 else self.bids()
        left, notional, worst = qty, 0, 0
        for price, size in levels:
            taken = min(left, size)
            if taken <= 0:
                break
            left, notional, worst = left - taken, notional + taken * price, price
        return Cost(qty - left, notional, worst)

    def imbalance(self, ticks: int) -> tuple[int, int]:
        """Returns how much is bid and how much is asked within so many ticks of the best: a ratio is the reader's."""
        return self.depth_within(1, ticks), self.depth_within(-1, ticks)

    def _side(self, sign: int) -> tuple[dict[int, int], int]:
        return (self._bids, self.best_bid) if sign > 0 else (self._asks, self.best_ask)
