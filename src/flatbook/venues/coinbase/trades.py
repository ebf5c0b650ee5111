"""The trades of Coinbase Advanced Trade. The first message tells past ones and is left out.

Source: docs.cdp.coinbase.com, Advanced Trade WebSocket, market_trades channel; `side` is that of the order that rested,
as recordings show beside the book.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from flatbook.values.instants import InstantRefused, instant_of_text
from flatbook.values.instruments import Side
from flatbook.venues.coinbase.books import UPDATE, opening_of
from flatbook.venues.told_stream import ToldFeed, Traded, frame_of

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


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Traded, ...]:
    """Returns the trades that a frame holds, oldest first; nothing for any other frame."""
    told = frame_of(_frame, frame)
    try:
        return () if told is None or told.channel != CHANNEL else tuple(_traded(told.events))
    except InstantRefused:
        return ()


def _traded(events: list[_Event]) -> Iterator[Traded]:
    for event in events:
        for each in reversed(event.trades if event.type == UPDATE else ()):
            if each.side in TAKER:
                yield Traded(each.product_id, each.price, each.size, TAKER[each.side], instant_of_text(each.time))


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    return opening_of(CHANNEL, symbols)


FEED = ToldFeed(
    name="coinbase",
    host="wss://advanced-trade-ws.coinbase.com",
    path=lambda _symbols: "/",
    opening=_opening,
    read=read_frame,
)
