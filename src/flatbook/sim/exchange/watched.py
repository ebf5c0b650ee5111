"""A market that is only watched, live or recorded: our orders meet it by the rule of the backtest, and never move it.

This is the paper exchange. Orders of accounts meet the market that is displayed, and not each other. What is displayed
serves one execution: what an order took of a level is gone until the level goes and comes again.
Units: as in pit.py; `share` in millionths, the part of cancellations that stood before an order.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping

from flatbook.matcher.order_book import Match
from flatbook.matcher.rule import (
    after_level,
    after_trade,
    goes_through,
    left_without_trade,
    reached,
    takes,
)
from flatbook.sim.exchange.pit import FIRST_UPDATE_ID, OUTSIDE


class _Waiting:
    """An order of ours in its queue: what stands before it, and what traded at its price since its level was told."""

    __slots__ = ("ahead", "left", "order_id", "price", "sign", "traded")

    def __init__(self, order_id: str, sign: int, price: int, left: int, ahead: int) -> None:
        self.order_id, self.sign, self.price, self.left, self.ahead = order_id, sign, price, left, ahead
        self.traded = 0


class WatchedPit:
    """The displayed book of one market, and our orders before it. Takes the place of a Pit.

    The prices of a side are kept sorted by `sign * price`, best last.
    """

    def __init__(self, share: int = 0) -> None:
        self.levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.update_id, self.flushes = FIRST_UPDATE_ID, 0
        self._share = share
        self._ranks: dict[int, list[int]] = {1: [], -1: []}
        self._taken: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self._waiting: dict[str, _Waiting] = {}
        self._changed: dict[tuple[int, int], int] = {}

    def first(self, sign: int) -> Match | None:
        """Returns the best level of a side that has something left."""
        for rank in reversed(self._ranks[sign]):
            price = sign * rank
            left = self.levels[sign][price] - self._taken[sign].get(price, 0)
            if left > 0:
                return Match(OUTSIDE, price, left)
        return None

    def best(self, sign: int) -> int | None:
        """Returns the best price of a side."""
        return sign * self._ranks[sign][-1] if self._ranks[sign] else None

    def take(self, sign: int, lots: int, limit: int | None) -> list[Match]:
        """Takes what is displayed and left, up to a limit."""
        matches = []
        while lots > 0 and (first := self.first(-sign)) is not None:
            if limit is not None and sign * (first.price - limit) > 0:
                break
            part = min(lots, first.qty)
            taken = self._taken[-sign]
            taken[first.price] = taken.get(first.price, 0) + part
            matches.append(Match(OUTSIDE, first.price, part))
            lots -= part
        return matches

    def rest(self, order_id: str, sign: int, price: int, lots: int) -> None:
        """Puts an order behind all that is displayed at its price."""
        self._waiting[order_id] = _Waiting(order_id, sign, price, lots, self.levels[sign].get(price, 0))

    def cancel(self, order_id: str, _sign: int, _price: int) -> int:
        """Takes an order out. Returns what was left of it."""
        order = self._waiting.pop(order_id, None)
        return 0 if order is None else order.left

    def left(self, order_id: str) -> int:
        """Returns what is left of a resting order."""
        order = self._waiting.get(order_id)
        return 0 if order is None else order.left

    def within(self, sign: int, limit: int | None) -> int:
        """Returns how many lots an arriving order of this sign could take up to its limit."""
        return sum(
            max(lots - self._taken[-sign].get(price, 0), 0)
            for price, lots in self.levels[-sign].items()
            if limit is None or sign * (price - limit) <= 0
        )

    def walk(self, sign: int, lots: int) -> list[tuple[int, int]]:
        """Returns the prices and quantities that an order of so many lots would take, best first."""
        taken = []
        for price in self.prices(-sign):
            part = min(lots, self.levels[-sign][price] - self._taken[-sign].get(price, 0))
            if part > 0:
                taken.append((price, part))
                lots -= part
        return taken

    def prices(self, sign: int) -> list[int]:
        """Returns the prices of a side, best first."""
        return [sign * rank for rank in reversed(self._ranks[sign])]

    def quote(self, wanted: Mapping[int, Mapping[int, int]]) -> list[tuple[int, Match]]:
        """Takes all levels that are displayed now, by sign and price, as one message. Returns executions of ours.

        Gives: the sign of the side of the market that came to our order, with each execution at our price.
        """
        gone = {
            sign: {price: 0 for price in self.levels[sign] if price not in wanted.get(sign, {})} for sign in (1, -1)
        }
        return self.change({sign: {**gone[sign], **wanted.get(sign, {})} for sign in (1, -1)})

    def change(self, told: Mapping[int, Mapping[int, int]]) -> list[tuple[int, Match]]:
        """Takes the levels that one message tells, by sign and price; others stay. Gives: as quote."""
        for sign in (1, -1):
            for price, size in told.get(sign, {}).items():
                self._set(sign, price, size)
        for sign in (1, -1):
            best = self.best(sign)
            for order in self._of(sign):
                if best is None or (order.price - best) * sign > 0:
                    order.ahead = order.traded = 0
        return [(-sign, match) for sign in (1, -1) for match in self._cross(sign)]

    def hit(self, sign: int, lots: int, price: int) -> list[Match]:
        """Takes a trade of the market at a price, of a taker of this sign. Returns executions of ours."""
        matches, rest_of = [], lots
        for order in self._of(-sign):
            if goes_through(order.sign, order.price, price):
                order.ahead = 0
                got = min(order.left, rest_of)
            elif order.price == price:
                got = min(order.left, reached(order.ahead, lots), rest_of)
                order.ahead = after_trade(order.ahead, lots)
                order.traded += lots
            else:
                break
            if got > 0:
                rest_of -= got
                matches.append(self._executed(order, got))
            if rest_of <= 0:
                break
        return matches

    def flush(self) -> tuple[int, int, dict[tuple[int, int], int]] | None:
        """Returns what changed since the last time as (first id, last id, quantities), None when nothing did."""
        if not self._changed:
            return None
        self.flushes += 1
        first = self.update_id + 1
        self.update_id += len(self._changed)
        changed, self._changed = self._changed, {}
        return first, self.update_id, changed

    def _set(self, sign: int, price: int, size: int) -> None:
        before = self.levels[sign].get(price, 0)
        for order in self._waiting.values():
            if (order.sign, order.price) == (sign, price):
                gone = left_without_trade(before, size, order.traded)
                order.ahead = after_level(order.ahead, gone, size, self._share)
                order.traded = 0
        if before == size:
            return
        ranks = self._ranks[sign]
        if size:
            self.levels[sign][price] = size
            if not before:
                insort(ranks, sign * price)
        else:
            del self.levels[sign][price]
            del ranks[bisect_left(ranks, sign * price)]
            self._taken[sign].pop(price, None)
        self._changed[(sign, price)] = size

    def _cross(self, sign: int) -> list[Match]:
        """Executes our orders of one side to which the other side of the market has come."""
        matches = []
        for order in self._of(sign):
            bid, ask = self.best(1) or 0, self.best(-1) or 0
            if not takes(sign, order.price, bid, ask):
                break
            got = sum(match.qty for match in self.take(sign, order.left, order.price))
            if not got:
                break
            matches.append(self._executed(order, got))
        return matches

    def _executed(self, order: _Waiting, lots: int) -> Match:
        order.left -= lots
        if not order.left:
            del self._waiting[order.order_id]
        return Match(order.order_id, order.price, lots)

    def _of(self, sign: int) -> list[_Waiting]:
        """Returns our orders of a side in the order in which they execute: by price, then by time."""
        return sorted(
            (order for order in self._waiting.values() if order.sign == sign), key=lambda order: -sign * order.price
        )
