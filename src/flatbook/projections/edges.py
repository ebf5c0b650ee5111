"""What each hedge earned against the fills it closed, taken apart: edge, basis to a second price, slippage, fees."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.events.orders import OrderIntended
from flatbook.projections.facts import CostFact
from flatbook.projections.fold import Recorded
from flatbook.projections.lots import Place, Slice
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import EVERYTHING, Scope, cost_in_usd, slices_of
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
    when worse. fees_usd are those of the whole order. None where a number is not known.
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


class Evidence:
    """The prices that orders were decided on, as their intents state them."""

    def __init__(self) -> None:
        self._stated: dict[OrderId, dict[str, str]] = {}

    def apply(self, item: Recorded) -> None:
        """Takes the prices of an intent."""
        event = item.event
        if type(event) is OrderIntended and event.evidence:
            stated = {name: event.evidence[name] for name in (SECOND_PRICE, DECISION_PRICE) if name in event.evidence}
            if stated:
                self._stated[event.order_id] = stated

    def of(self, hedge: OrderId | EventRef) -> Mapping[str, str]:
        """Returns the prices that an order was decided on, by name; nothing for what is no order of ours."""
        return self._stated.get(OrderId(hedge), {})


def hedge_edges(pnl: Pnl, evidence: Evidence, scope: Scope = EVERYTHING) -> tuple[HedgeEdge, ...]:
    """Returns the edge of each hedge, in the order in which they closed their first fill.

    Gives: only what an offchain trade closed of an onchain one; slices without a value are left out.
    """
    groups: dict[OrderId | EventRef, list[Slice]] = {}
    for each in slices_of(pnl, scope):
        hedged = each.opening_place is Place.ONCHAIN and each.closing_place is Place.OFFCHAIN
        if hedged and each.realised is not None:
            groups.setdefault(each.closing_order or each.closing, []).append(each)
    fees: dict[OrderId | EventRef, list[CostFact]] = {}
    for cost in pnl.costs(scope.underlying):
        if (charged := cost.order_id or cost.ref) in groups:
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
