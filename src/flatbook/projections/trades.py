"""Fills and executions in one list, each with the trades that it closed or was closed by."""

from __future__ import annotations

import msgspec

from flatbook.projections.days import eastern_date_or_none
from flatbook.projections.facts import TradeFact
from flatbook.projections.lots import Bucket, Slice, price_of
from flatbook.projections.pnl import Pnl, in_usd
from flatbook.projections.results import EVERYTHING, Scope, is_within, underlyings_of
from flatbook.values.ids import EventRef, Underlying
from flatbook.values.money import ZERO, Money, Price, Quantity


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of a closed slice.

    Units: qty in underlying; realised in USD before costs, None when a value is not known.
    """

    ref: EventRef
    qty: Quantity
    realised: Money | None
    bucket: Bucket
    delayed: bool


class TradeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A fill or an execution with what it was matched against.

    Units: price_usd in USD per unit of underlying, cut to 18 decimals; open_qty in underlying is what no other trade
    has closed, or was there to be closed.
    """

    fact: TradeFact
    price_usd: Price | None
    links: tuple[Link, ...]
    open_qty: Quantity


def trade_lines(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[TradeLine, ...]:
    """Returns the trades of a scope in the order in which they happened."""
    lines = [
        line
        for underlying in underlyings_of(pnl, scope)
        for line in _lines(pnl, underlying)
        if scope.owner in (None, line.fact.owner) and is_within(scope, eastern_date_or_none(line.fact.at))
    ]
    return tuple(sorted(lines, key=lambda line: (line.fact.at, line.fact.ref)))


def _lines(pnl: Pnl, underlying: Underlying) -> list[TradeLine]:
    matching = pnl.matching(underlying)
    links: dict[EventRef, list[Link]] = {}
    for each in matching.slices:
        links.setdefault(each.opening, []).append(_link(each, each.closing))
        links.setdefault(each.closing, []).append(_link(each, each.opening))
    open_qty = {lot.ref: lot.qty for lots in matching.lots.values() for lot in lots}
    return [
        TradeLine(
            fact=fact,
            price_usd=_price(pnl, fact),
            links=tuple(links.get(fact.ref, ())),
            open_qty=open_qty.get(fact.ref, Quantity(ZERO)),
        )
        for fact in pnl.trades(underlying)
    ]


def _price(pnl: Pnl, fact: TradeFact) -> Price | None:
    return price_of(in_usd(fact, pnl.marks), fact.qty) if fact.qty else None


def _link(each: Slice, other: EventRef) -> Link:
    return Link(ref=other, qty=each.qty, realised=each.realised, bucket=each.bucket, delayed=each.delayed)
