"""What venues answer and report, in our words. An adapter turns bytes into these values and nothing else."""

from __future__ import annotations

from datetime import date
from enum import Enum

import msgspec

from flatbook.events.activities import ActivityKind
from flatbook.events.orders import Fee, ForcedBy, NotSentReason, RejectReason, UnknownReason
from flatbook.values.ids import (
    AccountId,
    ActivityId,
    AssetId,
    ExecutionId,
    InstrumentId,
    OrderId,
    VenueOrderId,
)
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity


class Report(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The shape of all answers and reports."""


class Accepted(Report, frozen=True, kw_only=True):
    """The venue took the order. `pending` is true while it only holds it (pending new)."""

    venue_order_id: VenueOrderId
    pending: bool
    happened_at: Instant


class Rejected(Report, frozen=True, kw_only=True):
    """The venue proved that it did not take the request."""

    reason: RejectReason
    code: str
    message: str
    happened_at: Instant


class NotSent(Report, frozen=True, kw_only=True):
    """The request provably never left."""

    reason: NotSentReason


class Unknown(Report, frozen=True, kw_only=True):
    """The request may have happened."""

    reason: UnknownReason


class Absent(Report, frozen=True, kw_only=True):
    """The venue answered that it has no such order; whether that is a proof is decided by its declared rules."""


class CancelTaken(Report, frozen=True, kw_only=True):
    """The venue took the cancel request; the end of the order is reported by the venue on its own."""


class CancelTooLate(Report, frozen=True, kw_only=True):
    """The venue cannot cancel: the order has ended, or is not known there."""

    message: str


class VenueStatus(Enum):
    """The state of an order as a venue states it, reduced to what we act on."""

    __hash__ = object.__hash__  # members are compared by identity, and are keys on the way of every report

    PENDING = "pending"
    OPEN = "open"
    PENDING_CANCEL = "pending_cancel"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"


class Execution(Report, frozen=True, kw_only=True):
    """One execution. `order_id` is None when the venue shows no client id of ours for it.

    Units: qty in base (contracts), above zero; price in quote per base; realised in quote, as in `OrderFilled`.
    `forced` tells that the venue did it on its own.
    """

    execution_id: ExecutionId
    order_id: OrderId | None
    venue_order_id: VenueOrderId | None
    instrument: InstrumentId
    side: Side
    qty: Quantity
    price: Price
    fees: tuple[Fee, ...]
    realised: Money | None
    happened_at: Instant
    maker: bool | None = None
    forced: ForcedBy | None = None


class UnreadableExecution(Report, frozen=True, kw_only=True):
    """An execution of which the venue's own id can be read, and something else cannot.

    `instrument` is None when it cannot be told; `detail` says what is wrong with the rest.
    """

    execution_id: ExecutionId
    instrument: InstrumentId | None
    detail: str


class FillTotal(Report, frozen=True, kw_only=True):
    """What all executions of an order came to so far, at a venue that states running totals and no executions.

    Units: notional in quote, quantity times price, before contract size; fees in units of their asset.
    """

    notional: Money
    fees: tuple[Fee, ...]


class OrderReport(Report, frozen=True, kw_only=True):
    """The state of one order. `executions` holds all of its executions when `complete`, else what the report carried.

    `total` belongs to `filled_qty`, at a venue whose card says totals; `rejected` says why, where it says rejected and
    the venue tells.
    Units: qty and filled_qty in base (contracts).
    """

    order_id: OrderId | None
    venue_order_id: VenueOrderId
    instrument: InstrumentId
    side: Side
    qty: Quantity
    filled_qty: Quantity
    status: VenueStatus
    status_text: str
    executions: tuple[Execution, ...]
    complete: bool
    happened_at: Instant
    total: FillTotal | None = None
    rejected: RejectReason = RejectReason.OTHER


class Holding(Report, frozen=True, kw_only=True):
    """A position that a venue states.

    Units: qty signed, in base (contracts).
    """

    instrument: InstrumentId
    qty: Quantity


class Balance(Report, frozen=True, kw_only=True):
    """A cash or coin balance that a venue states.

    Units: amounts in units of the asset; `available` is what may be spent now.
    """

    asset: AssetId
    total: Quantity
    available: Quantity


class Activity(Report, frozen=True, kw_only=True):
    """Money that a venue booked on an account besides executions. `venue_kind` is the venue's own word.

    Units: amount in units of the asset, into the account above zero; zero where it states none.
    """

    activity_id: ActivityId
    kind: ActivityKind
    venue_kind: str
    asset: AssetId
    amount: Quantity
    instrument: InstrumentId | None
    order_id: OrderId | None
    detail: str
    happened_at: Instant


class ClockReading(Report, frozen=True, kw_only=True):
    """What the clock of a venue showed when it answered: somewhere from `earliest` to `latest`, as finely as it says.

    It answered at a moment of ours from `asked_at` to `answered_at`.
    """

    asked_at: Instant
    answered_at: Instant
    earliest: Instant
    latest: Instant


class Funds(Report, frozen=True, kw_only=True):
    """What a venue lets an account spend and borrow.

    Units: `settled` in units of the asset: cash that is settled, what orders work for not taken off; `instant` in units
    of the asset: what may be spent beyond it now without a violation, zero in a cash account. Both are None where the
    venue does not say. `good_faith` counts the violations that the venue holds against the account. `borrowable` are
    the instruments that are easy to borrow, None where the venue does not say.
    """

    asset: AssetId
    settled: Quantity | None
    instant: Quantity | None = None
    good_faith: int | None = None
    borrowable: tuple[InstrumentId, ...] | None = None


class MarketHours(Report, frozen=True, kw_only=True):
    """When a venue says that the regular session of a trade date opens and closes; None on a day without one."""

    trade_date: date
    opens_at: Instant | None
    closes_at: Instant | None


class AccountStatement(Report, frozen=True, kw_only=True):
    """Orders, holdings and balances of one account, read at one moment.

    `stated_at` was taken before the first read; anything that happened later may or may not be included. A symbol of
    ours that is absent from `holdings` is zero. `clock` is None where the venue does not say what time it is.
    `activities` are those of the last days, read anew with every statement: identity tells which are known. They are
    not complete where the venue might have booked more by then than it, or a service of it, has told.
    `hours` are those of the present trade date, None where the venue states none. `untradable` are the instruments that
    the venue does not let trade, or of which it did not say so lately; None where it never says.
    """

    account: AccountId
    stated_at: Instant
    open_orders: tuple[OrderReport, ...]
    holdings: tuple[Holding, ...]
    balances: tuple[Balance, ...]
    clock: ClockReading | None = None
    activities: tuple[Activity, ...] = ()
    activities_complete: bool = True
    hours: MarketHours | None = None
    untradable: tuple[InstrumentId, ...] | None = None
    funds: Funds | None = None


ExecutionLine = Execution | UnreadableExecution
ExecutionPage = tuple[tuple[ExecutionLine, ...], str]
PlaceAnswer = Accepted | Rejected | NotSent | Unknown
CancelAnswer = CancelTaken | CancelTooLate | Rejected | NotSent | Unknown
FindAnswer = OrderReport | Absent | Unknown | NotSent
Pushed = Execution | OrderReport
