"""The trades of Gemini's market data v2, which come with the changes of its books.

Past trades stand in the first message of a symbol and are left out. Source: docs.gemini.com/websocket-api, Market Data
Version 2; `side` is that of who took, as recordings show beside the book.
"""

from __future__ import annotations

import msgspec

from flatbook.market.depth import Unread
from flatbook.venues.gemini.books import opening
from flatbook.venues.told_stream import SIDES, ToldFeed, Traded, instant_of_count, reader_of, side_of, traded

TRADE = "trade"


class _Trade(msgspec.Struct):
    type: str
    symbol: str
    price: str
    quantity: str
    side: str
    timestamp: int


class _Head(msgspec.Struct):
    type: str = ""


_read = reader_of(_Trade, _Head, lambda head: head.type == TRADE)


def read_frame(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trade that a frame is; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if told.type != TRADE:
        return ()
    taker, at = side_of(told.side, SIDES), instant_of_count(told.timestamp)
    return (traded(told.symbol, told.price, told.quantity, taker, at),)


FEED = ToldFeed(
    name="gemini",
    host="wss://api.gemini.com",
    path=lambda _symbols: "/v2/marketdata",
    opening=opening,
    read=read_frame,
)
