"""What each hedge earned against the fills it closed, taken apart: edge, basis to a second price, slippage, fees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from flatbook.events.orders import OrderIntended
from flatbook.projections.cells import cost_in_usd
from flatbook.projections.facts import CostFact
from flatbook.projections.fold import Recorded
from flatbook.projections.lots import Place, Slice
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import EVERYTHING, NetKey, Scope, is_within, slices_of, underlyings_of
from flatbook.values.ids import EventRef, OrderId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import BPS, ZERO, Money, NumberRefused, Quantity, divide_cut, parse_number

SECOND_PRICE = "second"
DECISION_PRICE = "price"


class HedgeEdge(msgspec.Struct, frozen=True, kw_only=True):
    """One hedge order, or one execution that no order of ours caused, over the onchain quantity that it closed.

    Units: qty in underlying; USD. edge_usd is the result between onchain and hedge value. With a second price, such as
    a pool's, in the evidence of the order it splits into margin_usd (onchain value against that price) and basis_usd
    (that price against the hedge). slippage_usd is what the hedge cost beyond the price it was decided on, above zero
    when worse. fees_usd are those of the whole
    order, without those in kind, which the edge has. None where a number is not known.
    """

    hedge: OrderId | EventRef
    owner: OwnerId
    underlying: Underlying
    side: Side
    qty: Quantity
    fills: tuple[EventRef, ...]
    delayed: bool
    onchain_usd: Money
    hedge_usd: Money
    fees_usd: Money
    fees_missing: int
    margin_usd: Money | None
    basis_usd: Money | None
    slippage_usd: Money | None
    closed_at: Instant

    @property
    def edge_usd(self) -> Money:
        """What lies between the onchain and the hedge value, above zero when earned."""
        return Money((self.onchain_usd - self.hedge_usd) * self.side.sign)

    @property
    def net_usd(self) -> Money:
        """Edge less the fees that are known."""
        return Money(self.edge_usd - self.fees_usd)

    @property
    def edge_bps(self) -> Decimal:
        """The edge in basis points of the onchain value, cut to two decimals; zero where that value is zero."""
        return divide_cut(self.edge_usd, self.onchain_usd * BPS, decimals=2) if self.onchain_usd else ZERO


class EdgeTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What hedges earned together, taken apart as far as their evidence goes.

    Units: qty in underlying; USD, None where no hedge has the price that it takes; `priced` hedges have a second price,
    `decided` ones the price that they were decided on.
    """

    hedges: int
    qty: Quantity
    edge_usd: Money
    margin_usd: Money | None
    basis_usd: Money | None
    slippage_usd: Money | None
    priced: int
    decided: int


NO_EDGES = EdgeTotals(
    hedges=0,
    qty=Quantity(ZERO),
    edge_usd=Money(ZERO),
    margin_usd=None,
    basis_usd=None,
    slippage_usd=None,
    priced=0,
    decided=0,
)


class _EdgeSums(msgspec.Struct):
    """Running sums of hedged slices; `hedges` says of each whether its evidence has the second price, and the first."""

    qty: Decimal = ZERO
    edge: Decimal = ZERO
    margin: Decimal = ZERO
    basis: Decimal = ZERO
    slippage: Decimal = ZERO
    hedges: dict[OrderId | EventRef, tuple[bool, bool]] = {}

    def add_slice(self, each: Slice, edge: Money, evidence: Mapping[str, str]) -> None:
        """Adds a slice that a hedge closed, and what it earned."""
        onchain, paid, sign = each.opening_usd or ZERO, each.closing_usd or ZERO, each.side.opposite.sign
        pool, decided = _value(evidence, SECOND_PRICE, each.qty), _value(evidence, DECISION_PRICE, each.qty)
        self.qty += each.qty
        self.edge += edge
        if pool is not None:
            self.margin += (onchain - pool) * sign
            self.basis += (pool - paid) * sign
        if decided is not None:
            self.slippage += (paid - decided) * sign
        self.hedges[_hedge_of(each)] = (pool is not None, decided is not None)

    def add(self, other: _EdgeSums) -> None:
        """Adds other sums."""
        self.qty += other.qty
        self.edge += other.edge
        self.margin += other.margin
        self.basis += other.basis
        self.slippage += other.slippage
        self.hedges |= other.hedges


class _Summed(msgspec.Struct):
    """The sums of the first `upto` of a growing list of slices, by owner and day."""

    slices: Sequence[Slice]
    upto: int = 0
    sums: dict[tuple[OwnerId, date], _EdgeSums] = {}


