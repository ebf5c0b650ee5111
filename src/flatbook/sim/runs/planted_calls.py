"""Planted bugs of chain calls: known ways to send twice, to lose gas, or to wait for ever, patched in at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flatbook.engine import call_outbox, move_calls, step, take_calls
from flatbook.engine.call_reports import Signature
from flatbook.engine.move_calls import book_call, confirm_call, displace_call, sign_call
from flatbook.engine.turn import Turn
from flatbook.events import calls as ev
from flatbook.sim.runs.planted import Swap
from flatbook.state import calls as state_calls
from flatbook.state.calls import CALL_TRANSITIONS, CallMove, CallStatus

_FREED = {(status, CallMove.RELEASED): CallStatus.INTENDED for status in (CallStatus.UNKNOWN, CallStatus.SENT)}


def _released(turn: Turn, call: Any) -> None:
    """Gives a nonce back that may still be used."""
    newest = call.newest
    if newest is None:
        return
    event = ev.CallReleased(
        call_id=call.call_id, attempt=newest.attempt, nonce=newest.nonce, detail="planted", seen_at=turn.now
    )
    if book_call(turn, call, event):
        sign_call(turn, turn.state.calls[call.call_id])


def _with_freed(*swaps: Swap) -> tuple[Swap, ...]:
    wider = {**CALL_TRANSITIONS, **_FREED}
    return (
        Swap(state_calls, "CALL_TRANSITIONS", wider),
        Swap(move_calls, "CALL_TRANSITIONS", wider),
        *swaps,
    )


def new_nonce_for_unknown() -> tuple[Swap, ...]:
    """Signs a call that no node shows under a new nonce, although the old one can still be mined."""

    def anew(turn: Turn, call: Any, _misses: int) -> None:
        _released(turn, call)

    return _with_freed(Swap(take_calls, "_take_missing", anew))


def sign_again_after_restart() -> tuple[Swap, ...]:
    """Takes a signature that was journalled before a restart for one that was never sent."""

    def forgetful(turn: Turn) -> None:
        for call_id in tuple(turn.state.open_calls):
            call = turn.state.calls[call_id]
            if call.status is CallStatus.SIGNED:
                _released(turn, call)

    return _with_freed(Swap(step, "restart_calls", forgetful))


def send_before_append() -> tuple[Swap, ...]:
    """Sends what was signed before the journal holds it."""

    async def at_once(self: Any, sender: Any, effect: Any) -> None:
        answer = await sender.sign(effect.call)
        if isinstance(answer, Signature):
            await sender.send(answer.tx, answer.raw)
        self._deliver_signed(effect, answer)

    return (Swap(call_outbox.CallOutbox, "_sign", at_once),)


def nonce_too_low_is_proof() -> tuple[Swap, ...]:
    """Takes a refused resend for a proof that the call was never mined."""

    def hasty(turn: Turn, call: Any, _answer: Any) -> None:
        _released(turn, call)

    return _with_freed(Swap(take_calls, "_take_turned_down", hasty))


def used_nonce_is_final() -> tuple[Swap, ...]:
    """Ends a call as soon as its nonce is used and no receipt is seen."""
    original = take_calls._take_pending

    def hasty(turn: Turn, call: Any, sight: Any, misses: int) -> None:
        if sight.nonce > call.nonce:
            displace_call(turn, call, call.nonce)
        else:
            original(turn, call, sight, misses)

    return (Swap(take_calls, "_take_pending", hasty),)


def gas_of_reverted_not_booked() -> tuple[Swap, ...]:
    """Books gas of calls that succeeded only."""

    def sparing(turn: Turn, call: Any, moves: Any) -> None:
        if call.mined is not None and not call.mined.success:
            turn.state.gas[call.chain, call.mined.tx] = None
        confirm_call(turn, call, moves)

    return (Swap(take_calls, "confirm_call", sparing),)


def mined_is_final() -> tuple[Swap, ...]:
    """Ends a call with the first block that holds it."""
    original = take_calls._take_mined

    def hasty(turn: Turn, call: Any, sight: Any, head: int) -> None:
        original(turn, call, sight, head + 64)

    return (Swap(take_calls, "_take_mined", hasty),)


def reorganisation_ignored() -> tuple[Swap, ...]:
    """Leaves a call mined whose block is gone."""
    return (Swap(take_calls, "_take_unmined", lambda *_: None),)


def dropped_not_sent_again() -> tuple[Swap, ...]:
    """Never sends again what the nodes forgot."""
    return (Swap(take_calls, "_take_missing", lambda *_: None),)


CALL_BUGS: dict[str, Callable[[], tuple[Swap, ...]]] = {
    "a new nonce while the old one can be mined": new_nonce_for_unknown,
    "signed again after a restart": sign_again_after_restart,
    "sent before it is journalled": send_before_append,
    "nonce too low is a proof": nonce_too_low_is_proof,
    "a used nonce is final": used_nonce_is_final,
    "gas of reverted calls not booked": gas_of_reverted_not_booked,
    "mined is final": mined_is_final,
    "reorganisation ignored": reorganisation_ignored,
    "dropped and not sent again": dropped_not_sent_again,
}
