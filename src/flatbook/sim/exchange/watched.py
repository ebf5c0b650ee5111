"""A market that is only watched, live or recorded: our orders meet it by the rule of the backtest, and never move it.

This is the paper exchange: the matching is that of matcher/observed.py. Orders of accounts meet the market that is
displayed, and not each other.
Units: as in pit.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.matcher.observed import Fill, ObservedMarket, Style
from flatbook.matcher.order_book import Match
from flatbook.sim.exchange.pit import FIRST_UPDATE_ID, OUTSIDE

ANY_PRICE = {1: 2**62, -1: 1}
TAKER = "taker"


class WatchedPit:
    """The displayed book of one market, and our orders before it. Takes the place of a Pit."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.update_id, self.flushes = FIRST_UPDATE_ID, 0
        self._market = ObservedMarket(has_levels=True)
        self._signs: dict[str, int] = {}
        self._changed: dict[tuple[int, int], int] = {}

    def first(self, sign: int) -> Match | None:
        """Returns the best level of a side that has something left."""
        price, left = next(self._market.offered(-sign, ANY_PRICE[-sign]), (0, 0))
        return Match(OUTSIDE, price, left) if left else None

    def best(self, sign: int) -> int | None:
        """Returns the best price of a side."""
        book = self._market.book
        return (book.best_bid if sign > 0 else book.best_ask) or None

    def take(self, sign: int, lots: int, limit: int | None) -> list[Match]:
        """Takes what is displayed and left, up to a limit."""
        price = ANY_PRICE[sign] if limit is None else limit
        arrival = self._market.arrive(TAKER, sign, price, lots, Style.IOC)
        return [Match(OUTSIDE, fill.price, fill.qty) for fill in arrival.fills]

    def rest(self, order_id: str, sign: int, price: int, lots: int) -> None:
        """Puts an order behind all that is displayed at its price.

        Needs: it has taken what it could: anything else that it could take is gone for it.
        """
        self._signs[order_id] = sign
        self._market.rest(order_id, sign, price, lots)

    def cancel(self, order_id: str, _sign: int, _price: int) -> int:
        """Takes an order out. Returns what was left of it."""
        self._signs.pop(order_id, None)
        return self._market.cancel(order_id)

    def left(self, order_id: str) -> int:
        """Returns what is left of a resting order."""
        return self._market.left(order_id)

    def within(self, sign: int, limit: int | None) -> int:
        """Returns how many lots an arriving order of this sign could take up to its limit."""
        return sum(left for _, left in self._market.offered(sign, ANY_PRICE[sign] if limit is None else limit))

    def walk(self, sign: int, lots: int) -> list[tuple[int, int]]:
        """Returns the prices and quantities that an order of so many lots would take, best first."""
        taken = []
        for price, left in self._market.offered(sign, ANY_PRICE[sign]):
            if lots <= 0:
                break
            taken.append((price, min(lots, left)))
            lots -= left
        return taken

    def prices(self, sign: int) -> list[int]:
        """Returns the prices of a side, best first."""
        book = self._market.book
        return [price for price, _ in (book.bids() if sign > 0 else book.asks())]

    def quote(self, wanted: Mapping[int, Mapping[int, int]]) -> list[tuple[int, Match]]:
        """Takes all levels that are displayed now, by sign and price, as one message. Returns executions of ours.

        Gives: the sign of the side of the market that came to our order, with each execution at our price.
        """
        gone = {sign: [price for price in self.levels[sign] if price not in wanted.get(sign, {})] for sign in (1, -1)}
        return self.change({sign: {**dict.fromkeys(gone[sign], 0), **wanted.get(sign, {})} for sign in (1, -1)})

    def change(self, told: Mapping[int, Mapping[int, int]]) -> list[tuple[int, Match]]:
        """Takes the levels that one message tells, by sign and price; others stay. Gives: as quote."""
        for sign in (1, -1):
            levels = self.levels[sign]
            for price, size in told.get(sign, {}).items():
                self._market.set_level(sign, price, size)
                if levels.get(price, 0) != size:
                    self._changed[(sign, price)] = size
                if size:
                    levels[price] = size
                else:
                    levels.pop(price, None)
        return [(-self._signs[fill.order_id], self._met(fill)) for fill in self._market.whole()]

    def hit(self, sign: int, lots: int, price: int) -> list[Match]:
        """Takes a trade of the market at a price, of a taker of this sign. Returns executions of ours."""
        return [self._met(fill) for fill in self._market.trade(price, lots, sign)]

    def flush(self) -> tuple[int, int, dict[tuple[int, int], int]] | None:
        """Returns what changed since the last time as (first id, last id, quantities), None when nothing did."""
        if not self._changed:
            return None
        self.flushes += 1
        first = self.update_id + 1
        self.update_id += len(self._changed)
        changed, self._changed = self._changed, {}
        return first, self.update_id, changed

    @staticmethod
    def _met(fill: Fill) -> Match:
        return Match(fill.order_id, fill.price, fill.qty)
