"""Where the profit of a run came from: parts that add up to the change of equity, to the last digit.

What an execution left behind earns the distance between its price and the middle of the market just before it, the
spread, and what the middle moved until the end, inventory. Fees and funding are what they are, a fee in kind at the
price of its execution, as profit and loss counts it. As each part is the
difference of two values of the same quantity, their sum is what was got and paid, and what is held at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import OrderFilled
from flatbook.values.ids import AssetId, InstrumentId, OrderId, OwnerId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Price, Quantity


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One execution, with what the market stood at just before it.

    Units: qty in contracts, above zero; prices in quote per base; fee in quote, above zero a cost; `in_kind` is what a
    fee took of the base itself; `contract_size` in base per contract. One that the venue made by force has the name of
    its execution in place of an order's.
    """

    owner: OwnerId
    instrument: InstrumentId
    order_id: OrderId
    side: Side
    qty: Quantity
    price: Price
    middle: Price
    quote: AssetId
    contract_size: Decimal
    fee: Money
    in_kind: Quantity
    maker: bool | None
    happened_at: Instant
    seen_at: Instant
    forced: bool = False

    @property
    def signed(self) -> Quantity:
        """By how much the position moved. Units: contracts."""
        return Quantity(self.side.sign * self.qty)

    @property
    def kept(self) -> Quantity:
        """What stayed of that after a fee in kind. Units: contracts."""
        return Quantity(self.signed - self.in_kind)

    @property
    def notional(self) -> Money:
        """What was turned over. Units: quote."""
        return Money(self.qty * self.price * self.contract_size)

    @property
    def spread(self) -> Money:
        """What it earned against the middle, with what was kept. Units: quote."""
        return Money(self.kept * self.contract_size * (self.middle - self.price))

    @property
    def fees(self) -> Money:
        """What it cost, a fee in kind at the price of its execution. Units: quote."""
        return Money(self.fee + self.in_kind * self.contract_size * self.price)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What was held of the base of a spot market at the start. Units: qty in base; first in quote per base."""

    base: AssetId
    qty: Quantity
    first: Price
    quote: AssetId


class Parts(msgspec.Struct, kw_only=True):
    """What one instrument earned, by part. Units: quote; fees are below zero where they cost; position in contracts.

    `opening` is what was held at the start and gained since; the position has it, too.
    `change` is the change of equity, added up on its own: cash got and paid, and what is held at the end.
    """

    instrument: InstrumentId
    quote: AssetId
    spread: Money = Money(ZERO)
    inventory: Money = Money(ZERO)
    fees: Money = Money(ZERO)
    funding: Money = Money(ZERO)
    opening: Money = Money(ZERO)
    change: Money = Money(ZERO)
    position: Quantity = Quantity(ZERO)
    turnover: Money = Money(ZERO)
    executions: int = 0

    @property
    def net(self) -> Money:
        """All parts together. Units: quote."""
        return Money(self.spread + self.inventory + self.fees + self.funding + self.opening)


def execution_of(event: OrderFilled | ForcedReduction, middle: Price) -> Execution:
    """Returns an execution as the report needs it.

    Errors: ValueError where a fee is in neither the quote nor the base: nothing here says what that is worth.
    """
    fee = in_kind = ZERO
    is_forced = isinstance(event, ForcedReduction)
    order_id = OrderId(event.execution_id) if isinstance(event, ForcedReduction) else event.order_id
    for each in event.fees:
        if each.asset == event.quote:
            fee += each.amount
        elif str(each.asset) == str(event.underlying):
            in_kind += each.amount
        else:
            raise ValueError(f"a fee of {order_id} is in {each.asset}, and no price of that is on the tape")
    return Execution(
        owner=event.owner,
        instrument=event.instrument,
        order_id=order_id,
        side=event.side,
        qty=event.qty,
        price=event.price,
        middle=middle,
        quote=event.quote,
        contract_size=event.contract_size,
        fee=Money(fee),
        in_kind=Quantity(in_kind),
        maker=None if isinstance(event, ForcedReduction) else event.maker,
        happened_at=event.happened_at,
        seen_at=event.seen_at,
        forced=is_forced,
    )


def is_funding(event: AccountActivityBooked) -> bool:
    """Returns whether money was paid or got for holding an instrument."""
    return event.kind is ActivityKind.FUNDING and event.instrument is not None


def parts_of(
    executions: Sequence[Execution],
    fundings: Sequence[AccountActivityBooked],
    last: Mapping[InstrumentId, Price],
    openings: Mapping[InstrumentId, Opening],
) -> dict[InstrumentId, Parts]:
    """Returns what each instrument earned, by part.

    `last` is the middle of each at the end. Units: quote.
    """
    found: dict[InstrumentId, Parts] = {}
    for each in executions:
        parts = found.setdefault(each.instrument, Parts(instrument=each.instrument, quote=each.quote))
        left = each.kept * each.contract_size
        parts.spread = Money(parts.spread + each.spread)
        parts.inventory = Money(parts.inventory + left * (last[each.instrument] - each.middle))
        parts.fees = Money(parts.fees - each.fees)
        parts.change = Money(parts.change - each.side.sign * each.notional - each.fee)
        parts.position = Quantity(parts.position + each.kept)
        parts.turnover = Money(parts.turnover + each.notional)
        parts.executions += 1
    sizes = {each.instrument: each.contract_size for each in executions}
    for instrument, parts in found.items():
        parts.change = Money(parts.change + parts.position * sizes[instrument] * last[instrument])
    for paid in fundings:
        if paid.instrument is None:
            continue
        parts = found.setdefault(paid.instrument, Parts(instrument=paid.instrument, quote=paid.asset))
        parts.funding = Money(parts.funding + paid.amount)
        parts.change = Money(parts.change + paid.amount)
    for instrument, opening in openings.items():
        parts = found.setdefault(instrument, Parts(instrument=instrument, quote=opening.quote))
        gained = opening.qty * (last[instrument] - opening.first)
        parts.opening, parts.change = Money(gained), Money(parts.change + gained)
        parts.position = Quantity(parts.position + opening.qty)
    return found
