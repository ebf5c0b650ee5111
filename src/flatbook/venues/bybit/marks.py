"""The marks of linear perpetuals at Bybit, with the rate of the next settlement of funding.

A first message states all, and those that follow only what changed.
Source: bybit-exchange.github.io/docs/v5/websocket/public/ticker.
"""

from __future__ import annotations

import msgspec

from flatbook.market.depth import Unread
from flatbook.venues.bybit.books import topics_of
from flatbook.venues.told_stream import Marked, ToldFeed, marked, reader_of, settling_of

TOPIC = "tickers."


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: str
    mark_price: str = ""
    funding_rate: str = ""
    next_funding_time: str = ""


class _Frame(msgspec.Struct):
    topic: str
    data: _Ticker


class _Head(msgspec.Struct):
    topic: str = ""


_read = reader_of(_Frame, _Head, lambda head: head.topic.startswith(TOPIC))


def read_frame(frame: bytes) -> tuple[Marked | Unread, ...]:
    """Returns what a ticker says of its mark and its funding; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if not told.topic.startswith(TOPIC):
        return ()
    ticker = told.data
    if not (ticker.mark_price or ticker.funding_rate or ticker.next_funding_time):
        return ()
    return (marked(ticker.symbol, ticker.mark_price, ticker.funding_rate, settling_of(ticker.next_funding_time)),)


LINEAR = ToldFeed(
    name="bybit",
    host="wss://stream.bybit.com",
    path=lambda _symbols: "/v5/public/linear",
    opening=topics_of(TOPIC),
    read=read_frame,
    beat='{"op":"ping"}',
)
