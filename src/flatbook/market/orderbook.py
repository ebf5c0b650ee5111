"""A book of what a venue shows: how much is offered at each price, in whole ticks and lots.

Each side is a dict from price to size, beside its best price. Deleting the best looks for the next one tick by tick, as
books are dense near their best; past WALK_MAX empty ticks it takes the best of all.

Units: prices in ticks, sizes in lots, both ints; a price is above zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

WALK_MAX = 64
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

    __slots__ = ("_asks", "_bids", "_under", "best_ask", "best_bid")

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self.best_bid = self.best_ask = 0
        self._under = PRICE_BOUND  # an ask under this is the best: the best one, or the bound while there is none

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forgets all levels and takes those of a snapshot; levels without size are left out."""
        self._bids = {price: size for price, size in bids if size}
        self._asks = {price: size for price, size in asks if size}
        self.best_bid = max(self._bids, default=0)
        self.best_ask = min(self._asks, default=0)
        self._under = self.best_ask or PRICE_BOUND

    def change(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Sets how much is bid and asked at some prices, as `set_bid` and `set_ask` do for one."""
        held, best = self._bids, self.best_bid
        for price, size in bids:
            if size:
                held[price] = size
                if price > best:  # noqa: PLR1730 (a call costs more than the comparison)
                    best = price
            elif held.pop(price, 0) and price == best:
                best = self._bid_below(price)
        self.best_bid = best
        held, under = self._asks, self._under
        for price, size in asks:
            if size:
                held[price] = size
                if price < under:  # noqa: PLR1730
                    under = price
            elif held.pop(price, 0) and price == under:
                under = self._ask_above(price) or PRICE_BOUND
        self._under, self.best_ask = under, under if under != PRICE_BOUND else 0

    def set_bid(self, price: int, size: int) -> None:
        """Sets how much is bid at a price; zero takes the level away."""
        if size:
            self._bids[price] = size
            if price > self.best_bid:  # noqa: PLR1730 (a call costs more than the comparison)
                self.best_bid = price
        elif self._bids.pop(price, 0) and price == self.best_bid:
            self.best_bid = self._bid_below(price)

    def set_ask(self, price: int, size: int) -> None:
        """Sets how much is asked at a price; zero takes the level away."""
        if size:
            self._asks[price] = size
            if price < self._under:
                self._under = self.best_ask = price
        elif self._asks.pop(price, 0) and price == self.best_ask:
            self.best_ask = self._ask_above(price)
            self._under = self.best_ask or PRICE_BOUND

    def _bid_below(self, price: int) -> int:
        bids, last = self._bids, price - WALK_MAX
        while price > last:
            price -= 1
            if price in bids:
                return price
        return max(bids, default=0)

    def _ask_above(self, price: int) -> int:
        asks, last = self._asks, price + WALK_MAX
        while price < last:
            price += 1
            if price in asks:
                return price
        return min(asks, default=0)

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
        return ((price, bids[price]) for price in sorted(bids, reverse=True))

    def asks(self) -> Iterator[Level]:
        """Yields the levels asked, best first."""
        asks = self._asks
        return ((price, asks[price]) for price in sorted(asks))

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
