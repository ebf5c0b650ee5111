"""What deciders want of orders and chain calls. An intent is a wish; only risk turns it into what may be sent."""

from __future__ import annotations

import msgspec

from flatbook.events.calls import CallPurpose
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.values.ids import (
    AccountId,
    AssetId,
    CallId,
    ChainId,
    EventRef,
    InstrumentId,
    OrderId,
    OwnerId,
    Slot,
    Underlying,
    WalletId,
)
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import Price, Quantity


class PlaceIntent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The wish to place an order.

    Units: qty in base (contracts); limit in quote per base, None only for an operator's flatten.
    """

    order_id: OrderId
    owner: OwnerId
    underlying: Underlying
    instrument: Instrument
    side: Side
    qty: Quantity
    limit: Price | None
    reduce_only: bool
    style: OrderStyle
    slot: Slot | None
    because: EventRef | None
    evidence: dict[str, str]
    good_until: Instant

    @property
    def account(self) -> AccountId:
        """The account that the instrument names."""
        return self.instrument.account

    @property
    def instrument_id(self) -> InstrumentId:
        """The id of the instrument."""
        return self.instrument.id


class CancelIntent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The wish to cancel an order; it never waits for risk."""

    order_id: OrderId
    reason: CancelReason
    because: EventRef | None


class CallIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The wish to send a transaction of our own; fields and units as in `CallIntended`."""

    call_id: CallId
    owner: OwnerId
    account: AccountId
    chain: ChainId
    wallet: WalletId
    purpose: CallPurpose
    to: str
    payload: str
    value: Quantity
    asset: AssetId | None
    amount: Quantity | None
    destination: str | None
    urgent: bool
    after: CallId | None
    because: EventRef | None
    evidence: dict[str, str]
    good_until: Instant


Intent = PlaceIntent | CancelIntent | CallIntent
