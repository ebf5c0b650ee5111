"""First in, first out: trades open lots and close lots of the other side, oldest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.values.ids import EventRef, OrderId, OwnerId, Underlying
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Price, Quantity, check_number, cut, divide_cut

COUNTER_TRADE_NS_MAX = 300 * NS_PER_S
USD_DECIMALS = 18


class Place(Enum):
    """Where a trade was made; `manual` is a position that an operator stated."""

    ONCHAIN = "onchain"
    OFFCHAIN = "offchain"
    MANUAL = "manual"


class Bucket(Enum):
    """What a realised result came from.

    `in_kind` is no trade's: what fees took of what was traded is lost in the others, and counted as a cost, so it is
    given back here at the price of its execution.
    """

    COUNTER_TRADE = "counter_trade"
    ONCHAIN_NETTING = "onchain_netting"
    DIRECTIONAL = "directional"
    IN_KIND = "in_kind"


class FactRefused(ValueError):
    """A trade cannot be matched: its quantity or its price is not above zero."""


class Trade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trade as the matching sees it.

    Units: qty in underlying; usd is what the whole quantity cost or brought, None when that is not known.
    `day` is the US Eastern date of `at`.
    """

    ref: EventRef
    owner: OwnerId
    underlying: Underlying
    place: Place
    side: Side
    qty: Quantity
    usd: Money | None
    at: Instant
    day: date
    order_id: OrderId | None


class Lot(msgspec.Struct, kw_only=True, gc=False):
    """What is left open of a trade.

    Units: qty in underlying, unsigned; usd is the cost (side buy) or the proceeds (side sell) of that quantity.
    """

    ref: EventRef
    place: Place
    side: Side
    qty: Quantity
    usd: Money | None
    at: Instant
    order_id: OrderId | None


Lots = deque[Lot]


