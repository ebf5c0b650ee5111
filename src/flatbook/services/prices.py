"""Feeds prices into an engine as their instants come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from flatbook.engine.ports import Clock
from flatbook.market.quotes import Quote
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant

Observe = Callable[[Underlying, SourceId, Quote], bool]


class PriceFeed(Protocol):
    """Recorded prices that become known one by one."""

    def write(self, observe: Observe, now: Instant) -> int:
        """States what is known at `now`. Returns how many observations were news."""
        ...

    def next_change(self, after: Instant) -> Instant | None:
        """Returns the first instant later than `after` at which a price may change; None after the last."""
        ...


async def follow_prices(feed: PriceFeed, observe: Observe, clock: Clock) -> None:
    """States each price of a feed when its instant has come, until the feed ends."""
    feed.write(observe, clock.now())
    while (at := feed.next_change(clock.now())) is not None:
        await clock.sleep_until(at)
        feed.write(observe, clock.now())
