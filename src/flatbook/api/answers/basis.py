"""How far prices that should be one another's lie apart: our fills against the market, or two instruments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from flatbook.api.answers.candles import CandleBody, CandleFillBody
from flatbook.values.money import BPS, divide_cut, parse_number, plain

BPS_DECIMALS = 2


class BasisPointBody(msgspec.Struct, frozen=True, kw_only=True):
    """One price beside the market's. Units: quote per base; `basis_bps` in basis points of the market's price, above
    zero where ours is the higher one; `side` and `ref` of our trade, None where two instruments are compared.
    """

    at: str
    price: str
    market: str
    basis_bps: str
    side: str | None
    ref: str | None


class BasisAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How far prices lie from those of an instrument, minute by minute as the running engine saw it.

    `against` is another instrument of the same underlying, whose closing prices are compared; None for our own fills
    onchain, each with the price at which its minute closed. `known` is false where no engine could be asked.
    `since` is from when on minutes are remembered; `hedges` are the instruments that hedge what we trade onchain: only
    these have a basis to our own fills.
    """

    known: bool
    instrument: str
    against: str | None
    choices: list[str]
    hedges: list[str]
    since: str | None
    points: list[BasisPointBody]


def of_fills(candles: Sequence[CandleBody], fills: Sequence[CandleFillBody]) -> Iterator[BasisPointBody]:
    """Yields our fills onchain beside the price at which the minute of each closed, the oldest first."""
    for fill in sorted(fills, key=lambda each: (each.at, each.ref)):
        candle = next((each for each in reversed(candles) if each.at <= fill.at), None)
        if candle is not None and fill.price is not None and fill.place == "onchain":
            yield _point(fill.at, fill.price, candle.close, fill.side, fill.ref)


def of_pair(ours: Sequence[CandleBody], theirs: Sequence[CandleBody]) -> Iterator[BasisPointBody]:
    """Yields the closing prices of one instrument beside those of another, for each minute that both have."""
    closes = {each.at: each.close for each in ours}
    for each in theirs:
        if each.at in closes:
            yield _point(each.at, each.close, closes[each.at], None, None)


def _point(at: str, price: str, market: str, side: str | None, ref: str | None) -> BasisPointBody:
    apart = _bps(parse_number(price), parse_number(market))
    return BasisPointBody(at=at, price=price, market=market, basis_bps=plain(apart), side=side, ref=ref)


def _bps(price: Decimal, market: Decimal) -> Decimal:
    return divide_cut(price - market, market * BPS, decimals=BPS_DECIMALS)
