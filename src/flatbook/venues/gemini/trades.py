"""The trades of Gemini's market data v2, which come with the changes of its books.

Past trades stand in the first message of a symbol and are left out. Source: docs.gemini.com/websocket-api, Market Data
Version 2; `side` is that of who took, as recordings show beside the book.
"""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.gemini.books import opening
from flatbook.venues.told_stream import SIDES, ToldFeed, Traded, frame_of

TRADE = "trade"


class _Trade(msgspec.Struct):
    type: str
    symbol: str
    price: str
    quantity: str
    side: str
    timestamp: int


_frame = msgspec.json.Decoder(_Trade)


def read_frame(frame: bytes) -> tuple[Traded, ...]:
    """Returns the trade that a frame is; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None or told.type != TRADE or told.side not in SIDES:
        return ()
    return (Traded(told.symbol, told.price, told.quantity, SIDES[told.side], Instant(told.timestamp * NS_PER_MS)),)


FEED = ToldFeed(
    name="gemini",
    host="wss://api.gemini.com",
    path=lambda _symbols: "/v2/marketdata",
    opening=opening,
    read=read_frame,
)
