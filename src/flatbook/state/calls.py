"""The life of a chain call: one table of transitions, and the order in which the calls of a wallet go out.

A wallet has one call under way: the next one is signed when the one before it stands in a block. So a nonce is never
given out while another one of ours could still be used before it, and a replacement always takes the nonce it replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import msgspec
from msgspec.structs import replace

from flatbook.events import calls as ev
from flatbook.events.event import Event
from flatbook.state.orders import Broken
from flatbook.values.ids import AccountId, AssetId, CallId, ChainId, EventRef, OwnerId, WalletId
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO, Quantity

WalletKey = tuple[ChainId, WalletId]


class CallStatus(Enum):
    """Where a call stands."""

    __hash__ = object.__hash__

    INTENDED = "intended"
    SIGNED = "signed"
    SENT = "sent"
    UNKNOWN = "unknown"
    MINED = "mined"
    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    CANCELED = "canceled"
    DISPLACED = "displaced"
    REFUSED = "refused"


class CallMove(Enum):
    """What can be learned about a call."""

    __hash__ = object.__hash__

    SIGNED = "signed"
    RELEASED = "released"
    SENT = "sent"
    UNKNOWN = "unknown"
    DROPPED = "dropped"
    MINED = "mined"
    UNMINED = "unmined"
    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    CANCELED = "canceled"
    DISPLACED = "displaced"
    REFUSED = "refused"
    CANCEL_INTENDED = "cancel_intended"


_INT, _SIG, _SENT, _UNK, _MINED = (
    CallStatus.INTENDED,
    CallStatus.SIGNED,
    CallStatus.SENT,
    CallStatus.UNKNOWN,
    CallStatus.MINED,
)
_CONF, _REV, _CANC, _DISP, _REF = (
    CallStatus.CONFIRMED,
    CallStatus.REVERTED,
    CallStatus.CANCELED,
    CallStatus.DISPLACED,
    CallStatus.REFUSED,
)
CALL_ENDED: tuple[CallStatus, ...] = (_CONF, _REV, _CANC, _DISP, _REF)
UNDER_WAY: tuple[CallStatus, ...] = (_SIG, _SENT, _UNK)


def _rows(
    move: CallMove, after: CallStatus | None, *before: CallStatus
) -> dict[tuple[CallStatus, CallMove], CallStatus]:
    return {(status, move): after if after is not None else status for status in before}


# A signature is journalled before it is sent, so that `signed` is the only status whose refusal by all nodes frees the
# nonce; a restart makes it unknown, and then only the chain can say. Evidence of a block is taken in every status that
# has a signature.
CALL_TRANSITIONS: dict[tuple[CallStatus, CallMove], CallStatus] = {
    **_rows(CallMove.SIGNED, _SIG, _INT, _SENT, _UNK),
    **_rows(CallMove.RELEASED, _INT, _SIG),
    **_rows(CallMove.SENT, _SENT, _SIG, _UNK),
    **_rows(CallMove.UNKNOWN, _UNK, _SIG),
    **_rows(CallMove.DROPPED, _UNK, _SENT),
    **_rows(CallMove.MINED, _MINED, *UNDER_WAY, _DISP),
    **_rows(CallMove.UNMINED, _SENT, _MINED),
    **_rows(CallMove.CONFIRMED, _CONF, _MINED),
    **_rows(CallMove.REVERTED, _REV, _MINED),
    **_rows(CallMove.CANCELED, _CANC, _MINED),
    **_rows(CallMove.DISPLACED, _DISP, *UNDER_WAY),
    **_rows(CallMove.REFUSED, _REF, _INT),
    **_rows(CallMove.CANCEL_INTENDED, None, _INT, *UNDER_WAY),
}


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One signature of a call. Units: gas in units of gas, fees in wei per unit of gas."""

    attempt: int
    nonce: int
    tx: str
    raw: str
    gas: int
    fee_wei_max: int
    tip_wei_max: int
    cancels: bool
    signed_at: Instant


