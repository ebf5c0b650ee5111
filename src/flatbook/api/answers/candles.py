"""Candles of what a running engine observes of an instrument, with our trades beside."""

from __future__ import annotations

import msgspec


class CandleBody(msgspec.Struct, frozen=True, kw_only=True):
    """One minute of the middle of a book or, where no book is observed, of the price that a hedge reads.

    `at` is when it begins.

    Units: quote per base; volume in base is what others traded, None where the venue's trades are not told.
    """

    at: str
    open: str
    high: str
    low: str
    close: str
    volume: str | None


class CandlesSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine has seen of one instrument since it runs. Units: `every_s` is the length of a candle."""

    now: str
    every_s: int
    candles: list[CandleBody]


class CandleFillBody(msgspec.Struct, frozen=True, kw_only=True):
    """One of our executions, or a fill onchain that it hedges. Units: qty in underlying; price in `asset` per unit."""

    at: str
    side: str
    qty: str
    price: str | None
    asset: str | None
    place: str
    order_id: str | None
    ref: str
    owner: str


class CandlesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The newest candles of an instrument, the oldest first and the last one still open, and our fills in their time.

    `known` is false where no engine could be asked. Units: `every_s` is the length of a candle.
    """

    known: bool
    instrument: str
    now: str | None
    every_s: int | None
    candles: list[CandleBody]
    fills: list[CandleFillBody]
