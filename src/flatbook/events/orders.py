"""Events of our orders, from intent to end, and of orders that are not ours."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.events.event import Event
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
from flatbook.values.money import Money, Price, Quantity


class RejectReason(Enum):
    """Why a venue proved that it did not take an order."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    INSUFFICIENT_SHARES = "insufficient_shares"
    MARKET_CLOSED = "market_closed"
    NO_MARKET = "no_market"
    INVALID_PRICE = "invalid_price"
    INVALID_QUANTITY = "invalid_quantity"
    DUPLICATE_ID = "duplicate_id"
    WASH_TRADE = "wash_trade"
    WOULD_TAKE = "would_take"
    RESTRICTED = "restricted"
    RATE_LIMITED = "rate_limited"
    HALTED = "halted"
    OTHER = "other"


class NotSentReason(Enum):
    """Why an order provably never left this process."""

    HALTED = "halted"
    EXPIRED = "expired"
    REFUSED_LOCALLY = "refused_locally"
    NO_CONNECTION = "no_connection"
    CANCELED_BEFORE_SEND = "canceled_before_send"


class UnknownReason(Enum):
    """Why the fate of a request is not known."""

    TIMED_OUT = "timed_out"
    DISCONNECTED = "disconnected"
    SERVER_FAULT = "server_fault"
    UNREADABLE = "unreadable"
    RESTARTED = "restarted"


class OrderEnd(Enum):
    """How an order ended at the venue with a rest that will not be executed."""

    CANCELED = "canceled"
    EXPIRED = "expired"


class CancelReason(Enum):
    """Why we ask a venue to cancel one of our orders."""

    __hash__ = object.__hash__  # members are compared by identity, and are keys on the way of every cancel

    EXCEEDS_NET = "exceeds_net"
    WRONG_SIDE = "wrong_side"
    STALE_PRICE = "stale_price"
    HALTED = "halted"
    OPERATOR = "operator"
    OFF_GRID = "off_grid"


class OrderStyle(Enum):
    """How an order meets the market: rests with what does not match, must not match on arrival, or must not rest."""

    __hash__ = object.__hash__  # members are compared by identity, and are keys on the way of every order

    LIMIT = "limit"
    POST_ONLY = "post_only"
    IOC = "ioc"


class ForcedBy(Enum):
    """Why a venue changed a position on its own."""

    LIQUIDATION = "liquidation"
    DELEVERAGING = "deleveraging"
    SETTLEMENT = "settlement"


class RefusalRule(Enum):
    """The risk rule that refused an intent."""

    HALTED = "halted"
    NOTIONAL_MAX = "notional_max"
    QUANTITY_MAX = "quantity_max"
    COLLAR = "collar"
    SECOND_SOURCE = "second_source"
    FRESHNESS = "freshness"
    DAY_LOSS_MAX = "day_loss_max"
    OPEN_ORDERS_MAX = "open_orders_max"
    ORDER_RATE_MAX = "order_rate_max"
    SESSION = "session"
    EXCEEDS_NET = "exceeds_net"
    UNRESOLVED_ORDER = "unresolved_order"
    BROKER_NAMED = "broker_named"
    NO_LIMIT_PRICE = "no_limit_price"
    POSITION_MAX = "position_max"
    WOULD_TAKE = "would_take"
    SELF_CROSS = "self_cross"


class Fee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fee charged with an execution.

    Units: amount in the asset; positive is a cost, negative a rebate.
    """

    asset: AssetId
    amount: Money


class OrderIntended(Event, frozen=True, kw_only=False, tag="order_intended_v2"):
    """We decided to place an order; durable before the first byte leaves.

    The engine makes it by position: from sixteen arguments on, names cost seven times as much.

    Units: qty in base (contracts), above zero; limit in quote per base; `None` only for an operator's flatten;
    contract_size in base per contract.
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
    style: OrderStyle
    product: Product
    slot: Slot | None
    together: GroupId | None
    because: EventRef | None
    evidence: dict[str, str] | None
    decided_at: Instant
    good_until: Instant


class IntentRefused(Event, frozen=True, kw_only=True, tag="intent_refused"):
    """Risk refused an intent; no order exists.

    Units: limit and asked in the unit of the rule, as text.
    """

    order_id: OrderId
    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    side: Side
    qty: Quantity
    rule: RefusalRule
    limit: str
    asked: str
    because: EventRef | None
    decided_at: Instant


class OrderSubmitted(Event, frozen=True, kw_only=True, tag="order_submitted"):
    """The venue has the order but has not accepted it yet (pending new)."""

    order_id: OrderId
    venue_order_id: VenueOrderId | None
    seen_at: Instant


class OrderAccepted(Event, frozen=True, kw_only=True, tag="order_accepted"):
    """The venue accepted the order."""

    order_id: OrderId
    venue_order_id: VenueOrderId
    happened_at: Instant
    seen_at: Instant


