"""Candles of everything that a desk trades on, minute by minute, for whoever looks: of the middle of each book that it
observes, and of the prices of each source that a hedge reads.

Nothing decides on them and nothing of them is in the journal: they begin when the engine does, and the newest
CANDLES_MAX of each instrument are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from flatbook.api.answers.candles import CandleBody, CandlesSeen
from flatbook.engine.ports import Clock
from flatbook.engine.rules import HedgeRules
from flatbook.market.quotes import Quote
from flatbook.services.prices import Observe
from flatbook.values.ids import InstrumentId, SourceId, Underlying
from flatbook.values.instants import NS_PER_S, Instant, text_of_instant
from flatbook.values.money import ONE, plain

Number = int | Decimal

EVERY_S = 60
EVERY_NS = EVERY_S * NS_PER_S
CANDLES_MAX = 240
HALF = Decimal("0.5")


class Candle(msgspec.Struct, gc=False):
    """One minute. Units: `minute` since 1970; prices and volume in units of their instrument."""

    minute: int
    open: Number
    high: Number
    low: Number
    close: Number
    volume: int = 0


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit is worth. Units: `price` in quote per base, `size` in base; None where no trades are told."""

    price: Decimal
    size: Decimal | None


class MinuteCandles:
    """The newest candles by instrument."""

    def __init__(self) -> None:
        self._units: dict[InstrumentId, Units] = {}
        self._candles: dict[InstrumentId, deque[Candle]] = {}
        self._quoted: dict[tuple[Underlying, SourceId], dict[InstrumentId, None]] = {}

    def expect_book(self, instrument: InstrumentId, units: Units) -> None:
        """Says in which units the book of an instrument will be told."""
        self._expect(instrument, msgspec.structs.replace(units, price=units.price * HALF))

    def expect_prices(self, hedges: Iterable[HedgeRules]) -> None:
        """Says which prices hedges read, each for the instrument that it trades; a book goes before them."""
        for hedge in hedges:
            instrument = hedge.instrument.id
            if instrument not in self._units:
                key = hedge.instrument.underlying, hedge.params.price_source
                self._quoted.setdefault(key, {})[instrument] = None
                self._expect(instrument, Units(price=ONE, size=None))

    def _expect(self, instrument: InstrumentId, units: Units) -> None:
        self._units[instrument] = units
        self._candles[instrument] = deque(maxlen=CANDLES_MAX)

    def observing(self, observe: Observe, clock: Clock) -> Observe:
        """Returns what observes a price as `observe` does, and makes candles of what was news."""

        def observed(underlying: Underlying, source: SourceId, quote: Quote) -> bool:
            is_news = observe(underlying, source, quote)
            for instrument in self._quoted.get((underlying, source), ()) if is_news else ():
                self._take(instrument, quote.price, clock.now())
            return is_news

        return observed

    def saw(self, instrument: InstrumentId, bid: int, ask: int, now: Instant) -> None:
        """Takes the best prices of a book; one that lacks a side has no middle. Units: units of price."""
        if bid and ask:
            self._take(instrument, bid + ask, now)

    def _take(self, instrument: InstrumentId, price: Number, now: Instant) -> None:
        candles, minute = self._candles[instrument], now // EVERY_NS
        last = candles[-1] if candles else None
        if last is None or last.minute != minute:
            candles.append(Candle(minute, price, price, price, price))
            return
        last.close = price
        if price > last.high:
            last.high = price
        elif price < last.low:
            last.low = price

    def traded(self, instrument: InstrumentId, size: int, now: Instant) -> None:
        """Counts a trade of others within the minute of its book. Units: units of size."""
        candles = self._candles[instrument]
        if candles and candles[-1].minute == now // EVERY_NS:
            candles[-1].volume += size

    def begun(self) -> tuple[InstrumentId, ...]:
        """Returns the instruments of which a candle is known, in the order of their names."""
        return tuple(sorted(instrument for instrument, candles in self._candles.items() if candles))

    def seen(self, instrument: str, now: Instant) -> CandlesSeen:
        """Returns the candles of an instrument, the oldest first; none where nobody observes it."""
        found, units = InstrumentId(instrument), self._units.get(InstrumentId(instrument))
        return CandlesSeen(
            now=text_of_instant(now),
            every_s=EVERY_S,
            candles=[] if units is None else [_body(candle, units) for candle in self._candles[found]],
        )


def _body(candle: Candle, units: Units) -> CandleBody:
    return CandleBody(
        at=text_of_instant(Instant(candle.minute * EVERY_NS)),
        open=plain(candle.open * units.price),
        high=plain(candle.high * units.price),
        low=plain(candle.low * units.price),
        close=plain(candle.close * units.price),
        volume=None if units.size is None else plain(candle.volume * units.size),
    )
