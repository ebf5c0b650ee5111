"""What the loop wants done outside, after the commit. An effect is keyed (order or call, verb, attempt)."""

from __future__ import annotations

from enum import Enum

import msgspec

from flatbook.engine.ports import ApprovedOrder, CallToSign
from flatbook.state.calls import ChainCall, WalletKey
from flatbook.state.orders import Order
from flatbook.values.ids import AccountId, CallId, InstrumentId, OrderId, VenueOrderId


class EffectVerb(Enum):
    """What is asked of a venue."""

    PLACE = "place"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    FIND = "find"
    STATE = "state"
    SIGN = "sign"
    SEND = "send"
    LOOK = "look"


class Place(msgspec.Struct, frozen=True, gc=False):
    """Send an order that the journal holds as intended."""

    order: ApprovedOrder


class Cancel(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Ask to cancel an order."""

    order_id: OrderId
    account: AccountId
    instrument: InstrumentId
    venue_order_id: VenueOrderId | None
    attempt: int


class CancelAll(msgspec.Struct, frozen=True, kw_only=True):
    """Ask a venue to cancel all that is open on an account, where it can do that at once."""

    account: AccountId


class Find(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for an order by its id."""

    order_id: OrderId
    account: AccountId
    instrument: InstrumentId


class ReadStatement(msgspec.Struct, frozen=True, kw_only=True):
    """Read an account's statement and reconcile with it."""

    account: AccountId


class SignCall(msgspec.Struct, frozen=True, kw_only=True):
    """Sign a call that the journal holds as intended, or a replacement of one that is under way."""

    wallet: WalletKey
    call: CallToSign


class SendCall(msgspec.Struct, frozen=True, kw_only=True):
    """Hand signed bytes that the journal holds to the nodes, for the first time or again."""

    wallet: WalletKey
    call_id: CallId
    attempt: int
    tx: str
    raw: str


class LookForCall(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the nodes for every transaction of a call."""

    wallet: WalletKey
    call_id: CallId
    txs: tuple[str, ...]
    confirmations: int


CallEffect = SignCall | SendCall | LookForCall
Effect = Place | Cancel | CancelAll | Find | ReadStatement | CallEffect
EffectKey = tuple[str, EffectVerb, int]


def key_of(effect: Effect) -> EffectKey:
    """Returns the key under which an effect is in flight at most once."""
    if isinstance(effect, Place):
        return (effect.order.order_id, EffectVerb.PLACE, effect.order.attempt)
    if isinstance(effect, Cancel):
        return (effect.order_id, EffectVerb.CANCEL, effect.attempt)
    if isinstance(effect, Find):
        return (effect.order_id, EffectVerb.FIND, 0)
    if isinstance(effect, SignCall):
        return (effect.call.call_id, EffectVerb.SIGN, effect.call.attempt)
    if isinstance(effect, SendCall):
        return (effect.call_id, EffectVerb.SEND, effect.attempt)
    if isinstance(effect, LookForCall):
        return (effect.call_id, EffectVerb.LOOK, 0)
    return (effect.account, EffectVerb.CANCEL_ALL if isinstance(effect, CancelAll) else EffectVerb.STATE, 0)


def place_of(order: Order) -> Place:
    """Returns the effect that sends an order of the fold.

    Needs: the order is in the fold, so risk approved its intent and the journal holds it.
    """
    approved = ApprovedOrder(
        order.order_id,
        order.account,
        order.instrument,
        order.side,
        order.qty,
        order.limit,
        order.reduce_only,
        order.style,
        order.attempt,
        order.good_until,
    )
    return Place(approved)


def cancel_of(order: Order) -> Cancel:
    """Returns the effect that asks to cancel an order of the fold."""
    return Cancel(
        order_id=order.order_id,
        account=order.account,
        instrument=order.instrument,
        venue_order_id=order.venue_order_id,
        attempt=order.cancel_attempt,
    )


def find_of(order: Order) -> Find:
    """Returns the effect that asks for an order of the fold."""
    return Find(order_id=order.order_id, account=order.account, instrument=order.instrument)


def send_of(call: ChainCall) -> SendCall | None:
    """Returns the effect that hands over the newest signature of a call, None when it has none."""
    newest = call.newest
    if newest is None:
        return None
    return SendCall(wallet=call.wallet_key, call_id=call.call_id, attempt=newest.attempt, tx=newest.tx, raw=newest.raw)


def look_of(call: ChainCall, confirmations: int) -> LookForCall:
    """Returns the effect that asks for the transactions of a call."""
    txs = tuple(each.tx for each in call.attempts)
    return LookForCall(wallet=call.wallet_key, call_id=call.call_id, txs=txs, confirmations=confirmations)
