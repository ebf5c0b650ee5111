"""The life of an order: one table of transitions, and the fold of order events.

`unknown` is a status of its own: the order may live, counts as exposure in full, and leaves that status only by
positive evidence or by proof of absence. A late execution is booked in every status.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
from msgspec.structs import replace

from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.values.ids import (
    AccountId,
    AssetId,
    EventRef,
    InstrumentId,
    OrderId,
    OwnerId,
    Slot,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Product, Side, held_as
from flatbook.values.money import ZERO, Price, Quantity

CANCEL_RETRY_S = 5


class Status(Enum):
    """Where an order stands."""

    __hash__ = object.__hash__  # members are compared by identity, and are keys on the way of every event

    INTENDED = "intended"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DENIED = "denied"


class Move(Enum):
    """What can be learned about an order."""

    __hash__ = object.__hash__

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    FOUND = "found"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    ABSENCE_PROVEN = "absence_proven"
    RESENT = "resent"
    FILLED_PART = "filled_part"
    FILLED_ALL = "filled_all"
    CANCELED = "canceled"
    EXPIRED = "expired"
    CANCEL_INTENDED = "cancel_intended"
    CANCEL_REFUSED = "cancel_refused"


_INT, _SUB, _ACC, _PART, _PEND, _UNK = (
    Status.INTENDED,
    Status.SUBMITTED,
    Status.ACCEPTED,
    Status.PARTIALLY_FILLED,
    Status.PENDING_CANCEL,
    Status.UNKNOWN,
)
_FILLED, _CANC, _EXP, _REJ, _DEN = (
    Status.FILLED,
    Status.CANCELED,
    Status.EXPIRED,
    Status.REJECTED,
    Status.DENIED,
)

_NOTHING, _NEVER = Quantity(ZERO), Instant(0)
_PART_FILLED, _ALL_FILLED = Move.FILLED_PART, Move.FILLED_ALL
_CANCELED, _EXPIRED, _BY_CANCEL = Move.CANCELED, Move.EXPIRED, ev.OrderEnd.CANCELED
_BUY = Side.BUY

ENDED: tuple[Status, ...] = (_FILLED, _CANC, _EXP, _REJ, _DEN)
TERMINAL: frozenset[Status] = frozenset(ENDED)
OPEN: tuple[Status, ...] = (_INT, _SUB, _ACC, _PART, _PEND, _UNK)


def _rows(move: Move, table: dict[Status, Status]) -> dict[tuple[Status, Move], Status]:
    return {(status, move): after for status, after in table.items()}


def _same(*statuses: Status) -> dict[Status, Status]:
    return {status: status for status in statuses}


def _all_to(after: Status, *statuses: Status) -> dict[Status, Status]:
    return dict.fromkeys(statuses, after)


# An accepted order with executions is partially filled, one whose cancel is under way is pending cancel: where the
# table says accepted, `working_status` refines it.
TRANSITIONS: dict[tuple[Status, Move], Status] = {
    **_rows(Move.SUBMITTED, _all_to(_SUB, _INT, _UNK, _DEN)),
    **_rows(Move.ACCEPTED, _all_to(_ACC, _INT, _SUB, _UNK, _DEN) | _same(_PART, _PEND, _FILLED, _CANC, _EXP)),
    **_rows(Move.FOUND, _all_to(_ACC, _INT, _SUB, _ACC, _PART, _PEND, _UNK, _DEN) | _same(_FILLED, _CANC, _EXP, _REJ)),
    **_rows(Move.REJECTED, _all_to(_REJ, *OPEN)),
    **_rows(Move.NOT_SENT, _all_to(_DEN, _INT)),
    **_rows(Move.UNKNOWN, _all_to(_UNK, _INT, _SUB, _UNK)),
    **_rows(Move.ABSENT, _same(_UNK)),
    **_rows(Move.ABSENCE_PROVEN, _all_to(_DEN, _UNK)),
    **_rows(Move.RESENT, _same(_UNK)),
    **_rows(
        Move.FILLED_PART,
        _all_to(_ACC, _INT, _SUB, _ACC, _PART, _PEND, _UNK) | _same(_CANC, _EXP, _REJ) | {_DEN: _UNK},
    ),
    **_rows(Move.FILLED_ALL, _all_to(_FILLED, *Status)),
    **_rows(Move.CANCELED, _all_to(_CANC, *OPEN, _DEN)),
    **_rows(Move.EXPIRED, _all_to(_EXP, *OPEN, _DEN)),
    **_rows(Move.CANCEL_INTENDED, _all_to(_PEND, _SUB, _ACC, _PART, _PEND) | _same(_INT, _UNK)),
    **_rows(Move.CANCEL_REFUSED, {_PEND: _ACC} | _same(_INT, _UNK)),
}

# Reports that tell nothing new: an older state of an order that has moved on. They are dropped and counted.
STALE: frozenset[tuple[Status, Move]] = frozenset(
    [(status, Move.SUBMITTED) for status in (_SUB, _ACC, _PART, _PEND, _FILLED, _CANC, _EXP, _REJ)]
    + [(_ACC, Move.ACCEPTED)]
    + [(status, Move.REJECTED) for status in (_CANC, _EXP, _REJ, _DEN)]
    + [(status, Move.NOT_SENT) for status in Status if status not in (_INT, _SUB, _ACC, _PART, _PEND)]
    + [(status, Move.UNKNOWN) for status in Status if status not in (_INT, _SUB, _UNK)]
    + [(status, Move.ABSENT) for status in Status if status is not _UNK]
    + [(status, Move.ABSENCE_PROVEN) for status in Status if status is not _UNK]
    + [(status, Move.RESENT) for status in Status if status is not _UNK]
    + [(status, Move.CANCELED) for status in (_FILLED, _CANC, _EXP, _REJ)]
    + [(status, Move.EXPIRED) for status in (_FILLED, _CANC, _EXP, _REJ)]
    + [(status, Move.CANCEL_INTENDED) for status in ENDED]
    + [(status, Move.CANCEL_REFUSED) for status in Status if status not in (_PEND, _INT, _UNK)]
)


class Order(msgspec.Struct, frozen=True, gc=False):
    """One of our orders. It is made in one place, by position: by name that costs ten times as much.

    Units: qty, filled and claimed in base (contracts); `claimed` is the largest filled quantity a venue stated,
    and exceeds `filled` while executions are still missing. `sent_at` is the latest instant by which a request for it
    is known to have left, if it left at all; `cancel_at` when a cancel was last asked for or refused, 0 before.
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
    style: ev.OrderStyle
    product: Product
    slot: Slot | None
    status: Status
    filled: Quantity
    claimed: Quantity
    venue_order_id: VenueOrderId | None
    attempt: int
    cancel_attempt: int
    cancel_pending: bool
    cancel_at: Instant
    decided_at: Instant
    sent_at: Instant
    changed_at: Instant
    good_until: Instant
    because: EventRef | None

    @property
    def is_open(self) -> bool:
        """Whether the order may still execute, as far as we know."""
        return self.status not in TERMINAL

    @property
    def asset(self) -> AssetId:
        """The asset under which its account holds what it trades."""
        return held_as(self.product, self.underlying, self.instrument)

    @property
    def leaves(self) -> Quantity:
        """The quantity that may still arrive as executions, for the worst case.

        Units: base (contracts). An ended order still owes what the venue claimed and we have not seen.
        """
        expected = self.claimed
        if not expected and not self.filled and self.status not in TERMINAL:
            return self.qty
        if self.status not in TERMINAL and self.qty > expected:
            expected = self.qty
        return Quantity(expected - self.filled) if expected > self.filled else _NOTHING


