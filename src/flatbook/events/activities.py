"""What a venue books on an account besides executions: fees, dividends, interest, transfers."""

from __future__ import annotations

from enum import Enum

from flatbook.events.event import Event
from flatbook.values.ids import AccountId, ActivityId, AssetId, InstrumentId, OrderId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import Quantity


class ActivityKind(Enum):
    """What an account activity is, as far as our books go."""

    FEE = "fee"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    TRANSFER = "transfer"
    FUNDING = "funding"
    OTHER = "other"


class AccountActivityBooked(Event, frozen=True, kw_only=True, tag="account_activity_booked"):
    """A venue booked money on an account that no execution of an order moved.

    Units: amount in units of the asset, into the account above zero; zero where the venue states no amount.
    `venue_kind` is the venue's own word. `owner` is who bears a fee: that of the order, or the only one who trades
    there, else `unassigned`. `order_id`, `instrument` and `underlying` are None where the venue does not say.
    """

    account: AccountId
    activity_id: ActivityId
    kind: ActivityKind
    venue_kind: str
    owner: OwnerId
    underlying: Underlying | None
    instrument: InstrumentId | None
    order_id: OrderId | None
    asset: AssetId
    amount: Quantity
    detail: str
    happened_at: Instant
    seen_at: Instant
