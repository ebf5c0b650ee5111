"""What Alpaca says of the market, read with the statements and kept for a while: hours, its clock, and the shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import ClockReading, MarketHours, NotSent, Unknown
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import Instant, later
from flatbook.values.sessions import CalendarEnded, trade_date_of
from flatbook.venues.alpaca import wire
from flatbook.venues.alpaca.market_day import (
    MarketDay,
    WireAsset,
    asset_answer,
    clock_answer,
    day_answer,
    is_tradable,
)
from flatbook.venues.http import Carried, Reply, Request

DAY_AGE_S_MAX = 3_600
CLOCK_AGE_S = 300
ASSET_AGE_S = 300
ASSET_AGE_S_MAX = 900
ASSETS_AT_ONCE = 4

Ask = Callable[[Request], Awaitable[Carried]]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a share, and since when it was asked last; nothing while no answer could be read."""

    asset: WireAsset | None
    read_at: Instant
    asked_at: Instant


class MarketFacts:
    """The hours of the day, and which shares are tradable and easy to borrow.

    A day is asked for anew each DAY_AGE_S_MAX, the clock each CLOCK_AGE_S, a share each ASSET_AGE_S, and not more than
    ASSETS_AT_ONCE of those that were asked for before. What was not read for ASSET_AGE_S_MAX is not known any more.
    """

    def __init__(self, api: wire.Api, clock: Clock, symbols: dict[str, InstrumentId]) -> None:
        self._api, self._clock, self._symbols = api, clock, symbols
        self._assets: dict[str, Known] = {}
        self._day_read_at = self._clock_asked_at = Instant(0)
        self.day: MarketDay | None = None
        self.reading: ClockReading | None = None

    async def refresh(self, ask: Ask) -> Unknown | NotSent | None:
        """Asks for what is not known or too old.

        Errors: Unknown and NotSent when the hours of the day cannot be had; a clock or a share that cannot be read is
        left unknown.
        """
        flaw = await self._refresh_day(ask)
        if flaw is not None:
            return flaw
        await self._refresh_clock(ask)
        for symbol in self._to_ask():
            await self._refresh_asset(symbol, ask)
        return None

    def hours(self) -> MarketHours | None:
        """Returns the regular hours of the day that was read last."""
        if self.day is None:
            return None
        opens_at, closes_at = self.day.regular or (None, None)
        return MarketHours(trade_date=self.day.day, opens_at=opens_at, closes_at=closes_at)

    def allows(self, now: Instant, *, extended_hours: bool) -> bool:
        """Returns whether Alpaca holds the market open now, as far as it said anything yet."""
        if self.day is None:
            return True
        return self.day.day == _day_of(now) and self.day.is_open(now, extended_hours=extended_hours)

    def untradable(self) -> tuple[InstrumentId, ...]:
        """Returns the instruments that are not tradable, or of which that is not known."""
        return tuple(
            instrument
            for symbol, instrument in self._symbols.items()
            if (asset := self._asset(symbol)) is None or not is_tradable(asset)
        )

    def borrowable(self) -> tuple[InstrumentId, ...] | None:
        """Returns the instruments that are easy to borrow, None while one of them is not known."""
        known = {instrument: self._asset(symbol) for symbol, instrument in self._symbols.items()}
        if any(asset is None for asset in known.values()):
            return None
        return tuple(instrument for instrument, asset in known.items() if asset is not None and asset.easy_to_borrow)

    async def _refresh_clock(self, ask: Ask) -> None:
        asked_at, self.reading = self._clock.now(), None
        if asked_at < later(self._clock_asked_at, seconds=CLOCK_AGE_S):
            return
        self._clock_asked_at = asked_at
        reply = await ask(wire.clock_request(self._api))
        shown = clock_answer(reply) if isinstance(reply, Reply) else reply
        if not isinstance(shown, Unknown | NotSent):
            answered_at = self._clock.now()
            self.reading = ClockReading(asked_at=asked_at, answered_at=answered_at, earliest=shown, latest=shown)

    async def _refresh_day(self, ask: Ask) -> Unknown | NotSent | None:
        now = self._clock.now()
        day = _day_of(now)
        is_known = self.day is not None and self.day.day == day
        if day is None or (is_known and now < later(self._day_read_at, seconds=DAY_AGE_S_MAX)):
            return None
        reply = await ask(wire.calendar_request(self._api, day))
        answer = day_answer(reply, day=day) if isinstance(reply, Reply) else reply
        if isinstance(answer, MarketDay):
            self.day, self._day_read_at = answer, self._clock.now()
            return None
        return None if is_known else answer

    async def _refresh_asset(self, symbol: str, ask: Ask) -> None:
        asked_at = self._clock.now()
        reply = await ask(wire.asset_request(self._api, symbol))
        answer = asset_answer(reply, symbol=symbol) if isinstance(reply, Reply) else reply
        known = self._assets.get(symbol)
        if isinstance(answer, WireAsset):
            self._assets[symbol] = Known(asset=answer, read_at=self._clock.now(), asked_at=asked_at)
        elif known is None:
            self._assets[symbol] = Known(asset=None, read_at=Instant(0), asked_at=asked_at)
        else:
            self._assets[symbol] = msgspec.structs.replace(known, asked_at=asked_at)

    def _to_ask(self) -> tuple[str, ...]:
        """Returns the shares that were never asked for, then a few of those that were longest ago."""
        fresh = tuple(symbol for symbol in self._symbols if symbol not in self._assets)
        old = sorted(self._assets, key=lambda symbol: self._assets[symbol].asked_at)
        due = tuple(symbol for symbol in old if self._is_due(self._assets[symbol]))
        return fresh + due[:ASSETS_AT_ONCE]

    def _is_due(self, known: Known) -> bool:
        return known.asset is None or later(known.asked_at, seconds=ASSET_AGE_S) <= self._clock.now()

    def _asset(self, symbol: str) -> WireAsset | None:
        known = self._assets.get(symbol)
        if known is None or later(known.read_at, seconds=ASSET_AGE_S_MAX) <= self._clock.now():
            return None
        return known.asset


def _day_of(now: Instant) -> date | None:
    try:
        return trade_date_of(now)
    except CalendarEnded:
        return None
