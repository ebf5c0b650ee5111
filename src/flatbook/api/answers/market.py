"""The books and prices that a running engine sees. Nothing of this is in the journal."""

from __future__ import annotations

import msgspec


class LevelBody(msgspec.Struct, frozen=True, kw_only=True):
    """One price of a book. Units: quote per base; base; `total` is what stands at this price and all better ones."""

    price: str
    qty: str
    total: str


class BookBody(msgspec.Struct, frozen=True, kw_only=True):
    """A book as it was last seen. `unfit` says why it must not be read, None where it may be.

    Units: quote per base; base; `spread_bps` in basis points of the middle. `seen_at` is when it was last seen fit, by
    the engine's clock; it is too old to trade on after `age_ms_max`.
    """

    instrument: str
    unfit: str | None
    bid: str | None
    bid_qty: str | None
    ask: str | None
    ask_qty: str | None
    mid: str | None
    spread_bps: str | None
    seen_at: str | None
    age_ms_max: int | None
    bids: list[LevelBody]
    asks: list[LevelBody]


class PriceBody(msgspec.Struct, frozen=True, kw_only=True):
    """The newest price of a source for an underlying, and after how long it may not be hedged on.

    Units: USD per share; seconds. None where the source never said one. `happened_at` is the source's own instant.
    """

    underlying: str
    source: str
    price: str | None
    happened_at: str | None
    seen_at: str | None
    age_s_max: int


class MarketBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine sees, at the instant that it says it. Units: `now` by the engine's own clock.

    `instruments` are those that it has candles of.
    """

    now: str
    books: list[BookBody]
    prices: list[PriceBody]
    instruments: list[str]


class MarketAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the running engine sees; `known` is false where no engine could be asked, and then nothing is known.

    `instruments` are those whose prices `GET /api/v1/candles` knows.
    """

    known: bool
    now: str | None
    books: list[BookBody]
    prices: list[PriceBody]
    instruments: list[str]