class Mined(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a call stands on the chain, and what it cost. Units: gas_wei in wei of the coin."""

    attempt: int
    tx: str
    block: int
    block_hash: str
    success: bool
    gas_wei: Quantity
    happened_at: Instant


class ChainCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One transaction of our own, by all of its signatures.

    Units: value in wei, amount in units of the asset. `attempts` are the signatures that may be mined, of one nonce;
    `signed` counts all there ever were. `sent_at` is when a node was last known to take the newest one, 0 before.
    """

    call_id: CallId
    owner: OwnerId
    account: AccountId
    chain: ChainId
    wallet: WalletId
    purpose: ev.CallPurpose
    to: str
    payload: str
    value: Quantity
    asset: AssetId | None
    amount: Quantity | None
    destination: str | None
    urgent: bool
    after: CallId | None
    because: EventRef | None
    status: CallStatus
    attempts: tuple[Attempt, ...]
    signed: int
    mined: Mined | None
    cancel_pending: bool
    decided_at: Instant
    good_until: Instant
    sent_at: Instant
    changed_at: Instant

    @property
    def is_open(self) -> bool:
        """Whether the call may still have an effect, as far as we know."""
        return self.status not in CALL_ENDED

    @property
    def wallet_key(self) -> WalletKey:
        """The wallet that signs it, on its chain."""
        return (self.chain, self.wallet)

    @property
    def newest(self) -> Attempt | None:
        """The last signature that may be mined."""
        return self.attempts[-1] if self.attempts else None

    @property
    def nonce(self) -> int | None:
        """The nonce that the call has, None while it has none."""
        return self.attempts[0].nonce if self.attempts else None


class WalletBook(msgspec.Struct, kw_only=True):
    """What a wallet has used up.

    Units: amounts in units of the asset. `nonce_next` is one above the highest nonce that we ever journalled; `day` is
    the UTC day of `calls_today` and `spent_today`, which count what was intended.
    """

    nonce_next: int = 0
    day: int = 0
    calls_today: int = 0
    spent_today: dict[AssetId, Quantity] = {}


def call_of_intent(event: ev.CallIntended) -> ChainCall:
    """Returns the call that an intent creates."""
    return ChainCall(
        call_id=event.call_id,
        owner=event.owner,
        account=event.account,
        chain=event.chain,
        wallet=event.wallet,
        purpose=event.purpose,
        to=event.to,
        payload=event.payload,
        value=event.value,
        asset=event.asset,
        amount=event.amount,
        destination=event.destination,
        urgent=event.urgent,
        after=event.after,
        because=event.because,
        status=CallStatus.INTENDED,
        attempts=(),
        signed=0,
        mined=None,
        cancel_pending=False,
        decided_at=event.decided_at,
        good_until=event.good_until,
        sent_at=Instant(0),
        changed_at=event.decided_at,
    )


_MOVES: dict[type[Event], CallMove] = {
    ev.CallSigned: CallMove.SIGNED,
    ev.CallReleased: CallMove.RELEASED,
    ev.CallSent: CallMove.SENT,
    ev.CallUnknown: CallMove.UNKNOWN,
    ev.CallDropped: CallMove.DROPPED,
    ev.CallMined: CallMove.MINED,
    ev.CallUnmined: CallMove.UNMINED,
    ev.CallDisplaced: CallMove.DISPLACED,
    ev.CallRefused: CallMove.REFUSED,
    ev.CallCancelIntended: CallMove.CANCEL_INTENDED,
}


def call_move_of(call: ChainCall, event: Event) -> CallMove | None:
    """Returns what an event says about a call; None when it is no event of a call's life."""
    if not isinstance(event, ev.CallConfirmed):
        return _MOVES.get(type(event))
    held = next((each for each in call.attempts if each.tx == event.tx), None)
    if held is not None and held.cancels:
        return CallMove.CANCELED
    return CallMove.CONFIRMED if event.success else CallMove.REVERTED


def moved_call(call: ChainCall, event: Event) -> ChainCall:
    """Returns the call after an event of its life.

    Needs: step has checked the edge against CALL_TRANSITIONS.
    Errors: Broken when the edge is not in the table.
    """
    move = call_move_of(call, event)
    after = None if move is None else CALL_TRANSITIONS.get((call.status, move))
    if after is None:
        raise Broken(f"call {call.call_id} is {call.status.value}: {type(event).__name__} does not fit")
    return _FACTS[type(event)](call, event, after)


def _signed(call: ChainCall, event: ev.CallSigned, after: CallStatus) -> ChainCall:
    attempt = Attempt(
        attempt=event.attempt,
        nonce=event.nonce,
        tx=event.tx,
        raw=event.raw,
        gas=event.gas,
        fee_wei_max=event.fee_wei_max,
        tip_wei_max=event.tip_wei_max,
        cancels=event.cancels,
        signed_at=event.signed_at,
    )
    attempts = (*call.attempts, attempt)
    return replace(call, status=after, attempts=attempts, signed=event.attempt, changed_at=event.signed_at)


def _released(call: ChainCall, event: ev.CallReleased, after: CallStatus) -> ChainCall:
    return replace(call, status=after, attempts=(), changed_at=event.seen_at)


def _sent(call: ChainCall, event: ev.CallSent, after: CallStatus) -> ChainCall:
    return replace(call, status=after, sent_at=event.seen_at, changed_at=event.seen_at)


def _mined(call: ChainCall, event: ev.CallMined, after: CallStatus) -> ChainCall:
    mined = Mined(
        attempt=event.attempt,
        tx=event.tx,
        block=event.block,
        block_hash=event.block_hash,
        success=event.success,
        gas_wei=event.gas_wei,
        happened_at=event.happened_at,
    )
    return replace(call, status=after, mined=mined, changed_at=event.seen_at)


def _unmined(call: ChainCall, event: ev.CallUnmined, after: CallStatus) -> ChainCall:
    return replace(call, status=after, mined=None, sent_at=event.seen_at, changed_at=event.seen_at)


def _seen(call: ChainCall, event: Any, after: CallStatus) -> ChainCall:
    return replace(call, status=after, changed_at=event.seen_at)


def _canceling(call: ChainCall, event: ev.CallCancelIntended, after: CallStatus) -> ChainCall:
    return replace(call, status=after, cancel_pending=True, changed_at=event.decided_at)


_FACTS: dict[type[Event], Callable[[ChainCall, Any, CallStatus], ChainCall]] = {
    ev.CallSigned: _signed,
    ev.CallReleased: _released,
    ev.CallSent: _sent,
    ev.CallUnknown: _seen,
    ev.CallDropped: _seen,
    ev.CallMined: _mined,
    ev.CallUnmined: _unmined,
    ev.CallConfirmed: _seen,
    ev.CallDisplaced: _seen,
    ev.CallRefused: _seen,
    ev.CallCancelIntended: _canceling,
}


def nonce_floor(book: WalletBook | None, calls: Iterable[ChainCall]) -> int:
    """Returns the lowest nonce that a new signature of a wallet may have.

    Needs: `calls` are the open calls of the wallet.
    Gives: one above every nonce that an open call holds; the nonce that a released call gave back is free again.
    """
    held = [call.nonce + 1 for call in calls if call.nonce is not None]
    return max([book.nonce_next if book is not None else 0, *held])


def next_in_line(calls: Iterable[ChainCall]) -> ChainCall | None:
    """Returns the call of a wallet that is to be signed next: the urgent ones first, then in the order of intent.

    Needs: `calls` are the open calls of one wallet, oldest first.
    Gives: None while one of them is under way, or none waits.
    """
    waiting: list[ChainCall] = []
    for call in calls:
        if call.status in UNDER_WAY:
            return None
        if call.status is CallStatus.INTENDED:
            waiting.append(call)
    return min(waiting, key=lambda call: not call.urgent, default=None)


def spent_of(book: WalletBook | None, asset: AssetId, day: int) -> Quantity:
    """Returns how much of an asset the calls of a UTC day have moved or approved. Units: units of the asset."""
    if book is None or book.day != day:
        return Quantity(ZERO)
    return book.spent_today.get(asset, Quantity(ZERO))