class OrderRejected(Event, frozen=True, kw_only=True, tag="order_rejected"):
    """The venue proved that it does not, or no longer, work the order."""

    order_id: OrderId
    reason: RejectReason
    code: str
    message: str
    happened_at: Instant
    seen_at: Instant


class OrderNotSent(Event, frozen=True, kw_only=True, tag="order_not_sent"):
    """The order provably never left this process."""

    order_id: OrderId
    attempt: int
    reason: NotSentReason
    seen_at: Instant


class OrderUnknown(Event, frozen=True, kw_only=True, tag="order_unknown"):
    """The fate of a sent order is not known; it counts as exposure until a venue proves otherwise."""

    order_id: OrderId
    attempt: int
    reason: UnknownReason
    seen_at: Instant


class OrderFound(Event, frozen=True, kw_only=True, tag="order_found"):
    """Asked by id, the venue showed the order; its executions follow as events of their own."""

    order_id: OrderId
    venue_order_id: VenueOrderId
    filled_qty: Quantity
    seen_at: Instant


class OrderAbsent(Event, frozen=True, kw_only=True, tag="order_absent"):
    """Asked by id, the venue did not know the order.

    `proven` is true only when the venue's declared rules make the absence a proof; the order then ends as denied.
    """

    order_id: OrderId
    attempt: int
    proven: bool
    seen_at: Instant


class OrderResent(Event, frozen=True, kw_only=True, tag="order_resent"):
    """We decided to send the same order again under the same id, as the venue's id rule allows."""

    order_id: OrderId
    attempt: int
    decided_at: Instant


class OrderFilled(Event, frozen=True, kw_only=False, tag="order_filled_v2"):
    """An execution of one of our orders, made by position as `OrderIntended` is.

    Units: qty in base (contracts), above zero; price in quote per base; realised in quote, what the venue paid into the
    margin for what the execution closed, None where it does not say or nothing is settled in margin. `maker` is None
    where the venue does not say.
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
    product: Product
    realised: Money | None
    maker: bool | None
    happened_at: Instant
    seen_at: Instant


class OrderOverfilled(Event, frozen=True, kw_only=True, tag="order_overfilled"):
    """The venue executed more than we ordered; the truth is booked and the surplus is hedged like any other.

    Units: ordered and filled in base (contracts).
    """

    order_id: OrderId
    ordered: Quantity
    filled: Quantity
    seen_at: Instant


class OrderDone(Event, frozen=True, kw_only=True, tag="order_done"):
    """The order ended at the venue with a rest.

    Units: filled_qty in base (contracts), as the venue states it; executions not seen yet count as exposure.
    """

    order_id: OrderId
    end: OrderEnd
    filled_qty: Quantity
    happened_at: Instant
    seen_at: Instant


class CancelIntended(Event, frozen=True, kw_only=True, tag="cancel_intended"):
    """We ask the venue to cancel an order."""

    order_id: OrderId
    attempt: int
    reason: CancelReason
    because: EventRef | None
    decided_at: Instant


class CancelRefused(Event, frozen=True, kw_only=True, tag="cancel_refused"):
    """The venue refused to cancel: the order is no longer cancelable, or is not known there."""

    order_id: OrderId
    attempt: int
    message: str
    seen_at: Instant


class ForeignOrderSeen(Event, frozen=True, kw_only=True, tag="foreign_order_seen"):
    """An order that we did not intend works on our account. It counts as exposure and is never canceled by us.

    Units: qty and filled_qty in base (contracts); contract_size in base per contract.
    """

    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    venue_order_id: VenueOrderId
    side: Side
    qty: Quantity
    filled_qty: Quantity
    contract_size: Decimal
    open: bool
    seen_at: Instant


class ForeignFilled(Event, frozen=True, kw_only=True, tag="foreign_filled_v2"):
    """An execution on our account that no intent of ours caused; it belongs to `unassigned` until assigned.

    Units: qty in base (contracts), above zero; price in quote per base; realised in quote, what the venue paid into the
    margin for what the execution closed, None where it does not say or nothing is settled in margin. `maker` is None
    where the venue does not say.
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
    product: Product
    realised: Money | None
    maker: bool | None
    happened_at: Instant
    seen_at: Instant


class ForeignAssigned(Event, frozen=True, kw_only=True, tag="foreign_assigned"):
    """An operator gave the unassigned position of an instrument to an owner.

    Units: qty signed, in base (contracts).
    """

    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    owner: OwnerId
    qty: Quantity
    reason: str
    decided_at: Instant


class ReportRefused(Event, frozen=True, kw_only=True, tag="report_refused"):
    """A venue report does not fit what we know; it is kept here, nothing is folded from it, and we halt.

    `subject` is the order or execution it names; `report` the kind of report; `state` what we held.
    """

    account: AccountId
    instrument: InstrumentId | None
    subject: str
    report: str
    state: str
    detail: str
    seen_at: Instant