def cancel_from(order: Order) -> Instant:
    """Returns from when a cancel may be asked for: a while after the last attempt, at any time before the first."""
    return later(order.cancel_at, seconds=CANCEL_RETRY_S)


class Broken(AssertionError):
    """A fold met what step must never write; found in tests, never raised by what a venue sends."""


def order_of_intent(event: ev.OrderIntended) -> Order:
    """Returns the order that an intent creates."""
    at = event.decided_at
    return Order(
        event.order_id,
        event.owner,
        event.account,
        event.instrument,
        event.underlying,
        event.side,
        event.qty,
        event.limit,
        event.contract_size,
        event.reduce_only,
        event.style,
        event.product,
        event.slot,
        _INT,
        _NOTHING,
        _NOTHING,
        None,
        0,
        0,
        False,
        _NEVER,
        at,
        at,
        at,
        event.good_until,
        event.because,
    )


MOVES: dict[type[Event], Move] = {
    ev.OrderSubmitted: Move.SUBMITTED,
    ev.OrderAccepted: Move.ACCEPTED,
    ev.OrderFound: Move.FOUND,
    ev.OrderRejected: Move.REJECTED,
    ev.OrderNotSent: Move.NOT_SENT,
    ev.OrderUnknown: Move.UNKNOWN,
    ev.OrderResent: Move.RESENT,
    ev.CancelIntended: Move.CANCEL_INTENDED,
    ev.CancelRefused: Move.CANCEL_REFUSED,
}


