"""Recorded minute bars: what was known of a price at an instant, and when an order would have met the market."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from flatbook.market.quotes import Quote
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price

BAR_S = 60
NO_BAR_S = 300
PAPER_BARS = SourceId("paper-bars")

Observe = Callable[[Underlying, SourceId, Quote], bool]


class Bar(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One minute of trading. Units: prices in quote per base; `starts_at` is the minute's first instant."""

    starts_at: Instant
    open: Price
    close: Price

    @property
    def ends_at(self) -> Instant:
        """The instant from which the close is known."""
        return Instant(self.starts_at + BAR_S * NS_PER_S)


class KnownPrice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was known of a price: the open of a bar that runs, or the close of one that ended."""

    price: Price
    happened_at: Instant


class Bars:
    """The bars of one symbol in order of time. Minutes without trades have none.

    Errors: ValueError when two bars start at once or a price is not above zero.
    """

    def __init__(self, bars: Iterable[Bar]) -> None:
        self._bars = tuple(sorted(bars, key=lambda bar: bar.starts_at))
        self._starts = [bar.starts_at for bar in self._bars]
        for bar in self._bars:
            if not (bar.open > ZERO and bar.close > ZERO):
                raise ValueError(f"the bar at {bar.starts_at} has a price that is not above zero")
        steps = [later - earlier for earlier, later in zip(self._starts, self._starts[1:], strict=False)]
        if steps and min(steps) < BAR_S * NS_PER_S:
            raise ValueError("two bars of a symbol overlap")
        # The bars after which nothing came for NO_BAR_S; the last bar is always one of them.
        self._before_gap = [i for i, step in enumerate(steps) if step > NO_BAR_S * NS_PER_S]
        self._before_gap += [len(self._bars) - 1] if self._bars else []

    def __iter__(self) -> Iterator[Bar]:
        return iter(self._bars)

    def __len__(self) -> int:
        return len(self._bars)

    @property
    def first(self) -> Bar | None:
        """The first bar."""
        return self._bars[0] if self._bars else None

    @property
    def last(self) -> Bar | None:
        """The last bar."""
        return self._bars[-1] if self._bars else None

    def started(self, at: Instant) -> Bar | None:
        """Returns the newest bar that has started at an instant."""
        count = bisect_right(self._starts, at)
        return self._bars[count - 1] if count else None

    def known(self, at: Instant) -> KnownPrice | None:
        """Returns the newest price known at an instant; the close of a bar only once its minute is over."""
        bar = self.started(at)
        if bar is None:
            return None
        if at >= bar.ends_at:
            return KnownPrice(price=bar.close, happened_at=bar.ends_at)
        return KnownPrice(price=bar.open, happened_at=bar.starts_at)

    def next_change(self, after: Instant) -> Instant | None:
        """Returns the first instant later than `after` at which the known price may change."""
        bar = self.started(after)
        if bar is not None and after < bar.ends_at:
            return bar.ends_at
        count = bisect_right(self._starts, after)
        return self._starts[count] if count < len(self._bars) else None

    def is_quiet(self, at: Instant) -> bool:
        """Returns whether no bar has started within the last NO_BAR_S."""
        bar = self.started(at)
        return bar is None or at - bar.starts_at >= NO_BAR_S * NS_PER_S

    def quiet_from(self, at: Instant) -> Instant:
        """Returns the first instant, not before `at`, by which no bar has started for NO_BAR_S since or just before."""
        base, count = at, bisect_right(self._starts, at)
        if self.is_quiet(at):
            due = Instant(base + NO_BAR_S * NS_PER_S)
            if count == len(self._bars) or self._starts[count] > due:
                return due
        else:
            count -= 1
        gap = self._before_gap[bisect_left(self._before_gap, count)]
        return Instant(self._starts[gap] + NO_BAR_S * NS_PER_S)

    def first_open_inside(self, *, start: Instant, before: Instant, side: Side, limit: Price | None) -> Bar | None:
        """Returns the first bar that starts in [start, before) and opens within the limit; any opens within None."""
        for index in range(bisect_left(self._starts, start), bisect_left(self._starts, before)):
            bar = self._bars[index]
            if is_inside(bar.open, side=side, limit=limit):
                return bar
        return None


def is_inside(price: Price, *, side: Side, limit: Price | None) -> bool:
    """Returns whether a price is no worse than a limit."""
    return limit is None or (price <= limit if side is Side.BUY else price >= limit)


class BarQuotes:
    """States the prices of recorded bars as their instants come; never looks ahead."""

    def __init__(self, bars: Mapping[Underlying, Bars], source: SourceId = PAPER_BARS) -> None:
        self._bars = dict(bars)
        self._source = source

    def write(self, observe: Observe, now: Instant) -> int:
        """States what is known at `now` of each underlying. Returns how many quotes were news."""
        kept = 0
        for underlying, bars in self._bars.items():
            known = bars.known(now)
            if known is not None:
                quote = Quote(price=known.price, happened_at=known.happened_at, seen_at=now)
                kept += observe(underlying, self._source, quote)
        return kept

    def next_change(self, after: Instant) -> Instant | None:
        """Returns the first instant later than `after` at which a quote may change; None after the last bar."""
        changes = [change for bars in self._bars.values() if (change := bars.next_change(after)) is not None]
        return min(changes, default=None)
