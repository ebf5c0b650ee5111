"""The trades of Coinbase Advanced Trade. The first message tells past ones and is left out.

Source: docs.cdp.coinbase.com, Advanced Trade WebSocket, market_trades channel; `side` is that of the order that rested,
as recordings show beside the book.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from flatbook.market.depth import Unread, UnreadFor, unknown
from flatbook.values.instants import Instant, InstantRefused, instant_of_text
from flatbook.values.instruments import Side
from flatbook.venues.coinbase.books import SNAPSHOT, UPDATE, names_of, opening_of
from flatbook.venues.told_stream import TEXT_MAX, ToldFeed, Traded, reader_of, side_of, traded

CHANNEL = "market_trades"
TAKER = {"SELL": Side.BUY, "BUY": Side.SELL}


class _Trade(msgspec.Struct):
    product_id: str
    price: str
    size: str
    time: str
    side: str


class _Event(msgspec.Struct):
    type: str
    trades: list[_Trade]


class _Frame(msgspec.Struct):
    channel: str
    events: list[_Event]


class _Head(msgspec.Struct):
    channel: str = ""


_read = reader_of(_Frame, _Head, lambda head: head.channel == CHANNEL)


def read_frame(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trades that a frame holds, oldest first; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    return tuple(_traded(told.events)) if told.channel == CHANNEL else ()


def _traded(events: list[_Event]) -> Iterator[Traded | Unread]:
    for event in events:
        if event.type not in (SNAPSHOT, UPDATE):
            yield unknown("trades of type", event.type)
            continue
        for each in reversed(event.trades if event.type == UPDATE else ()):
            told = traded(each.product_id, each.price, each.size, side_of(each.side, TAKER), _instant_of(each.time))
            yield told
            if isinstance(told, Traded):
                yield from (told._replace(symbol=symbol) for symbol in names_of(told.symbol)[1:])


def _instant_of(text: str) -> Instant | Unread:
    try:
        return instant_of_text(text)
    except InstantRefused:
        return Unread(UnreadFor.NO_INSTANT, f"{text[:TEXT_MAX]!r} is no instant")


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    return opening_of(CHANNEL, symbols)


FEED = ToldFeed(
    name="coinbase",
    host="wss://advanced-trade-ws.coinbase.com",
    path=lambda _symbols: "/",
    opening=_opening,
    read=read_frame,
)
