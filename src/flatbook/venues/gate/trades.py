"""The trades of Gate's spot markets. Source: gate.io/docs/developers/apiv4/ws, Public Trades Channel."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market.depth import Unread
from flatbook.venues.book_stream import text_of_json
from flatbook.venues.gate.books import BEAT, UPDATE
from flatbook.venues.told_stream import SIDES, ToldFeed, Traded, instant_of_digits, reader_of, side_of, traded

CHANNEL = "spot.trades"


class _Trade(msgspec.Struct):
    currency_pair: str
    price: str
    amount: str
    side: str
    create_time_ms: str


class _Frame(msgspec.Struct):
    channel: str
    event: str
    result: _Trade


class _Head(msgspec.Struct):
    channel: str = ""
    event: str = ""


_read = reader_of(_Frame, _Head, lambda head: (head.channel, head.event) == (CHANNEL, UPDATE))


def read_frame(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trade that a frame holds; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if (told.channel, told.event) != (CHANNEL, UPDATE):
        return ()
    trade = told.result
    at = instant_of_digits(trade.create_time_ms.partition(".")[0])
    return (traded(trade.currency_pair, trade.price, trade.amount, side_of(trade.side, SIDES), at),)


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    """Asks for all at once; the time in a message without a signature has no meaning."""
    return (text_of_json({"time": 0, "channel": CHANNEL, "event": "subscribe", "payload": list(symbols)}),)


FEED = ToldFeed(
    name="gate",
    host="wss://api.gateio.ws",
    path=lambda _symbols: "/ws/v4/",
    opening=_opening,
    read=read_frame,
    beat=BEAT,
)
