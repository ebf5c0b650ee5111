"""The trades of Binance, spot and USD-M, those of one taker at one price together.

Source: developers.binance.com, Aggregate Trade Streams of Spot and of USD-M; the latter stand under /market since
2026-04-23.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.instruments import Side
from flatbook.venues.told_stream import ToldFeed, Traded, frame_of

TRADE = "aggTrade"
TOLD = (TRADE, "trade")
"""What is asked for, and what recordings hold instead: each execution by itself."""


class _Trade(msgspec.Struct):
    e: str = ""
    s: str = ""
    p: str = ""
    q: str = ""
    T: int = 0
    m: bool = False


class _Frame(msgspec.Struct):
    data: _Trade


_frame = msgspec.json.Decoder(_Frame)


def read_frame(frame: bytes) -> tuple[Traded, ...]:
    """Returns the trade that a frame of a combined stream holds; nothing for any other frame."""
    told = frame_of(_frame, frame)
    if told is None or told.data.e not in TOLD:
        return ()
    trade = told.data
    taker = Side.SELL if trade.m else Side.BUY
    return (Traded(trade.s, trade.p, trade.q, taker, Instant(trade.T * NS_PER_MS)),)


def _feed(name: str, host: str, prefix: str) -> ToldFeed[Traded]:
    def path(symbols: Sequence[str]) -> str:
        return f"{prefix}/stream?streams=" + "/".join(f"{symbol.lower()}@{TRADE}" for symbol in symbols)

    return ToldFeed(name=name, host=host, path=path, opening=lambda _symbols: (), read=read_frame)


SPOT = _feed("binance", "wss://stream.binance.com:9443", "")
USD_M = _feed("binanceusdm", "wss://fstream.binance.com", "/market")
