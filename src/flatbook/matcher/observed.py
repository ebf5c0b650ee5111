"""Our orders in a market that is only observed: recorded, or live and traded on paper. It follows `rule` to the letter.

A book with levels is written level by level and then said to be whole; a market of which only the touch is known is
shown touch by touch. Whatever executes comes back at once, to be told with the latency of whoever asks.

Units: prices in ticks, sizes in lots; `sign` is +1 for a buy or the bids and -1 for a sale or the asks.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from flatbook.market.orderbook import OrderBook
from flatbook.matcher.rule import (
    UNSEEN,
    after_level,
    after_trade,
    goes_through,
    left_without_trade,
    reached,
    takes,
)


class Style(Enum):
    """How an order meets the market on arrival."""

    LIMIT = 0
    POST_ONLY = 1
    IOC = 2


class Fill(NamedTuple):
    """One execution of an order of ours. Units: ticks, lots; `ahead` is what stood before it when it came to rest."""

    order_id: str
    price: int
    qty: int
    is_maker: bool
    ahead: int


class Arrival(NamedTuple):
    """What became of an order that arrived: executions at once, and what is left of it, at rest unless it ended."""

    is_refused: bool
    fills: list[Fill]
    left: int
    rests: bool


class _Resting:
    __slots__ = ("ahead", "ahead_first", "left", "order_id", "price", "reduces", "sign", "traded")

    def __init__(self, order_id: str, sign: int, price: int, left: int) -> None:
        self.order_id, self.sign, self.price, self.left, self.reduces = order_id, sign, price, left, False
        self.ahead = self.ahead_first = self.traded = 0


_Entry = tuple[int, int, _Resting]


class ObservedMarket:
    """One instrument as it is observed, and our orders there.

    `share` is how much of what is canceled at a price stood before our order, in millionths. `front` says that nothing
    stands before an order at a price whose size is not known; else all that is first seen there does. `position` is
    what our orders traded here: one that may only reduce it gets no more than it is.
    """

    def __init__(self, *, has_levels: bool, share: int = 0, front: bool = False) -> None:
        self.has_levels, self._share, self._front = has_levels, share, front
        self.book = OrderBook()
        self._taken: dict[tuple[int, int], int] = {}
        self._sides: dict[int, list[_Entry]] = {1: [], -1: []}
        self._orders: dict[str, _Entry] = {}
        self._turns = self.position = 0

    # What is observed.

    def show_touch(self, bid: int, bid_size: int, ask: int, ask_size: int) -> list[Fill]:
        """Takes the best of both sides of a market without levels; 0 where a side is empty."""
        for sign, price, size in ((1, bid, bid_size), (-1, ask, ask_size)):
            self._move_touch(sign, price, size)
        self.book.replace([(bid, bid_size)] if bid else [], [(ask, ask_size)] if ask else [])
        return self._crossed()

    def _move_touch(self, sign: int, price: int, size: int) -> None:
        best = self._best(sign)
        if best != price:
            self._taken.pop((sign, best), None)
        before = self._size(sign, best) if best == price else size
        for _, _, order in self._sides[sign]:
            if order.price == price:
                self._move_level(order, before, size)
            elif price == 0 or (order.price - price) * sign > 0:
                order.ahead = order.traded = 0

    def set_level(self, sign: int, price: int, size: int) -> None:
        """Takes another size at a price; 0 takes the level away. `whole` must follow at the end of the message."""
        before = self._size(sign, price)
        if sign > 0:
            self.book.set_bid(price, size)
        else:
            self.book.set_ask(price, size)
        if not size:
            self._taken.pop((sign, price), None)
        for _, _, order in self._sides[sign]:
            if order.price == price:
                self._move_level(order, before, size)

    def _move_level(self, order: _Resting, before: int, size: int) -> None:
        gone = left_without_trade(before, size, order.traded)
        order.ahead = after_level(order.ahead, gone, size, self._share)
        order.traded = 0

    def whole(self) -> list[Fill]:
        """Takes that all levels of a message are written, and returns what the market has come to."""
        return self._crossed()

    def clear(self) -> None:
        """Forgets what is displayed: it is not known from here on."""
        self.book.replace([], [])
        self._taken.clear()

    def trade(self, price: int, qty: int, taker: int) -> list[Fill]:
        """Takes a trade. `taker` is the sign of who took, 0 where that is not known: then it only goes through."""
        fills: list[Fill] = []
        for sign in (1, -1):
            if taker in (0, -sign):
                fills += self._traded(sign, price, qty, hits=taker != 0)
        return fills

    def _traded(self, sign: int, price: int, qty: int, *, hits: bool) -> list[Fill]:
        fills: list[Fill] = []
        rest, here = qty, 0
        for _, _, order in tuple(self._sides[sign]):
            got = 0
            if goes_through(sign, order.price, price):
                order.ahead = 0
                got = min(self._most(order), rest)
            elif order.price == price and hits:
                got = max(0, min(self._most(order), reached(order.ahead, qty) - here, rest))
                here += got
                order.ahead = after_trade(order.ahead, qty)
                order.traded += qty
            elif order.price != price:
                break
            if got:
                rest -= got
                fills.append(self._execute(order, got))
        return fills

    # What we do.

    def arrive(self, order_id: str, sign: int, price: int, qty: int, style: Style) -> Arrival:
        """Lets an order arrive: it is refused, takes what is displayed, and rests or ends.

        Errors: ValueError when the id rests already or there is nothing to buy or sell.
        """
        if qty <= 0 or order_id in self._orders:
            raise ValueError(f"order {order_id} of {qty} lots cannot arrive")
        crosses = self.would_take(sign, price)
        if style is Style.POST_ONLY and crosses:
            return Arrival(is_refused=True, fills=[], left=qty, rests=False)
        fills: list[Fill] = []
        if crosses:
            for at, got in self._take(-sign, price, qty):
                fills.append(Fill(order_id, at, got, is_maker=False, ahead=0))
                qty -= got
                self.position += sign * got
        rests = qty > 0 and style is not Style.IOC
        if rests:
            self.rest(order_id, sign, price, qty)
        return Arrival(is_refused=False, fills=fills, left=qty, rests=rests)

    def would_take(self, sign: int, price: int) -> bool:
        """Returns whether an order would trade at once."""
        return takes(sign, price, self.book.best_bid, self.book.best_ask)

    def only_reduces(self, order_id: str) -> None:
        """Lets an order, where it rests, get no more than it may reduce the position by."""
        if order_id in self._orders:
            self._orders[order_id][2].reduces = True

    def rest(self, order_id: str, sign: int, price: int, qty: int) -> None:
        """Puts an order behind all that is displayed at its price.

        Needs: it has taken what it could, as in `arrive`.
        """
        order = _Resting(order_id, sign, price, qty)
        order.ahead = self._ahead(sign, price)
        order.ahead_first = order.ahead
        self._turns += 1
        entry = (-sign * price, self._turns, order)
        insort(self._sides[sign], entry)
        self._orders[order_id] = entry

    def _ahead(self, sign: int, price: int) -> int:
        best = self._best(sign)
        if self.has_levels or best == price:
            return self._size(sign, price)
        is_known = best != 0 and (best - price) * sign < 0
        return 0 if is_known or self._front else UNSEEN

    def cancel(self, order_id: str) -> int:
        """Takes an order out. Returns what was left of it, 0 where it does not rest here."""
        entry = self._orders.pop(order_id, None)
        if entry is None:
            return 0
        self._sides[entry[2].sign].remove(entry)
        return entry[2].left

    def left(self, order_id: str) -> int:
        """Returns what is left of an order at rest, 0 where it does not rest here."""
        entry = self._orders.get(order_id)
        return 0 if entry is None else entry[2].left

    # What follows.

    def _most(self, order: _Resting) -> int:
        """Returns how much of an order may execute."""
        return min(order.left, max(-self.position * order.sign, 0)) if order.reduces else order.left

    def _execute(self, order: _Resting, got: int) -> Fill:
        order.left -= got
        self.position += order.sign * got
        if not order.left:
            self.cancel(order.order_id)
        return Fill(order.order_id, order.price, got, is_maker=True, ahead=order.ahead_first)

    def _crossed(self) -> list[Fill]:
        fills: list[Fill] = []
        for sign in (1, -1):
            for _, _, order in tuple(self._sides[sign]):
                if not takes(sign, order.price, self.book.best_bid, self.book.best_ask):
                    break
                most = self._most(order)
                got = sum(qty for _, qty in self._take(-sign, order.price, most))
                if not most:
                    continue
                if not got:
                    break
                fills.append(self._execute(order, got))
        return fills

    def _take(self, sign: int, limit: int, want: int) -> list[tuple[int, int]]:
        """Takes from the levels of a side, best first, no further than a limit; what was taken is not there again."""
        got: list[tuple[int, int]] = []
        for price, left in self.offered(-sign, limit):
            if want <= 0:
                break
            part = min(want, left)
            self._taken[sign, price] = self._taken.get((sign, price), 0) + part
            got.append((price, part))
            want -= part
        return got

    def offered(self, sign: int, limit: int) -> Iterator[tuple[int, int]]:
        """Yields what an order of this sign could take up to its limit, best price first. Units: ticks, lots."""
        for price, size in self.book.asks() if sign > 0 else self.book.bids():
            if (price - limit) * sign > 0:
                return
            left = size - self._taken.get((-sign, price), 0)
            if left > 0:
                yield price, left

    def _best(self, sign: int) -> int:
        return self.book.best_bid if sign > 0 else self.book.best_ask

    def _size(self, sign: int, price: int) -> int:
        return self.book.size(sign, price)
