"""The marks of perpetuals in USDT at Bitget, with the rate and the instant of the next settlement of funding.

Source: bitget.com/api-doc, Market Channel of futures (`ticker`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.venues.bitget.books import PING
from flatbook.venues.book_stream import text_of_json
from flatbook.venues.told_stream import Marked, ToldFeed, frame_of, instant_of_ms

CHANNEL, MARKET = "ticker", "USDT-FUTURES"


class _Ticker(msgspec.Struct, rename="camel"):
    inst_id: str
    mark_price: str = ""
    funding_rate: str = ""
    next_funding_time: str = ""


class _Arg(msgspec.Struct):
    channel: str


class _Frame(msgspec.Struct):
    arg: _Arg
    data: list[_Ticker]


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Marked, ...]:
    """Returns what tickers say of marks and of funding; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None or told.arg.channel != CHANNEL:
        return ()
    return tuple(
        Marked(each.inst_id, each.mark_price, each.funding_rate, instant_of_ms(each.next_funding_time))
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
