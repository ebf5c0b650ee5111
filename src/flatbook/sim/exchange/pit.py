"""One market's order book at the simulated exchange: orders of accounts, and liquidity that comes from outside.

The matching is that of matcher/order_book.py. The pit counts what rests at each price and numbers each change of it.
Units: ticks and lots; `sign` is +1 for buys.
"""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.matcher.order_book import Match, OrderBook

OUTSIDE = "~"
FIRST_UPDATE_ID = 1_000


class Pit:
    """The book of one market."""

    def __init__(self) -> None:
        self._book = OrderBook()
        self.levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.update_id = FIRST_UPDATE_ID
        self._changed: dict[tuple[int, int], int] = {}
        self._outside: dict[int, dict[int, list[str]]] = {1: {}, -1: {}}
        self._count = 0
        self.flushes = 0

    def first(self, sign: int) -> Match | None:
        """Returns the order of a side that would be hit next."""
        return self._book.first(sign)

    def best(self, sign: int) -> int | None:
        """Returns the best price of a side."""
        return self._book.best(sign)

    def take(self, sign: int, lots: int, limit: int | None) -> list[Match]:
        """Matches what arrives with what rests."""
        matches = self._book.take(sign, lots, limit)
        for match in matches:
            self._add(-sign, match.price, -match.qty)
            if match.maker.startswith(OUTSIDE) and not self._book.left(match.maker):
                self._forget(-sign, match.price, match.maker)
        return matches

    def rest(self, order_id: str, sign: int, price: int, lots: int) -> None:
        """Puts an order behind all others of its price."""
        self._book.rest(order_id, sign, price, lots)
        self._add(sign, price, lots)

    def cancel(self, order_id: str, sign: int, price: int) -> int:
        """Takes an order out. Returns what was left of it."""
        left = self._book.cancel(order_id)
        if left:
            self._add(sign, price, -left)
        return left

    def left(self, order_id: str) -> int:
        """Returns what is left of a resting order."""
        return self._book.left(order_id)

    def within(self, sign: int, limit: int | None) -> int:
        """Returns how many lots an arriving order of this sign could take up to its limit."""
        return sum(lots for price, lots in self.levels[-sign].items() if limit is None or sign * (price - limit) <= 0)

    def walk(self, sign: int, lots: int) -> list[tuple[int, int]]:
        """Returns the prices and quantities that an order of so many lots would take, best first."""
        taken = []
        for price in self.prices(-sign):
            if lots <= 0:
                break
            part = min(lots, self.levels[-sign][price])
            taken.append((price, part))
            lots -= part
        return taken

    def prices(self, sign: int) -> list[int]:
        """Returns the prices of a side, best first."""
        return sorted(self.levels[sign], key=lambda price: -sign * price)

    def quote(self, wanted: Mapping[int, Mapping[int, int]]) -> list[tuple[int, Match]]:
        """Makes the liquidity from outside what is wanted, by sign and price. Returns trades with orders of accounts.

        What shrinks leaves from its newest part, what grows goes behind. A level that crosses orders of accounts takes
        them first. Gives: the sign of the side from outside that took, with each match.
        """
        for sign in (1, -1):
            for price in tuple(self._outside[sign]):
                self._shrink(sign, price, wanted.get(sign, {}).get(price, 0))
        matches: list[tuple[int, Match]] = []
        for sign in (1, -1):
            for price, lots in wanted.get(sign, {}).items():
                grown = lots - sum(self._book.left(each) for each in self._outside[sign].get(price, ()))
                if grown > 0:
                    matches += [(sign, match) for match in self._arrive(sign, price, grown)]
        return matches

    def change(self, told: Mapping[int, Mapping[int, int]]) -> list[tuple[int, Match]]:
        """Makes the liquidity from outside what is told at some prices; it stays at others. Gives: as quote."""
        stands = {
            sign: {price: sum(map(self._book.left, orders)) for price, orders in self._outside[sign].items()}
            for sign in (1, -1)
        }
        return self.quote({sign: {**stands[sign], **told.get(sign, {})} for sign in (1, -1)})

    def flush(self) -> tuple[int, int, dict[tuple[int, int], int]] | None:
        """Returns what changed since the last time as (first id, last id, quantities), None when nothing did."""
        if not self._changed:
            return None
        self.flushes += 1
        first = self.update_id + 1
        self.update_id += len(self._changed)
        changed, self._changed = self._changed, {}
        return first, self.update_id, changed

    def _arrive(self, sign: int, price: int, lots: int) -> list[Match]:
        matches = self.take(sign, lots, price)
        lots -= sum(match.qty for match in matches)
        if lots:
            self._count += 1
            order_id = f"{OUTSIDE}{self._count}"
            self.rest(order_id, sign, price, lots)
            self._outside[sign].setdefault(price, []).append(order_id)
        return matches

    def _shrink(self, sign: int, price: int, lots: int) -> None:
        orders = self._outside[sign][price]
        over = sum(self._book.left(each) for each in orders) - lots
        while over > 0:
            newest = orders.pop()
            left = self.cancel(newest, sign, price)
            if left > over:
                self.rest(newest, sign, price, left - over)
                orders.append(newest)
            over -= left
        if not orders:
            self._outside[sign].pop(price, None)

    def _forget(self, sign: int, price: int, order_id: str) -> None:
        orders = self._outside[sign].get(price, [])
        if order_id in orders:
            orders.remove(order_id)
        if not orders:
            self._outside[sign].pop(price, None)

    def _add(self, sign: int, price: int, lots: int) -> None:
        level = self.levels[sign].get(price, 0) + lots
        if level:
            self.levels[sign][price] = level
        else:
            self.levels[sign].pop(price, None)
        self._changed[(sign, price)] = level
