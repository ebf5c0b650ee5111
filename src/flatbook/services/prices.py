"""Feeds prices into an engine: recorded ones as their instants come, quotes as they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec

from flatbook.engine.ports import Clock, QuoteSource
from flatbook.market.quotes import Quote
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.money import NUMBER_DECIMALS_MAX, Price, cut

Observe = Callable[[Underlying, SourceId, Quote], bool]


class PriceFeed(Protocol):
    """Recorded prices that become known one by one."""

    def write(self, observe: Observe, now: Instant) -> int:
        """States what is known at `now`. Returns how many observations were news."""
        ...

    def next_change(self, after: Instant) -> Instant | None:
        """Returns the first instant later than `after` at which a price may change; None after the last."""
        ...


class InDollars:
    """A feed of prices in another asset, stated in USD at the mark of that asset."""

    def __init__(self, feed: PriceFeed, mark: Price) -> None:
        self._feed, self._mark = feed, mark

    def write(self, observe: Observe, now: Instant) -> int:
        """States what is known at `now`, in USD. Returns how many observations were news."""

        def in_usd(underlying: Underlying, source: SourceId, quote: Quote) -> bool:
            price = Price(cut(quote.price * self._mark, decimals=NUMBER_DECIMALS_MAX))
            return observe(underlying, source, msgspec.structs.replace(quote, price=price))

        return self._feed.write(in_usd, now)

    def next_change(self, after: Instant) -> Instant | None:
        """Returns the first instant later than `after` at which a price may change; None after the last."""
        return self._feed.next_change(after)


async def follow_prices(feed: PriceFeed, observe: Observe, clock: Clock) -> None:
    """States each price of a feed when its instant has come, until the feed ends."""
    feed.write(observe, clock.now())
    while (at := feed.next_change(clock.now())) is not None:
        await clock.sleep_until(at)
        feed.write(observe, clock.now())


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A source of quotes, and the seconds between two questions."""

    source: QuoteSource
    poll_s: int


async def follow_quotes(asked: Asked, observe: Observe, clock: Clock) -> None:
    """Asks a source of quotes for ever, and states what it answers; where it does not, prices grow old.

    Gives: a price that cannot be one is passed over.
    """
    while True:
        answer = await asked.source.quotes()
        if isinstance(answer, tuple):
            for underlying, quote in answer:
                with suppress(ValueError):
                    observe(underlying, asked.source.source, quote)
        await clock.sleep_until(later(clock.now(), seconds=asked.poll_s))
