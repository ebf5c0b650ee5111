"""The marks of perpetuals in USDT at Bitget, with the rate and the instant of the next settlement of funding.

Source: bitget.com/api-doc, Market Channel of futures (`ticker`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market.depth import Unread
from flatbook.venues.bitget.books import PING, PONG
from flatbook.venues.book_stream import text_of_json
from flatbook.venues.told_stream import Marked, ToldFeed, marked, reader_of, settling_of

CHANNEL, MARKET = "ticker", "USDT-FUTURES"


class _Ticker(msgspec.Struct, rename="camel"):
    inst_id: str
    mark_price: str = ""
    funding_rate: str = ""
    next_funding_time: str = ""


class _Arg(msgspec.Struct, frozen=True):
    channel: str = ""


class _Frame(msgspec.Struct):
    arg: _Arg
    data: list[_Ticker]


class _Head(msgspec.Struct):
    action: str = ""
    arg: _Arg = _Arg()


_read = reader_of(_Frame, _Head, lambda head: head.arg.channel == CHANNEL and bool(head.action), PONG)


def read_frame(frame: bytes) -> tuple[Marked | Unread, ...]:
    """Returns what tickers say of marks and of funding; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if told.arg.channel != CHANNEL:
        return ()
    return tuple(
        marked(each.inst_id, each.mark_price, each.funding_rate, settling_of(each.next_funding_time))
        for each in told.data
        if each.mark_price or each.funding_rate or each.next_funding_time
    )


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    args = [{"instType": MARKET, "channel": CHANNEL, "instId": symbol} for symbol in symbols]
    return (text_of_json({"op": "subscribe", "args": args}),)


USDT_FUTURES = ToldFeed(
    name="bitget",
    host="wss://ws.bitget.com",
    path=lambda _symbols: "/v2/ws/public",
    opening=_opening,
    read=read_frame,
    beat=PING,
)
