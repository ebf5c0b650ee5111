"""Reference prices of underlyings, one per source, the newest only."""

from __future__ import annotations

import msgspec

from flatbook.market.candles import Candles
from flatbook.market.sights import NothingSeen, Sights
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.money import ZERO, Price, check_number

PRICE_INTEGER_DIGITS_MAX = 12
AHEAD_S_MAX = 5


class Quote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A price that a source states for an underlying.

    Units: price in USD per share, above zero. `happened_at` is the source's instant, which ages the price.
    """

    price: Price
    happened_at: Instant
    seen_at: Instant


class Market:
    """The newest quote of each (underlying, source); adapters write it by direct call, deciders read it.

    `sights` are the books and features that quoting strategies see.
    """

    def __init__(self, sights: Sights | None = None) -> None:
        self.sights: Sights = NothingSeen() if sights is None else sights
        self._quotes: dict[tuple[Underlying, SourceId], Quote] = {}
        self.candles = Candles()

    def write(self, underlying: Underlying, source: SourceId, quote: Quote) -> bool:
        """Keeps a quote unless it is older than the one held, or from the future. Returns whether it was kept.

        A quote more than AHEAD_S_MAX seconds ahead of our clock would never grow old and would keep out all later ones.
        Errors: ValueError when the price is no number above zero with at most 12 integer digits and 18 decimals.
        """
        check_price(quote.price)
        held = self._quotes.get((underlying, source))
        if held is not None and held.happened_at > quote.happened_at:
            return False
        if quote.happened_at > later(quote.seen_at, seconds=AHEAD_S_MAX):
            return False
        self._quotes[underlying, source] = quote
        return True

    def quote(self, underlying: Underlying, source: SourceId) -> Quote | None:
        """Returns the newest quote of a source, whatever its age; None when it never stated one."""
        return self._quotes.get((underlying, source))


def check_price(price: Price) -> None:
    """Returns where a price can be one, and raises where it cannot.

    Units: USD per share.
    Errors: NumberRefused (a ValueError) when it is not finite or too long, ValueError when it is not above zero.
    """
    if not check_number(price) > ZERO or price.adjusted() >= PRICE_INTEGER_DIGITS_MAX:
        raise ValueError(f"a price of {price} is out of bounds: it must be above zero and below 1e12")
