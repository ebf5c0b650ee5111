"""The marks of perpetuals at OKX, and the rate and the instant of the next settlement of funding, by two channels.

Source: okx.com/docs-v5, Mark price channel and Funding rate channel; `fundingTime` is that of the settlement that comes
next, and `nextFundingTime` that of the one after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market.depth import Unread
from flatbook.venues.book_stream import text_of_json
from flatbook.venues.okx.books import PING, PONG
from flatbook.venues.told_stream import Marked, ToldFeed, marked, reader_of, settling_of

MARK, FUNDING = "mark-price", "funding-rate"


class _Row(msgspec.Struct, rename="camel"):
    inst_id: str
    mark_px: str = ""
    funding_rate: str = ""
    funding_time: str = ""


class _Arg(msgspec.Struct, frozen=True):
    channel: str = ""


class _Frame(msgspec.Struct):
    arg: _Arg
    data: list[_Row]


class _Head(msgspec.Struct):
    arg: _Arg = _Arg()
    event: str = ""


_read = reader_of(_Frame, _Head, lambda head: head.arg.channel in (MARK, FUNDING) and not head.event, PONG)


def read_frame(frame: bytes) -> tuple[Marked | Unread, ...]:
    """Returns what a frame says of marks or of funding; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    if told.arg.channel not in (MARK, FUNDING):
        return ()
    return tuple(
        marked(each.inst_id, each.mark_px, each.funding_rate, settling_of(each.funding_time)) for each in told.data
    )


def _opening(symbols: Sequence[str]) -> tuple[str, ...]:
    args = [{"channel": channel, "instId": symbol} for symbol in symbols for channel in (MARK, FUNDING)]
    return (text_of_json({"op": "subscribe", "args": args}),)


FEED = ToldFeed(
    name="okx",
    host="wss://ws.okx.com:8443",
    path=lambda _symbols: "/ws/v5/public",
    opening=_opening,
    read=read_frame,
    beat=PING,
)
