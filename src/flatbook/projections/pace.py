"""How much of what was seen was taken, and how fast: fills and their hedges, orders and what became of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec

from flatbook.projections.days import day_window
from flatbook.projections.facts import TradeFact
from flatbook.projections.lots import Place, Slice
from flatbook.projections.orders import OrderLine, Orders
from flatbook.projections.pnl import Pnl
from flatbook.projections.report import Due, Fate, FillTimes, Wait, at_once, fate_of, until, waits_of
from flatbook.projections.results import Scope, slices_of, underlyings_of
from flatbook.values.ids import EventRef, OwnerId
from flatbook.values.instants import Instant
from flatbook.values.money import nearest_ratio

HALF, MOST = 50, 95
HUNDREDTHS_PER_WHOLE = 100
RATE_DECIMALS = 1
EVER = Instant(0)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took: half of it, and 95 of 100. Units: nanoseconds, None where it never happened."""

    count: int
    half_ns: int | None
    most_ns: int | None


class FillsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the fills that were seen, and how long their hedges took.

    `hedged` fills were closed by hedges, at least in part, `netted` ones by other fills alone, `open` ones not yet.
    `detection` is from when each happened until it was seen; `hedging` from there until its shares were hedged, by
    shares, as the report of the hedge counts it. `exposed` is the part of that time in which the hedge was due: a net
    below the threshold of its hedge waits on purpose.
    """

    seen: int
    hedged: int
    netted: int
    open: int
    detection: Pace
    hedging: Pace
    exposed: Pace


class OrdersTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the orders that venues accepted: `filled` executed at least in part.

    `acknowledging` is from the decision until we heard that the venue accepted the order.
    """

    posted: int
    filled: int
    acknowledging: Pace


def rate_pct(taken: int, seen: int) -> Decimal | None:
    """Returns how many of a hundred were taken, to the nearest tenth; None where nothing was seen."""
    return nearest_ratio(taken * HUNDREDTHS_PER_WHOLE, seen, decimals=RATE_DECIMALS) if seen else None


def pace_of(spans_ns: Iterable[int]) -> Pace:
    """Returns how long half of some spans were at most, and 95 of 100."""
    spans = sorted(spans_ns)
    return Pace(count=len(spans), half_ns=_rank(spans, HALF), most_ns=_rank(spans, MOST))


def _rank(spans: Sequence[int], hundredths: int) -> int | None:
    """Returns the smallest span that so many of a hundred do not exceed."""
    return spans[-(-len(spans) * hundredths // HUNDREDTHS_PER_WHOLE) - 1] if spans else None


def fills_taken(pnl: Pnl, times: FillTimes, scope: Scope, since: Instant = EVER, due: Due = at_once) -> FillsTaken:
    """Returns what became of the fills of a scope's days that happened at an instant or later."""
    fills = list(_fills(pnl, scope, since))
    parts = _matched(pnl, fills, scope)
    fates = [fate_of(fill, parts[fill.ref]) for fill in fills]
    known = (fill.ref for fill in fills if fill.ref in times.seen)
    return FillsTaken(
        seen=len(fills),
        hedged=fates.count(Fate.HEDGED),
        netted=fates.count(Fate.NETTED),
        open=fates.count(Fate.OPEN),
        detection=pace_of(max(0, times.seen[ref] - times.happened[ref]) for ref in known),
        hedging=_waited(wait for fill in fills for wait in waits_of(fill, parts[fill.ref], times)),
        exposed=_waited(wait for fill in fills for wait in waits_of(fill, parts[fill.ref], times, due)),
    )


def _waited(waits: Iterable[Wait]) -> Pace:
    """Returns how long half of the shares waited at most, and 95 of 100."""
    shortest_first = sorted(waits)
    half_ns, most_ns = until(shortest_first, HALF), until(shortest_first, MOST)
    return Pace(count=len(shortest_first), half_ns=half_ns, most_ns=most_ns)


def _matched(pnl: Pnl, fills: Sequence[TradeFact], scope: Scope) -> dict[EventRef, list[Slice]]:
    """Returns what closed each fill and what it closed, on whichever day that was."""
    found: dict[EventRef, list[Slice]] = {fill.ref: [] for fill in fills}
    for each in slices_of(pnl, msgspec.structs.replace(scope, last=None)):
        for ref in (each.opening, each.closing):
            if ref in found:
                found[ref].append(each)
    return found


def _fills(pnl: Pnl, scope: Scope, since: Instant) -> Iterator[TradeFact]:
    first, upto = _ends_of(scope)
    for underlying in underlyings_of(pnl, scope):
        trades = pnl.trades(underlying, scope.owner)
        begin = bisect_left(trades, max(first, since), key=lambda trade: trade.at)
        for trade in trades[begin:]:
            if trade.place is Place.ONCHAIN and (upto is None or trade.at <= upto):
                yield trade


def _ends_of(scope: Scope) -> tuple[Instant, Instant | None]:
    since = EVER if scope.first is None else day_window(scope.first).start
    return since, None if scope.last is None else day_window(scope.last).end


def orders_taken(orders: Orders, owner: OwnerId, scope: Scope) -> OrdersTaken:
    """Returns what became of the orders of an owner that were decided in a scope's days."""
    lines = list(_posted(orders, owner, scope))
    heard = (each.acknowledged_at - each.order.decided_at for each in lines if each.acknowledged_at is not None)
    return OrdersTaken(
        posted=len(lines),
        filled=sum(bool(line.order.filled) for line in lines),
        acknowledging=pace_of(max(0, span) for span in heard),
    )


def _posted(orders: Orders, owner: OwnerId, scope: Scope) -> Iterator[OrderLine]:
    since, upto = _ends_of(scope)
    keys = orders.keys_of("owner", owner)
    for decided_at, order_id in keys[bisect_left(keys, since, key=lambda key: key[0]) :]:
        if upto is not None and decided_at > upto:
            return
        line = orders.line(order_id)
        if line is not None and line.is_posted:
            yield line