class Slice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A quantity that one trade opened and a later one closed.

    Units: qty in underlying; opening_usd and closing_usd are the values of that quantity. `side` is the side of the
    opening trade: buy was long, sell was short. `delayed`: a hedge that came too late to count as counter-trade.
    """

    owner: OwnerId
    underlying: Underlying
    bucket: Bucket
    delayed: bool
    side: Side
    qty: Quantity
    opening: EventRef
    opening_place: Place
    opening_order: OrderId | None
    opening_usd: Money | None
    opened_at: Instant
    closing: EventRef
    closing_place: Place
    closing_order: OrderId | None
    closing_usd: Money | None
    closed_at: Instant
    day: date

    @property
    def realised(self) -> Money | None:
        """The result in USD, before costs; None when either value is not known."""
        if self.opening_usd is None or self.closing_usd is None:
            return None
        return Money((self.closing_usd - self.opening_usd) * self.side.sign)

    @property
    def opening_price(self) -> Price | None:
        """The opening value per unit, cut to 18 decimals."""
        return price_of(self.opening_usd, self.qty)

    @property
    def closing_price(self) -> Price | None:
        """The closing value per unit, cut to 18 decimals."""
        return price_of(self.closing_usd, self.qty)


def price_of(usd: Decimal | None, qty: Decimal) -> Price | None:
    """Returns value per unit, cut to 18 decimals; None when the value is not known.

    Units: USD per unit of underlying.
    """
    return None if usd is None else Price(divide_cut(usd, qty, decimals=USD_DECIMALS))


def value_at_price(qty: Decimal, price: Decimal) -> Money:
    """Returns quantity times price, cut to 18 decimals.

    Errors: FactRefused when the quantity or the price is not above zero.
    """
    if not qty > ZERO:
        raise FactRefused(f"a quantity must be above zero, not {qty}")
    if not price > ZERO:
        raise FactRefused(f"a price must be above zero, not {price}")
    return Money(cut(qty * price, decimals=USD_DECIMALS))


def check_trade(trade: Trade) -> Trade:
    """Returns the trade when it can be matched.

    Errors: FactRefused when its quantity is not above zero or its value is below; a value of zero is refused
    everywhere but onchain, where a vault can give tokens away. NumberRefused when either has more digits than an
    event may carry, so that their product stays exact.
    """
    check_number(trade.qty)
    check_number(trade.usd or ZERO)
    if not trade.qty > ZERO:
        raise FactRefused(f"a quantity must be above zero, not {trade.qty}")
    usd = trade.usd
    if usd is not None and (usd < ZERO or (usd == ZERO and trade.place is not Place.ONCHAIN)):
        raise FactRefused(f"a price must be above zero: {trade.qty} for {usd} USD")
    return trade


def match_trade(lots: Lots, trade: Trade) -> list[Slice]:
    """Closes lots of the other side, oldest first, and opens a lot with what is left of the trade.

    Shape: the lots of one (owner, underlying), all of one side, oldest first; written in place.
    Needs: a checked trade.
    Gives: the closed slices; the values taken from a lot add up to its value.
    """
    rest = Lot(
        ref=trade.ref,
        place=trade.place,
        side=trade.side,
        qty=trade.qty,
        usd=trade.usd,
        at=trade.at,
        order_id=trade.order_id,
    )
    slices = []
    while rest.qty and lots and lots[0].side is not rest.side:
        slices.append(_close(lots[0], rest, trade))
        if not lots[0].qty:
            lots.popleft()
    if rest.qty:
        lots.append(rest)
    return slices


def take(lot: Lot, qty: Quantity) -> Money | None:
    """Removes a quantity from a lot and returns its part of the value, cut to 18 decimals; the remainder stays.

    Needs: qty not above what the lot holds.
    """
    usd = part_of(lot.usd, qty, lot.qty)
    if lot.usd is not None and usd is not None:
        lot.usd = Money(lot.usd - usd)
    lot.qty = Quantity(lot.qty - qty)
    return usd


def part_of(usd: Money | None, qty: Quantity, whole: Quantity) -> Money | None:
    """Returns usd * qty / whole, cut to 18 decimals."""
    if usd is None or qty == whole:
        return usd
    return Money(divide_cut(usd * qty, whole, decimals=USD_DECIMALS))


def net_of(lots: Iterable[Lot]) -> Quantity:
    """Returns what the lots hold together, short below zero."""
    return Quantity(sum((lot.qty * lot.side.sign for lot in lots), ZERO))


def cost_of(lots: Iterable[Lot]) -> Money | None:
    """Returns what the open lots cost less what they brought; None when the value of one is not known."""
    total = ZERO
    for lot in lots:
        if lot.usd is None:
            return None
        total += lot.usd * lot.side.sign
    return Money(total)


def _close(lot: Lot, rest: Lot, trade: Trade) -> Slice:
    qty = min(lot.qty, rest.qty)
    bucket, delayed = _bucket(lot, trade)
    return Slice(
        owner=trade.owner,
        underlying=trade.underlying,
        bucket=bucket,
        delayed=delayed,
        side=lot.side,
        qty=qty,
        opening=lot.ref,
        opening_place=lot.place,
        opening_order=lot.order_id,
        opening_usd=take(lot, qty),
        opened_at=lot.at,
        closing=trade.ref,
        closing_place=trade.place,
        closing_order=trade.order_id,
        closing_usd=take(rest, qty),
        closed_at=trade.at,
        day=trade.day,
    )


def _bucket(lot: Lot, trade: Trade) -> tuple[Bucket, bool]:
    """Returns the bucket of a slice, and whether it is a hedge that came too late for the first one."""
    if trade.place is Place.OFFCHAIN and lot.place is not Place.OFFCHAIN:
        late = trade.at - lot.at > COUNTER_TRADE_NS_MAX
        prompt = lot.place is Place.ONCHAIN and not late
        return (Bucket.COUNTER_TRADE if prompt else Bucket.DIRECTIONAL), late
    netting = trade.place is Place.ONCHAIN and lot.place is Place.ONCHAIN
    return (Bucket.ONCHAIN_NETTING if netting else Bucket.DIRECTIONAL), False
