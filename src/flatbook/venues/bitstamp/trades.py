"""The trades of Bitstamp. Source: bitstamp.net/websocket/v2, Live ticker (live_trades); type 0 is a buy, 1 a sell."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market.depth import Unread
from flatbook.values.instruments import Side
from flatbook.venues.bitstamp.books import BEAT, opening_of
from flatbook.venues.told_stream import NS_PER_US, ToldFeed, Traded, instant_of_digits, reader_of, side_of, traded

CHANNEL, TRADE = "live_trades_", "trade"
TAKER = {0: Side.BUY, 1: Side.SELL}


class _Trade(msgspec.Struct):
    price_str: str
    amount_str: str
    type: int
    microtimestamp: str


class _Frame(msgspec.Struct):
    channel: str
    event: str
    data: _Trade


class _Head(msgspec.Struct):
    channel: str = ""
    event: str = ""


_read = reader_of(_Frame, _Head, lambda head: head.event == TRADE and head.channel.startswith(CHANNEL))


def read_frame(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trade that a frame holds; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if told.event != TRADE or not told.channel.startswith(CHANNEL):
        return ()
    trade, symbol = told.data, told.channel.removeprefix(CHANNEL).upper()
    at = instant_of_digits(trade.microtimestamp, NS_PER_US)
    return (traded(symbol, trade.price_str, trade.amount_str, side_of(trade.type, TAKER), at),)


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    return opening_of(CHANNEL, symbols)


FEED = ToldFeed(
    name="bitstamp",
    host="wss://ws.bitstamp.net",
    path=lambda _symbols: "/",
    opening=_opening,
    read=read_frame,
    beat=BEAT,
)