def move_of(order: Order, event: Event) -> Move | None:
    """Returns what an event says about an order; None when it is no event of an order's life."""
    move = MOVES.get(type(event))
    if move is not None:
        return move
    if isinstance(event, ev.OrderFilled):
        return _ALL_FILLED if order.filled + event.qty >= order.qty else _PART_FILLED
    if isinstance(event, ev.OrderDone):
        return _CANCELED if event.end is _BY_CANCEL else _EXPIRED
    if isinstance(event, ev.OrderAbsent):
        return Move.ABSENCE_PROVEN if event.proven else Move.ABSENT
    return None


def working_status(after: Status, cancel_pending: bool, filled: Quantity) -> Status:
    """Returns the status a working order shows: pending cancel before partially filled before accepted."""
    if after is not _ACC and after is not _SUB:
        return after
    if cancel_pending:
        return _PEND
    return _PART if filled and after is _ACC else after


def moved(order: Order, event: Event) -> Order:
    """Returns the order after an event of its life.

    Needs: step has checked the edge against TRANSITIONS.
    Errors: Broken when the edge is not in the table.
    """
    kind = type(event)
    move = MOVES.get(kind) or move_of(order, event)
    after = None if move is None else TRANSITIONS.get((order.status, move))
    if after is None:
        raise Broken(f"order {order.order_id} is {order.status.value}: {kind.__name__} does not fit")
    return _FACTS[kind](order, event, after)


def _filled(order: Order, event: ev.OrderFilled, after: Status) -> Order:
    filled = order.filled + event.qty
    claimed = max(order.claimed, filled)
    status = _FILLED if after is _FILLED else working_status(after, order.cancel_pending, Quantity(filled))
    return replace(order, status=status, filled=filled, claimed=claimed, changed_at=event.seen_at)


def _done(order: Order, event: ev.OrderDone, after: Status) -> Order:
    claimed = max(order.claimed, event.filled_qty)
    return replace(order, status=after, claimed=claimed, changed_at=event.seen_at)


def _found(order: Order, event: ev.OrderFound, after: Status) -> Order:
    return replace(
        order,
        status=working_status(after, order.cancel_pending, order.filled),
        claimed=max(order.claimed, event.filled_qty),
        venue_order_id=event.venue_order_id,
        changed_at=event.seen_at,
    )


def _shown(order: Order, event: ev.OrderSubmitted | ev.OrderAccepted, after: Status) -> Order:
    known = event.venue_order_id or order.venue_order_id
    return replace(
        order,
        status=working_status(after, order.cancel_pending, order.filled),
        venue_order_id=known,
        changed_at=event.seen_at,
    )


def _unknown(order: Order, event: ev.OrderUnknown, after: Status) -> Order:
    return replace(order, status=after, sent_at=max(order.sent_at, event.seen_at), changed_at=event.seen_at)


def _resent(order: Order, event: ev.OrderResent, after: Status) -> Order:
    return replace(order, status=after, attempt=event.attempt, sent_at=event.decided_at, changed_at=event.decided_at)


def _canceling(order: Order, event: ev.CancelIntended, after: Status) -> Order:
    return replace(
        order,
        status=after,
        cancel_attempt=event.attempt,
        cancel_pending=True,
        cancel_at=event.decided_at,
        changed_at=event.decided_at,
    )


def _not_canceling(order: Order, event: ev.CancelRefused, after: Status) -> Order:
    status = working_status(after, False, order.filled)
    return replace(order, status=status, cancel_pending=False, cancel_at=event.seen_at, changed_at=event.seen_at)


def _ended(order: Order, event: ev.OrderRejected | ev.OrderNotSent | ev.OrderAbsent, after: Status) -> Order:
    return replace(order, status=after, changed_at=event.seen_at)


_FACTS: dict[type[Event], Callable[[Order, Any, Status], Order]] = {
    ev.OrderFilled: _filled,
    ev.OrderDone: _done,
    ev.OrderFound: _found,
    ev.OrderSubmitted: _shown,
    ev.OrderAccepted: _shown,
    ev.OrderUnknown: _unknown,
    ev.OrderResent: _resent,
    ev.CancelIntended: _canceling,
    ev.CancelRefused: _not_canceling,
    ev.OrderRejected: _ended,
    ev.OrderNotSent: _ended,
    ev.OrderAbsent: _ended,
}


def signed(side: Side, qty: Decimal) -> Quantity:
    """Returns a quantity with the sign of its side: buy above zero."""
    return Quantity(qty if side is _BUY else -qty)
