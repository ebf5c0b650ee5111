"""The trades of Bitstamp. Source: bitstamp.net/websocket/v2, Live ticker (live_trades); type 0 is a buy, 1 a sell."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.values.instruments import Side
from flatbook.venues.bitstamp.books import BEAT, opening_of
from flatbook.venues.told_stream import ToldFeed, Traded, frame_of, instant_of_us

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


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Traded, ...]:
    """Returns the trade that a frame holds; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None:
        return ()
    trade, at = told.data, instant_of_us(told.data.microtimestamp)
    if told.event != TRADE or not told.channel.startswith(CHANNEL) or trade.type not in TAKER or at is None:
        return ()
    symbol = told.channel.removeprefix(CHANNEL).upper()
    return (Traded(symbol, trade.price_str, trade.amount_str, TAKER[trade.type], at),)


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
