"""What Alpaca says of the hours of a day, of its clock, and of a share: it can only close what our table holds open.

Source: docs.alpaca.markets, Market Calendar (hours on clocks of New York, as HH:MM or HHMM; a day that is not listed is
closed, and an answer may begin with a later day), Market Clock, and Working with /assets.
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

import msgspec

from flatbook.engine.reports import Unknown
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.us_eastern import instant_of_eastern, second_of_clock
from flatbook.venues.alpaca.refusals import SERVER_FAULT, UNREADABLE, is_json
from flatbook.venues.http import Reply

_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)

_Content = TypeVar("_Content")
Span = tuple[Instant, Instant]


class WireDay(msgspec.Struct, frozen=True, kw_only=True):
    """A trading day as Alpaca writes it."""

    date: str
    open: str
    close: str
    session_open: str | None = None
    session_close: str | None = None


class WireClock(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of Alpaca as it writes it."""

    timestamp: str
    is_open: bool


class WireAsset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as Alpaca writes it."""

    symbol: str
    status: str
    tradable: bool
    fractionable: bool
    easy_to_borrow: bool = False
    attributes: list[str] | None = None


class MarketDay(msgspec.Struct, frozen=True, kw_only=True):
    """When the stock market is open on a day; without spans it is closed. `whole` has all daytime sessions."""

    day: date
    regular: Span | None
    whole: Span | None

    def is_open(self, at: Instant, *, extended_hours: bool) -> bool:
        """Returns whether the day's market is open at an instant; the end does not belong to it."""
        span = self.whole if extended_hours else self.regular
        return span is not None and span[0] <= at < span[1]


def day_answer(reply: Reply, *, day: date) -> MarketDay | Unknown:
    """Returns the hours of a day. One that only earlier days are told of is not known."""
    rows = _read(reply, list[WireDay])
    if isinstance(rows, Unknown):
        return rows
    try:
        days = {date.fromisoformat(row.date): row for row in rows}
        if day in days:
            return _day(day, days[day])
    except _FAULTS:
        return UNREADABLE
    if any(each < day for each in days):
        return UNREADABLE
    return MarketDay(day=day, regular=None, whole=None)


def clock_answer(reply: Reply) -> Instant | Unknown:
    """Returns what the clock of Alpaca shows."""
    clock = _read(reply, WireClock)
    if isinstance(clock, Unknown):
        return clock
    try:
        return instant_of_text(clock.timestamp)
    except ValueError:
        return UNREADABLE


def asset_answer(reply: Reply, *, symbol: str) -> WireAsset | Unknown:
    """Returns an asset; an answer about another one is unreadable."""
    asset = _read(reply, WireAsset)
    return UNREADABLE if isinstance(asset, WireAsset) and asset.symbol != symbol else asset


def is_tradable(asset: WireAsset) -> bool:
    """Returns whether new orders of an asset are taken."""
    return asset.tradable and asset.status == "active"


def _day(day: date, row: WireDay) -> MarketDay:
    regular = _instant(day, row.open), _instant(day, row.close)
    whole = _instant(day, row.session_open or row.open), _instant(day, row.session_close or row.close)
    if not whole[0] <= regular[0] < regular[1] <= whole[1]:
        raise ValueError("the hours of a day are not in order")
    return MarketDay(day=day, regular=regular, whole=whole)


def _instant(day: date, text: str) -> Instant:
    return instant_of_eastern(day, second_of_clock(text))


def _read(reply: Reply, content: type[_Content]) -> _Content | Unknown:
    if reply.status != 200 or not is_json(reply):
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    try:
        return msgspec.json.decode(reply.body, type=content)
    except _FAULTS:
        return UNREADABLE
