"""Reference prices of underlyings, one per source, the newest only."""

from __future__ import annotations

import msgspec

from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import Price


class Quote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A price that a source states for an underlying.

    Units: price in USD per share, above zero. `happened_at` is the source's instant, which ages the price.
    """

    price: Price
    happened_at: Instant
    seen_at: Instant


class Market:
    """The newest quote of each (underlying, source); adapters write it by direct call, deciders read it."""

    def __init__(self) -> None:
        self._quotes: dict[tuple[Underlying, SourceId], Quote] = {}

    def write(self, underlying: Underlying, source: SourceId, quote: Quote) -> bool:
        """Keeps a quote unless it is older than the one held. Returns whether it was kept.

        Errors: ValueError when the price is not above zero.
        """
        if not quote.price > 0:
            raise ValueError(f"{source} states a price of {quote.price} for {underlying}")
        held = self._quotes.get((underlying, source))
        if held is not None and held.happened_at > quote.happened_at:
            return False
        self._quotes[underlying, source] = quote
        return True

    def quote(self, underlying: Underlying, source: SourceId) -> Quote | None:
        """Returns the newest quote of a source, whatever its age; None when it never stated one."""
        return self._quotes.get((underlying, source))
