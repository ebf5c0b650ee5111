"""What we see of a market in plain Python, and what of it wakes: the half of the oracle that is ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flatbook.backtest.simulator import Watch
from flatbook.market.feature_feed import EWMA_MID, NOT_READY, read_feature, take_mid, take_price
from flatbook.market.features import new_bars
from flatbook.market.orderbook import Touch
from flatbook.market.ticks import LAST, Kind
from flatbook.strategies.quoting import Feature, FeatureKind

NEVER = 2**62
BID, ASK, TRADE, MARK, INDEX = range(5)
_VALUES = {Kind.TRADE: TRADE, Kind.MARK: MARK, Kind.INDEX: INDEX}
_KINDS = {kind: number for number, kind in enumerate(FeatureKind)}
_BOOK = (Kind.BID, Kind.ASK, Kind.CLEAR)


class TapeRow(NamedTuple):
    """One row of a tape. Units: as `flatbook.market.ticks` says."""

    ts: int
    local_ts: int
    kind: int
    inst: int
    p1: int
    q1: int
    p2: int
    q2: int
    flags: int

    @property
    def ends(self) -> bool:
        """Whether its message is over."""
        return bool(self.flags & LAST)


class Unseen(NamedTuple):
    """A row that has not come to us yet, and the touch of its book at the end of its message."""

    row: TapeRow
    top: tuple[int, int, int, int] | None


class KeptFeature:
    """One feature of an instrument."""

    def __init__(self, inst: int, feature: Feature) -> None:
        self.inst, self.kind, self.span_ns = inst, _KINDS[feature.kind], feature.span_ns
        self.row, self.marks = new_bars(feature.count)
        if self.kind == EWMA_MID:
            self.marks = [0, 0]

    def take_price(self, at: int, price: int, qty: int) -> None:
        """Takes a trade."""
        take_price(self.kind, self.row, self.marks, at, (float(price), float(qty)), self.span_ns)

    def take_mid(self, at: int, mid: float) -> None:
        """Takes the middle of a touch."""
        take_mid(self.kind, self.row, self.marks, at, mid, self.span_ns)

    def read(self, at: int) -> float | None:
        """Returns it as of an instant; None while it is not ready."""
        value = read_feature(self.kind, self.row, self.marks, at, self.span_ns)
        return None if value == NOT_READY else value


class SeenInstrument:
    """What is seen of one instrument, and what of it somebody waits for."""

    def __init__(self, *, has_levels: bool) -> None:
        self.has_levels = has_levels
        self.touch: Touch | None = None
        self.bid = self.ask = self.mark = 0
        self.heard_at = 0
        self.is_watched, self.age_ns = False, NEVER
        self.levels: list[tuple[int, bool, int]] = []
        self.every = self.asked_at = 0
        self.silences: list[int] = []
        self.range = (0, 0)
        self.features: list[KeptFeature] = []

    def silent_at(self) -> int:
        """Returns when it will have been silent for as long as somebody waits for."""
        since = self.heard_at or self.asked_at
        lasting = (since + ns for ns in (*self.silences, self.age_ns) if since + ns > self.asked_at)
        return min(lasting, default=NEVER)

    def see_touch(self, touch: tuple[int, int, int, int], at: int) -> bool:
        """Takes a touch. Returns whether it wakes."""
        bid, bid_size, ask, ask_size = touch
        self.bid, self.ask = bid, ask
        if not 0 < bid < ask:
            was_fit, self.touch = self.touch is not None, None
            return was_fit and self.is_watched
        is_back = self.touch is None or at - self.heard_at >= self.age_ns
        self.touch, self.heard_at = Touch(bid, bid_size, ask, ask_size), at
        wakes = is_back and self.is_watched
        return self._reached(BID, bid) or self._reached(ASK, ask) or wakes

    def _reached(self, series: int, value: int) -> bool:
        return any(
            value >= ticks if is_above else value <= ticks for each, is_above, ticks in self.levels if each == series
        )

    def see(self, row: TapeRow, top: tuple[int, int, int, int] | None) -> bool:
        """Takes a row, and the touch of the book where a message of a book ends with it. Returns whether it wakes."""
        wakes = False
        if row.kind == Kind.QUOTE and not self.has_levels:
            wakes = self.see_touch((row.p1, row.q1, row.p2, row.q2), row.local_ts)
        elif row.kind in _VALUES:
            self.mark = row.p1 if row.kind == Kind.MARK else self.mark
            wakes = self._reached(_VALUES[Kind(row.kind)], row.p1)
        elif row.kind == Kind.CLEAR and not self.has_levels:
            wakes = self.see_touch((0, 0, 0, 0), row.local_ts)
        if top is not None:
            wakes = self.see_touch(top, row.local_ts) or wakes
        self._feed(row)
        if row.ends and self.every:
            self.every -= 1
            wakes = wakes or not self.every
        return wakes

    def _feed(self, row: TapeRow) -> None:
        at = row.local_ts
        if row.kind == Kind.RANGE:
            self.range = (row.p1, row.p2)
        for feature in self.features:
            if row.kind == Kind.TRADE:
                feature.take_price(at, row.p1, row.q1)
            elif row.kind == Kind.BAR:
                self._feed_bar(feature, row)
            elif row.ends and self.touch is not None and (row.kind in _BOOK or row.kind == Kind.QUOTE):
                feature.take_mid(at, (self.touch.bid + self.touch.ask) * 0.5)

    def _feed_bar(self, feature: KeptFeature, row: TapeRow) -> None:
        high, low = self.range
        for price in (row.p1, *((low, high) if row.p2 >= row.p1 else (high, low))):
            feature.take_price(row.q2, price, 0)
        feature.take_price(max(row.q2, row.local_ts - 1), row.p2, row.q1)


def arm_all(instruments: Sequence[SeenInstrument], watch: Watch, now: int) -> None:
    """Waits for what is said of each instrument, and for nothing that was waited for before."""
    for inst, seen in enumerate(instruments):
        counts = [count for each, count in watch.every if each == inst]
        seen.levels = [(each.series, each.is_above, each.ticks) for each in watch.levels if each.inst == inst]
        seen.every, seen.asked_at = min(counts, default=0), now
        seen.silences = [ns for each, ns in watch.silences if each == inst]