class Evidence:
    """The prices that orders were decided on, as their intents state them, and running sums of what hedges earned."""

    def __init__(self) -> None:
        self._stated: dict[OrderId, dict[str, str]] = {}
        self._summed: dict[Underlying, _Summed] = {}

    def apply(self, item: Recorded) -> None:
        """Takes the prices of an intent."""
        event = item.event
        if type(event) is OrderIntended and event.evidence:
            stated = {name: event.evidence[name] for name in (SECOND_PRICE, DECISION_PRICE) if name in event.evidence}
            if stated:
                self._stated[event.order_id] = stated

    def fork(self) -> Evidence:
        """Returns a copy that goes its own way from here; its sums are made when they are asked for."""
        copy = Evidence()
        copy._stated = dict(self._stated)
        return copy

    def of(self, hedge: OrderId | EventRef) -> Mapping[str, str]:
        """Returns the prices that an order was decided on, by name; nothing for what is no order of ours."""
        return self._stated.get(OrderId(hedge), {})

    def sums(self, underlying: Underlying, slices: Sequence[Slice]) -> Iterator[tuple[OwnerId, date, _EdgeSums]]:
        """Yields what the hedges of an underlying earned. Needs: the list of last time, or one that was made anew."""
        found = self._summed.get(underlying)
        if found is None or found.slices is not slices:
            found = self._summed[underlying] = _Summed(slices)
        for place in range(found.upto, len(slices)):
            each = slices[place]
            if (edge := _edge_of(each)) is not None:
                sums = found.sums.setdefault((each.owner, each.day), _EdgeSums())
                sums.add_slice(each, edge, self.of(_hedge_of(each)))
        found.upto = len(slices)
        for (owner, day), sums in found.sums.items():
            yield owner, day, sums


def edge_totals(pnl: Pnl, evidence: Evidence, scope: Scope = EVERYTHING) -> dict[NetKey, EdgeTotals]:
    """Returns what the hedges of each owner in each underlying earned together.

    Needs: an order's intent is folded before its executions, and these are all of one side, as journals have it.
    """
    nets: dict[NetKey, _EdgeSums] = {}
    for underlying in underlyings_of(pnl, scope):
        slices = pnl.matching(underlying).slices
        for owner, day, sums in evidence.sums(underlying, slices) if slices else ():
            if scope.owner in (None, owner) and is_within(scope, day):
                nets.setdefault((owner, underlying), _EdgeSums()).add(sums)
    return {key: _edge_totals(sums) for key, sums in nets.items()}


def _edge_totals(sums: _EdgeSums) -> EdgeTotals:
    priced = sum(has_second for has_second, _ in sums.hedges.values())
    decided = sum(has_first for _, has_first in sums.hedges.values())
    return EdgeTotals(
        hedges=len(sums.hedges),
        qty=Quantity(sums.qty),
        edge_usd=Money(sums.edge),
        margin_usd=Money(sums.margin) if priced else None,
        basis_usd=Money(sums.basis) if priced else None,
        slippage_usd=Money(sums.slippage) if decided else None,
        priced=priced,
        decided=decided,
    )


def _hedge_of(each: Slice) -> OrderId | EventRef:
    return each.closing_order or each.closing


def _edge_of(each: Slice) -> Money | None:
    """Returns what a slice earned that an offchain trade closed of an onchain one; None for any other, or no value."""
    hedged = each.opening_place is Place.ONCHAIN and each.closing_place is Place.OFFCHAIN
    return each.realised if hedged else None


def hedge_edges(pnl: Pnl, evidence: Evidence, scope: Scope = EVERYTHING) -> tuple[HedgeEdge, ...]:
    """Returns the edge of each hedge, in the order in which they closed their first fill.

    Gives: only what an offchain trade closed of an onchain one; slices without a value are left out.
    """
    groups: dict[OrderId | EventRef, list[Slice]] = {}
    for each in slices_of(pnl, scope):
        if _edge_of(each) is not None:
            groups.setdefault(_hedge_of(each), []).append(each)
    fees: dict[OrderId | EventRef, list[CostFact]] = {}
    for cost in pnl.costs(scope.underlying):
        if not cost.in_kind and (charged := cost.order_id or cost.ref) in groups:
            fees.setdefault(charged, []).append(cost)
    return tuple(_edge(pnl, evidence.of(hedge), hedge, slices, fees.get(hedge, [])) for hedge, slices in groups.items())


def _edge(
    pnl: Pnl, evidence: Mapping[str, str], hedge: OrderId | EventRef, slices: list[Slice], costs: list[CostFact]
) -> HedgeEdge:
    first = slices[0]
    side = first.side.opposite
    qty = sum((each.qty for each in slices), ZERO)
    onchain = sum((each.opening_usd or ZERO for each in slices), ZERO)
    paid = sum((each.closing_usd or ZERO for each in slices), ZERO)
    pool, decided = _value(evidence, SECOND_PRICE, qty), _value(evidence, DECISION_PRICE, qty)
    values = [cost_in_usd(cost, pnl.marks) for cost in costs]
    return HedgeEdge(
        hedge=hedge,
        owner=first.owner,
        underlying=first.underlying,
        side=side,
        qty=Quantity(qty),
        fills=tuple(dict.fromkeys(each.opening for each in slices)),
        delayed=any(each.delayed for each in slices),
        onchain_usd=Money(onchain),
        hedge_usd=Money(paid),
        fees_usd=Money(sum((value for value in values if value is not None), ZERO)),
        fees_missing=values.count(None),
        margin_usd=None if pool is None else Money((onchain - pool) * side.sign),
        basis_usd=None if pool is None else Money((pool - paid) * side.sign),
        slippage_usd=None if decided is None else Money((paid - decided) * side.sign),
        closed_at=first.closed_at,
    )


def _value(evidence: Mapping[str, str], name: str, qty: Decimal) -> Decimal | None:
    """Returns the quantity at a price that the evidence states in USD per unit; None when it states none."""
    text = evidence.get(name)
    if text is None:
        return None
    try:
        return parse_number(text) * qty
    except NumberRefused:
        return None
