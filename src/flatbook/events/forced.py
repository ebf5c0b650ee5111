"""What a venue does to a position of ours by force: nobody ordered it, and it is nobody's mistake in the books."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events.event import Event
from flatbook.events.orders import Fee, ForcedBy
from flatbook.values.ids import AccountId, AssetId, ExecutionId, InstrumentId, OwnerId, Underlying, VenueOrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Money, Price, Quantity


class ForcedReduction(Event, frozen=True, kw_only=True, tag="forced_reduction"):
    """A venue closed a part of an owner's position by force.

    One execution is one event for each owner that held a part of what was closed; what nobody held belongs to
    `unassigned`. The fees of the execution stand with its first event.
    Units: qty in base (contracts), above zero; price in quote per base; realised in quote, as in `OrderFilled`, and
    with the first event only.
    """

    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    forced: ForcedBy
    venue_order_id: VenueOrderId | None
    execution_id: ExecutionId
    side: Side
    qty: Quantity
    price: Price
    quote: AssetId
    contract_size: Decimal
    fees: tuple[Fee, ...]
    product: Product
    realised: Money | None
    happened_at: Instant
    seen_at: Instant
