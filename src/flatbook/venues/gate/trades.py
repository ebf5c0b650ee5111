"""The trades of Gate's spot markets. Source: gate.io/docs/developers/apiv4/ws, Public Trades Channel."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.venues.book_stream import text_of_json
from flatbook.venues.gate.books import BEAT, UPDATE
from flatbook.venues.told_stream import SIDES, ToldFeed, Traded, frame_of, instant_of_ms

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


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Traded, ...]:
    """Returns the trade that a frame holds; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None:
        return ()
    trade, at = told.result, instant_of_ms(told.result.create_time_ms.partition(".")[0])
    if (told.channel, told.event) != (CHANNEL, UPDATE) or trade.side not in SIDES or at is None:
        return ()
    return (Traded(trade.currency_pair, trade.price, trade.amount, SIDES[trade.side], at),)


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
