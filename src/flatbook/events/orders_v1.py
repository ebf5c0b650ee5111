"""Events of orders in forms that are no longer written. Journals hold them: they are read, and lifted by `codec`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flatbook.events.event import Event
from flatbook.events.orders import Fee, ForeignFilled, OrderFilled, OrderIntended, OrderStyle
from flatbook.values.ids import (
    AccountId,
    AssetId,
    EventRef,
    ExecutionId,
    GroupId,
    InstrumentId,
    OrderId,
    OwnerId,
    Slot,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Price, Quantity


class OrderIntendedV1(Event, frozen=True, kw_only=True, tag="order_intended"):
    """An intent of before orders had styles: a limit order on something that is settled by delivery.

    Units: as in the present form.
    """

    order_id: OrderId
    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    side: Side
    qty: Quantity
    limit: Price | None
    contract_size: Decimal
    reduce_only: bool
    slot: Slot | None
    together: GroupId | None
    because: EventRef | None
    evidence: dict[str, str] | None
    decided_at: Instant
    good_until: Instant


class OrderFilledV1(Event, frozen=True, kw_only=True, tag="order_filled"):
    """An execution of before executions told what they realised, on something that is settled by delivery.

    Units: as in the present form.
    """

    order_id: OrderId
    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    execution_id: ExecutionId
    side: Side
    qty: Quantity
    price: Price
    quote: AssetId
    contract_size: Decimal
    fees: tuple[Fee, ...]
    happened_at: Instant
    seen_at: Instant


class ForeignFilledV1(Event, frozen=True, kw_only=True, tag="foreign_filled"):
    """A foreign execution of before executions told what they realised.

    Units: as in the present form.
    """

    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    venue_order_id: VenueOrderId | None
    execution_id: ExecutionId
    side: Side
    qty: Quantity
    price: Price
    quote: AssetId
    contract_size: Decimal
    fees: tuple[Fee, ...]
    happened_at: Instant
    seen_at: Instant


def lift_intended(event: OrderIntendedV1) -> OrderIntended:
    """Returns an old intent in the present form: all of them were limit orders on shares."""
    return OrderIntended(style=OrderStyle.LIMIT, product=Product.SPOT, **_fields(event))


def lift_filled(event: OrderFilledV1) -> OrderFilled:
    """Returns an old execution in the present form; whether it made the market was not kept."""
    return OrderFilled(product=Product.SPOT, realised=None, maker=None, **_fields(event))


def lift_foreign(event: ForeignFilledV1) -> ForeignFilled:
    """Returns an old foreign execution in the present form; whether it made the market was not kept."""
    return ForeignFilled(product=Product.SPOT, realised=None, maker=None, **_fields(event))


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}
