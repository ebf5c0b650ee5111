"""The marks of USD-M at Binance, each second, with the rate of the next settlement of funding.

Source: developers.binance.com, Mark Price Stream of USD-M, which stands under /market since 2026-04-23.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.told_stream import Marked, ToldFeed, frame_of

UPDATE = "markPriceUpdate"


class _Mark(msgspec.Struct):
    e: str = ""
    s: str = ""
    p: str = ""
    r: str = ""
    T: int = 0


class _Frame(msgspec.Struct):
    data: _Mark


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Marked, ...]:
    """Returns the mark that a frame of a combined stream holds; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None or told.data.e != UPDATE:
        return ()
    mark = told.data
    return (Marked(mark.s, mark.p, mark.r, Instant(mark.T * NS_PER_MS) if mark.T > 0 else None),)


def _path(symbols: Sequence[str]) -> str:
    return "/market/stream?streams=" + "/".join(f"{symbol.lower()}@markPrice@1s" for symbol in symbols)


USD_M = ToldFeed(
    name="binanceusdm",
    host="wss://fstream.binance.com",
    path=_path,
    opening=lambda _symbols: (),
    read=read_frame,
)
