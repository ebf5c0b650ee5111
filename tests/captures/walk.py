"""A random walk of a book in which levels come, change and go and nothing is ever crossed."""

from __future__ import annotations

import random
from typing import NamedTuple

from flatbook.market.depth import Grid
from flatbook.market.orderbook import Level, OrderBook

GRID = Grid(2, 4)
MIDDLE, SPAN = 6_000_000, 40


class Change(NamedTuple):
    """What changes in a step, and the whole book before and after it."""

    bids: list[Level]
    asks: list[Level]
    bids_before: list[Level]
    asks_before: list[Level]
    bids_after: list[Level]
    asks_after: list[Level]

    def book(self) -> OrderBook:
        """Returns the book after the step."""
        book = OrderBook()
        book.replace(self.bids_after, self.asks_after)
        return book


def walk(chance: random.Random, count: int) -> list[Change]:
    """Returns the steps of a walk."""
    book = OrderBook()
    book.replace(
        [(MIDDLE - at, chance.randint(1, 99_999)) for at in range(1, SPAN)],
        [(MIDDLE + at, chance.randint(1, 99_999)) for at in range(1, SPAN)],
    )
    return [_step(chance, book) for _ in range(count)]


def _step(chance: random.Random, book: OrderBook) -> Change:
    before = list(book.bids()), list(book.asks())
    sizes = [(chance.randint(1, SPAN), chance.choice((0, chance.randint(1, 99_999)))) for _ in range(6)]
    bids = list({MIDDLE - at: size for at, size in sizes[:3]}.items())
    asks = list({MIDDLE + at: size for at, size in sizes[3:]}.items())
    for price, size in bids:
        book.set_bid(price, size)
    for price, size in asks:
        book.set_ask(price, size)
    return Change(bids, asks, *before, list(book.bids()), list(book.asks()))
