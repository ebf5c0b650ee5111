"""Outside identities: a text that names an event by what happened, the same in every journal and after any replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flatbook.events import activities, calls, chain, control, forced, orders, risk
from flatbook.events.event import Event
from flatbook.values.ids import (
    AccountId,
    ActivityId,
    CallId,
    ChainId,
    EventRef,
    ExecutionId,
    HaltId,
    InstrumentId,
    OrderId,
    halt_id_of,
)

BLOCK_HASH_DIGITS = 10
_DONE = orders.OrderDone.__struct_config__.tag


def ref_of_fill(key: chain.LogKey) -> EventRef:
    """Returns the identity of an onchain fill in its block; the same log in another block is another fill."""
    return EventRef(f"fill:{key.chain}:{key.tx}:{key.log_index}@{key.block_hash[:BLOCK_HASH_DIGITS]}")


def ref_of_log(chain_id: ChainId, tx: str, log_index: int) -> EventRef:
    """Returns the identity of a log wherever its block stands."""
    return EventRef(f"log:{chain_id}:{tx}:{log_index}")


def ref_of_order(order_id: OrderId) -> EventRef:
    """Returns the identity of one of our orders."""
    return EventRef(f"order:{order_id}")


def ref_of_call(call_id: CallId) -> EventRef:
    """Returns the identity of one of our transactions on a chain, by all of its signatures."""
    return EventRef(f"call:{call_id}")


def ref_of_execution(account: AccountId, instrument: InstrumentId, execution_id: ExecutionId) -> EventRef:
    """Returns the identity of an execution; venues reuse execution ids across instruments."""
    return EventRef(f"exec:{account}:{instrument}:{execution_id}")


def ref_of_activity(account: AccountId, activity_id: ActivityId) -> EventRef:
    """Returns the identity of what a venue booked on an account besides executions."""
    return EventRef(f"activity:{account}:{activity_id}")


def halt_id_of_command(verb: str, arguments: Mapping[str, str]) -> HaltId | None:
    """Returns the id of the halt that a command sets or lifts; None of a command that does neither."""
    if verb == "halt":
        scope = arguments.get("scope", control.HaltScope.ALL.value)
        return halt_id_of(scope, arguments.get("target", ""), control.HaltCause.OPERATOR.value)
    if verb == "kill":
        account = arguments.get("account")
        covered = control.HaltScope.ALL if account is None else control.HaltScope.VENUE
        return halt_id_of(covered.value, account or "", control.HaltCause.KILLED.value)
    return HaltId(arguments["halt_id"]) if verb == "lift" and "halt_id" in arguments else None


def ref_of_done(event: orders.OrderDone) -> EventRef:
    """Returns the identity of the end of an order; the same that `ref_of` gives, at once."""
    return EventRef(f"order:{event.order_id}:{_DONE}")


def ref_of(event: Event) -> EventRef | None:
    """Returns the identity under which other events may name this one as their cause; None when none does."""
    ref = _REFS.get(type(event))
    return ref(event) if ref is not None else None


def _of_fill(event: chain.Fill) -> EventRef:
    return ref_of_fill(event.key)


def _of_reversal(event: chain.FillReversed) -> EventRef:
    return EventRef(f"reversed:{ref_of_fill(event.key)}")


def _of_value(event: chain.FillValued) -> EventRef:
    return EventRef(f"valued:{ref_of_log(event.chain, event.tx, event.log_index)}")


def _of_release(event: chain.SkippedFillReleased) -> EventRef:
    return EventRef(f"released:{ref_of_log(event.chain, event.tx, event.log_index)}")


def _of_execution(event: orders.OrderFilled | orders.ForeignFilled) -> EventRef:
    return ref_of_execution(event.account, event.instrument, event.execution_id)


def _of_forced(event: forced.ForcedReduction) -> EventRef:
    return EventRef(f"{ref_of_execution(event.account, event.instrument, event.execution_id)}:{event.owner}")


def _of_correction(event: risk.BooksCorrected) -> EventRef:
    return EventRef(f"corrected:{event.account}:{event.subject}:{event.stated_at}")


def _of_activity(event: activities.AccountActivityBooked) -> EventRef:
    return ref_of_activity(event.account, event.activity_id)


def _of_intent(event: orders.OrderIntended) -> EventRef:
    return ref_of_order(event.order_id)


_Numbered = (
    orders.OrderNotSent
    | orders.OrderAbsent
    | orders.OrderUnknown
    | orders.OrderResent
    | orders.CancelIntended
    | orders.CancelRefused
)
_Ending = orders.OrderRejected | orders.OrderDone | orders.IntentRefused | orders.OrderFound


def _of_numbered(event: _Numbered) -> EventRef:
    return EventRef(f"{ref_of_order(event.order_id)}:{event.__struct_config__.tag}:{event.attempt}")


def _of_ending(event: _Ending) -> EventRef:
    return EventRef(f"{ref_of_order(event.order_id)}:{event.__struct_config__.tag}")


def _of_call(event: calls.CallIntended) -> EventRef:
    return ref_of_call(event.call_id)


_NumberedCall = calls.CallSigned | calls.CallReleased | calls.CallSent | calls.CallUnknown | calls.CallDropped
_Placed = calls.CallMined | calls.CallUnmined | calls.CallConfirmed
_EndingCall = calls.CallRefused | calls.CallDisplaced | calls.CallCancelIntended


def _of_numbered_call(event: _NumberedCall) -> EventRef:
    return EventRef(f"{ref_of_call(event.call_id)}:{event.__struct_config__.tag}:{event.attempt}")


def _of_placed_call(event: _Placed) -> EventRef:
    block = event.block_hash[:BLOCK_HASH_DIGITS]
    return EventRef(f"{ref_of_call(event.call_id)}:{event.__struct_config__.tag}@{block}")


def _of_move(event: calls.VaultMoved) -> EventRef:
    return EventRef(f"{ref_of_call(event.call_id)}:{event.account}:{event.asset}")


def _of_ending_call(event: _EndingCall) -> EventRef:
    return EventRef(f"{ref_of_call(event.call_id)}:{event.__struct_config__.tag}")


_REFS: dict[type[Event], Callable[[Any], EventRef]] = {
    chain.VaultFilled: _of_fill,
    chain.FillSkipped: _of_fill,
    chain.FillUnvalued: _of_fill,
    chain.FillReversed: _of_reversal,
    chain.FillValued: _of_value,
    chain.SkippedFillReleased: _of_release,
    orders.OrderFilled: _of_execution,
    orders.ForeignFilled: _of_execution,
    forced.ForcedReduction: _of_forced,
    risk.BooksCorrected: _of_correction,
    orders.OrderIntended: _of_intent,
    orders.OrderNotSent: _of_numbered,
    orders.OrderAbsent: _of_numbered,
    orders.OrderUnknown: _of_numbered,
    orders.OrderResent: _of_numbered,
    orders.CancelIntended: _of_numbered,
    orders.CancelRefused: _of_numbered,
    orders.OrderRejected: _of_ending,
    orders.OrderDone: _of_ending,
    orders.IntentRefused: _of_ending,
    orders.OrderFound: _of_ending,
    calls.CallIntended: _of_call,
    calls.CallSigned: _of_numbered_call,
    calls.CallReleased: _of_numbered_call,
    calls.CallSent: _of_numbered_call,
    calls.CallUnknown: _of_numbered_call,
    calls.CallDropped: _of_numbered_call,
    calls.CallMined: _of_placed_call,
    calls.CallUnmined: _of_placed_call,
    calls.CallConfirmed: _of_placed_call,
    calls.CallRefused: _of_ending_call,
    calls.VaultMoved: _of_move,
    calls.CallDisplaced: _of_ending_call,
    calls.CallCancelIntended: _of_ending_call,
    activities.AccountActivityBooked: _of_activity,
}
