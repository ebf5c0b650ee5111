"""Fills and executions in one list, each with the trades that it closed or was closed by."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from flatbook.projections.days import day_window, eastern_date_or_none
from flatbook.projections.facts import TradeFact
from flatbook.projections.lots import Bucket, Slice, price_of
from flatbook.projections.pnl import Order, Pnl, in_usd
from flatbook.projections.results import EVERYTHING, Scope, is_within, underlyings_of
from flatbook.values.ids import EventRef, Underlying
from flatbook.values.instants import Instant
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

    @property
    def matched_qty(self) -> Quantity:
        """How much of it other trades closed, or it closed of them. Units: underlying."""
        return Quantity(sum((link.qty for link in self.links), ZERO))


def trade_lines(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[TradeLine, ...]:
    """Returns the trades of a scope in the order in which they happened."""
    return lines_of(pnl, trade_facts(pnl, scope))


def trade_facts(pnl: Pnl, scope: Scope = EVERYTHING) -> list[TradeFact]:
    """Returns the trades of a scope in the order in which they happened, without what they were matched with."""
    facts = [
        fact
        for underlying in underlyings_of(pnl, scope)
        for fact in pnl.trades(underlying)
        if scope.owner in (None, fact.owner) and _is_within(scope, fact)
    ]
    return sorted(facts, key=_order)


def newest_facts(pnl: Pnl, count: int) -> list[TradeFact]:
    """Returns the newest trades of all underlyings, at most so many, in the order in which they happened."""
    newest = (fact for underlying in pnl.underlyings() for fact in pnl.trades(underlying)[-count:])
    return sorted(newest, key=_order)[-count:]


def page_of_facts(
    pnl: Pnl, scope: Scope, before: tuple[Instant, str] | None, count: int, ref: str | None = None
) -> tuple[int, list[TradeFact], bool]:
    """Returns how many trades of a scope there are, the newest `count` before one, and whether there are older ones.

    With `ref` only the trade of that reference counts. Shape: in the order in which they happened.
    """
    kept = [_of_days(pnl.trades(underlying, scope.owner), scope) for underlying in underlyings_of(pnl, scope)]
    if ref is not None:
        kept = [[fact for fact in facts if fact.ref == ref] for facts in kept]
    ends = [len(facts) if before is None else bisect_left(facts, before, key=_order) for facts in kept]
    newest = [fact for facts, end in zip(kept, ends, strict=True) for fact in facts[max(0, end - count) : end]]
    return sum(map(len, kept)), sorted(newest, key=_order)[-count:], sum(ends) > count


def facts_within(pnl: Pnl, scope: Scope) -> Iterator[TradeFact]:
    """Yields the trades of a scope, one underlying after the other."""
    for underlying in underlyings_of(pnl, scope):
        yield from _of_days(pnl.trades(underlying, scope.owner), scope)


def _of_days(facts: Sequence[TradeFact], scope: Scope) -> Sequence[TradeFact]:
    """Leaves out what happened on other days. Needs: the trades in the order in which they happened."""
    begin = 0 if scope.first is None else bisect_left(facts, day_window(scope.first).start, key=_at)
    end = len(facts) if scope.last is None else bisect_right(facts, day_window(scope.last).end, key=_at)
    return facts if (begin, end) == (0, len(facts)) else facts[begin:end]


def _at(fact: TradeFact) -> Instant:
    return fact.at


def _order(fact: TradeFact) -> Order:
    return fact.at, fact.ref


def _is_within(scope: Scope, fact: TradeFact) -> bool:
    has_days = scope.first is not None or scope.last is not None
    return not has_days or is_within(scope, eastern_date_or_none(fact.at))


def lines_of(pnl: Pnl, facts: Sequence[TradeFact]) -> tuple[TradeLine, ...]:
    """Returns some trades with what they were matched with, in the same order."""
    links: dict[EventRef, list[Link]] = {fact.ref: [] for fact in facts}
    open_qty: dict[EventRef, Quantity] = {}
    oldest: dict[Underlying, Instant] = {}
    for fact in facts:
        oldest[fact.underlying] = min(fact.at, oldest.get(fact.underlying, fact.at))
    for underlying, at in oldest.items():
        matching = pnl.matching(underlying)
        for each in matching.slices[closed_from(matching.slices, at) :]:
            if each.opening in links:
                links[each.opening].append(_link(each, each.closing))
            if each.closing in links:
                links[each.closing].append(_link(each, each.opening))
        open_qty |= {lot.ref: lot.qty for lots in matching.lots.values() for lot in lots}
    return tuple(
        TradeLine(
            fact=fact,
            price_usd=_price(pnl, fact),
            links=tuple(links[fact.ref]),
            open_qty=open_qty.get(fact.ref, Quantity(ZERO)),
        )
        for fact in facts
    )


def closed_from(slices: Sequence[Slice], at: Instant) -> int:
    """Returns where the slices begin that closed at an instant or later: no earlier trade has to do with any before."""
    place = len(slices)
    while place and slices[place - 1].closed_at >= at:
        place -= 1
    return place


def _price(pnl: Pnl, fact: TradeFact) -> Price | None:
    return price_of(in_usd(fact, pnl.marks), fact.qty) if fact.qty else None


def _link(each: Slice, other: EventRef) -> Link:
    return Link(ref=other, qty=each.qty, realised=each.realised, bucket=each.bucket, delayed=each.delayed)
