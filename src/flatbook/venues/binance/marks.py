"""The marks of USD-M at Binance, each second, with the rate of the next settlement of funding.

Source: developers.binance.com, Mark Price Stream of USD-M, which stands under /market since 2026-04-23.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market.depth import Unread
from flatbook.venues.told_stream import Marked, ToldFeed, instant_of_count, marked, reader_of

UPDATE, STREAM = "markPriceUpdate", "markPrice"


class _Mark(msgspec.Struct):
    e: str
    s: str
    p: str
    r: str = ""
    T: int = 0


class _Frame(msgspec.Struct):
    data: _Mark


class _Head(msgspec.Struct):
    stream: str = ""


_read = reader_of(_Frame, _Head, lambda head: head.stream.partition("@")[2].startswith(STREAM))


def read_frame(frame: bytes) -> tuple[Marked | Unread, ...]:
    """Returns the mark that a frame of a combined stream holds; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    mark = told.data
    if mark.e != UPDATE:
        return ()
    return (marked(mark.s, mark.p, mark.r, instant_of_count(mark.T) if mark.T else None),)


def _path(symbols: Sequence[str]) -> str:
    return "/market/stream?streams=" + "/".join(f"{symbol.lower()}@{STREAM}@1s" for symbol in symbols)


USD_M = ToldFeed(
    name="binanceusdm",
    host="wss://fstream.binance.com",
    path=_path,
    opening=lambda _symbols: (),
    read=read_frame,
)
