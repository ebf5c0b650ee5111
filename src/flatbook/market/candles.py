"""Candles of the instruments that monitors watch: written by adapters, read when a monitor looks.

A candle is closed when its time is over, whatever its venue says of it. Like order books these are observations:
nothing of them is journalled but what was decided on them.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market import features
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import NS_PER_S, Instant, later

CLOSE_GRACE_S = 2
INFINITE = float("inf")

CandleKey = tuple[str, InstrumentId]


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What a monitor looks at. Units: seconds from bar to bar; `window` closed bars."""

    instruments: tuple[InstrumentId, ...]
    interval_s: int
    window: int


class CandleSight(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of an instrument: its open candle, the newest closed one, and the means of those before it.

    Units: float64, volumes and prices as the source states them. `is_full`: as many candles have closed as the window
    holds. `seen_at` is when the instrument was last heard of.
    """

    volume: float
    close: float
    last_volume: float
    last_close: float
    mean_volume: float
    mean_close: float
    is_full: bool
    seen_at: Instant


class _Series:
    """The bars of one instrument for one monitor."""

    def __init__(self, window: int, width_ns: int) -> None:
        self.row, self.marks = features.new_bars(window)
        self.width_ns = width_ns
        self.traded = False
        self.seen_at = Instant(0)

    def roll(self, now: Instant) -> None:
        """Closes what is over; the last word on a candle may come a little late."""
        over_at = later(now, seconds=-CLOSE_GRACE_S)
        close = features.roll_bars if self.traded else features.close_over
        close(self.row, self.marks, over_at, self.width_ns)

    def begin_with(self, history: Sequence[tuple[Instant, Sequence[float]]]) -> None:
        """Takes past candles, and goes on with the one that trades have opened where none of them is as new."""
        row, marks = features.new_bars(features.bars_kept(self.row))
        opened, bar = self.marks[features.START], self.row[: features.BAR_WIDTH]
        for start_at, candle in history:
            features.take_candle(row, marks, start_at, list(candle))
        if opened > marks[features.START]:
            features.take_candle(row, marks, opened, bar)
        self.row, self.marks = row, marks


class Candles:
    """The series of all monitors."""

    def __init__(self) -> None:
        self._series: dict[CandleKey, _Series] = {}
        self._of_instrument: dict[InstrumentId, list[_Series]] = {}

    def watch(self, name: str, watch: Watch) -> None:
        """Keeps series for a monitor from now on; those of the same name are begun anew."""
        width_ns = watch.interval_s * NS_PER_S
        for instrument in watch.instruments:
            series = self._series[name, instrument] = _Series(watch.window, width_ns)
            self._of_instrument.setdefault(instrument, []).append(series)

    def write_candle(
        self, instrument: InstrumentId, interval_s: int, start_at: Instant, candle: Sequence[float], seen_at: Instant
    ) -> bool:
        """Keeps what a venue says of a candle that began at an instant. Returns whether any monitor wants it.

        Units: open, high, low, close and volume, as float64.
        Errors: ValueError when it is no candle.
        """
        check_candle(candle)
        wanted = False
        for series in self._of_instrument.get(instrument, ()):
            if series.width_ns == interval_s * NS_PER_S:
                wanted = True
                features.take_candle(series.row, series.marks, start_at, list(candle))
                series.seen_at = max(series.seen_at, seen_at)
        return wanted

    def backfill(
        self,
        instrument: InstrumentId,
        interval_s: int,
        history: Sequence[tuple[Instant, Sequence[float]]],
        seen_at: Instant,
    ) -> None:
        """Puts what a venue says of past candles before what was seen; the candle that is open keeps on.

        Needs: the oldest first, the newest maybe still open; each as in `write_candle`.
        Errors: ValueError when one of them is no candle.
        """
        for _, candle in history:
            check_candle(candle)
        for series in self._of_instrument.get(instrument, ()):
            if series.width_ns == interval_s * NS_PER_S:
                series.begin_with(history)
                series.seen_at = max(series.seen_at, seen_at)

    def write_trade(self, instrument: InstrumentId, price: float, qty: float, at: Instant, seen_at: Instant) -> bool:
        """Adds a trade at its venue's instant, where no candles are told. Returns whether any monitor wants it."""
        found = self._of_instrument.get(instrument, ())
        for series in found:
            series.traded = True
            features.take_trade(series.row, series.marks, at, price, qty, series.width_ns)
            series.seen_at = max(series.seen_at, seen_at)
        return bool(found)

    def hear(self, instrument: InstrumentId, seen_at: Instant) -> None:
        """Notes that an instrument was heard of, be it without a trade."""
        for series in self._of_instrument.get(instrument, ()):
            if series.seen_at:
                series.seen_at = max(series.seen_at, seen_at)

    def closed(self, name: str, instrument: InstrumentId) -> int:
        """Returns how many candles of an instrument are closed and kept for a monitor."""
        series = self._series.get((name, instrument))
        return 0 if series is None else min(series.marks[features.CLOSED], features.bars_kept(series.row))

    def sight(self, name: str, instrument: InstrumentId, now: Instant) -> CandleSight | None:
        """Returns what a monitor knows of an instrument once all that is over is closed; None before the first word."""
        series = self._series.get((name, instrument))
        if series is None or not series.seen_at:
            return None
        series.roll(now)
        row, marks = series.row, series.marks
        n, closed = features.bars_kept(row), marks[features.CLOSED]
        newest = (closed - 1) % n
        is_open = marks[features.START] != features.NONE_OPEN
        last_volume = row[features.BAR_WIDTH + newest] if closed else 0.0
        last_close = row[features.BAR_WIDTH + n + newest] if closed else row[features.CLOSE]
        return CandleSight(
            volume=row[features.VOLUME] if is_open else 0.0,
            close=row[features.CLOSE] if is_open else last_close,
            last_volume=last_volume,
            last_close=last_close,
            mean_volume=features.mean_volume(row, marks),
            mean_close=features.mean_close(row, marks),
            is_full=closed >= n,
            seen_at=series.seen_at,
        )


def check_candle(candle: Sequence[float]) -> None:
    """Returns where five numbers can be a candle.

    Errors: ValueError when they are not finite, or contradict each other.
    """
    if len(candle) != features.BAR_WIDTH:
        raise ValueError(f"a candle of {len(candle)} numbers")
    opened, high, low, close, volume = candle
    in_order = 0.0 < low <= opened <= high < INFINITE and low <= close <= high
    if not (in_order and 0.0 <= volume < INFINITE):
        raise ValueError(f"{list(candle)} is no candle: open, high, low, close, volume")
