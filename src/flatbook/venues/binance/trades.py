"""The trades of Binance, spot and USD-M, those of one taker at one price together.

Source: developers.binance.com, Aggregate Trade Streams of Spot and of USD-M; the latter stand under /market since
2026-04-23.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.market.depth import Unread, unknown
from flatbook.values.instruments import Side
from flatbook.venues.told_stream import ToldFeed, Traded, instant_of_count, reader_of, traded

TRADE = "aggTrade"
TOLD = (TRADE, "trade")
"""What is asked for, and what recordings hold instead: each execution by itself."""
IN_BOOK = ("", "MARKET")
BESIDE_BOOK = ("INSURANCE_FUND", "ADL", "NA")
"""What met orders in a book, and what did not. Source: frames of `trade`, dev.binance.vision; the last is [own]."""


class _Trade(msgspec.Struct):
    e: str
    s: str
    p: str
    q: str
    T: int
    m: bool
    X: str = ""


class _Frame(msgspec.Struct):
    data: _Trade


class _Head(msgspec.Struct):
    stream: str = ""


_read = reader_of(_Frame, _Head, lambda head: head.stream.partition("@")[2] in TOLD)


def read_frame(frame: bytes) -> tuple[Traded | Unread, ...]:
    """Returns the trade that a frame of a combined stream holds; nothing for any other frame."""
    told = _read(frame)
    if isinstance(told, tuple):
        return told
    trade = told.data
    if trade.e not in TOLD or trade.X in BESIDE_BOOK:
        return ()
    if trade.X not in IN_BOOK:
        return (unknown("a trade of kind", trade.X, trade.s),)
    taker = Side.SELL if trade.m else Side.BUY
    return (traded(trade.s, trade.p, trade.q, taker, instant_of_count(trade.T)),)


def _feed(name: str, host: str, prefix: str) -> ToldFeed[Traded]:
    def path(symbols: Sequence[str]) -> str:
        return f"{prefix}/stream?streams=" + "/".join(f"{symbol.lower()}@{TRADE}" for symbol in symbols)

    return ToldFeed(name=name, host=host, path=path, opening=lambda _symbols: (), read=read_frame)


SPOT = _feed("binance", "wss://stream.binance.com:9443", "")
USD_M = _feed("binanceusdm", "wss://fstream.binance.com", "/market")
