"""The life of a chain call: what each event means in each status, and what can never be."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.events import calls as ev
from flatbook.events.event import Event
from flatbook.events.orders import UnknownReason
from flatbook.state.calls import CALL_ENDED, CALL_TRANSITIONS, CallMove, CallStatus, call_move_of, next_in_line
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.state.orders import Broken
from flatbook.values.ids import CallId
from flatbook.values.instants import later
from flatbook.values.money import Quantity
from tests.unit.events.samples import AT, BASE, CALL, CALLS, USDC, WALLET

KEY = (BASE, WALLET)
INTENDED = CALLS[0]
assert isinstance(INTENDED, ev.CallIntended)


def signed(attempt: int = 1, nonce: int = 7, *, cancels: bool = False, call_id: CallId = CALL) -> ev.CallSigned:
    return ev.CallSigned(
        call_id=call_id,
        attempt=attempt,
        nonce=nonce,
        tx=f"0x{attempt:064x}",
        raw="0x02",
        gas=1,
        fee_wei_max=1,
        tip_wei_max=1,
        cancels=cancels,
        signed_at=AT,
    )


def mined(attempt: int = 1, block_hash: str = "0xaa") -> ev.CallMined:
    return ev.CallMined(
        call_id=CALL,
        attempt=attempt,
        tx=f"0x{attempt:064x}",
        block=9,
        block_hash=block_hash,
        success=True,
        gas_wei=Quantity(Decimal(3)),
        happened_at=AT,
        seen_at=AT,
    )


def confirmed(attempt: int = 1, *, success: bool = True) -> ev.CallConfirmed:
    return ev.CallConfirmed(
        call_id=CALL, tx=f"0x{attempt:064x}", block=9, block_hash="0xaa", success=success, seen_at=AT
    )


SENT = ev.CallSent(call_id=CALL, attempt=1, seen_at=AT)
UNKNOWN = ev.CallUnknown(call_id=CALL, attempt=1, reason=UnknownReason.TIMED_OUT, seen_at=AT)
DROPPED = ev.CallDropped(call_id=CALL, attempt=1, misses=3, seen_at=AT)
UNMINED = ev.CallUnmined(call_id=CALL, tx="0x1", block=9, block_hash="0xaa", seen_at=AT)
RELEASED = ev.CallReleased(call_id=CALL, attempt=1, nonce=7, detail="", seen_at=AT)
DISPLACED = ev.CallDisplaced(call_id=CALL, nonce=7, seen_at=AT)
REFUSED = ev.CallRefused(call_id=CALL, reason=ev.CallRefusal.EXPIRED, detail="", seen_at=AT)
TAKEN_BACK = ev.CallCancelIntended(call_id=CALL, reason="", decided_at=AT)

TO: dict[CallStatus, tuple[Event, ...]] = {
    CallStatus.INTENDED: (),
    CallStatus.SIGNED: (signed(),),
    CallStatus.SENT: (signed(), SENT),
    CallStatus.UNKNOWN: (signed(), UNKNOWN),
    CallStatus.MINED: (signed(), SENT, mined()),
    CallStatus.CONFIRMED: (signed(), mined(), confirmed()),
    CallStatus.REVERTED: (signed(), mined(), confirmed(success=False)),
    CallStatus.CANCELED: (signed(cancels=True), mined(), confirmed()),
    CallStatus.DISPLACED: (signed(), DISPLACED),
    CallStatus.REFUSED: (REFUSED,),
}
EVENTS: dict[CallMove, Event] = {
    CallMove.SIGNED: signed(2),
    CallMove.RELEASED: RELEASED,
    CallMove.SENT: SENT,
    CallMove.UNKNOWN: UNKNOWN,
    CallMove.DROPPED: DROPPED,
    CallMove.MINED: mined(),
    CallMove.UNMINED: UNMINED,
    CallMove.CONFIRMED: confirmed(),
    CallMove.REVERTED: confirmed(success=False),
    CallMove.DISPLACED: DISPLACED,
    CallMove.REFUSED: REFUSED,
    CallMove.CANCEL_INTENDED: TAKEN_BACK,
}


def state_with(*events: Event) -> State:
    state = State()
    for event in (INTENDED, *events):
        apply(state, event)
    return state


def test_each_status_is_reached_by_its_events() -> None:
    assert set(TO) == set(CallStatus)
    for status, events in TO.items():
        assert state_with(*events).calls[CALL].status is status


@pytest.mark.parametrize("status", list(CallStatus), ids=lambda status: status.value)
@pytest.mark.parametrize("move", list(EVENTS), ids=lambda move: move.value)
def test_the_fold_follows_the_table_and_nothing_else(status: CallStatus, move: CallMove) -> None:
    state = state_with(*TO[status])
    event = EVENTS[move]
    actual = call_move_of(state.calls[CALL], event)
    if actual is not move:
        assert actual is CallMove.CANCELED
        return
    after = CALL_TRANSITIONS.get((status, move))
    if after is None:
        with pytest.raises(Broken, match=f"is {status.value}"):
            apply(state, event)
    else:
        apply(state, event)
        assert state.calls[CALL].status is after


def test_no_call_that_may_be_mined_ends_without_a_block_or_a_nonce_that_is_used_for_good() -> None:
    ends = {(status, move) for (status, move), after in CALL_TRANSITIONS.items() if after in CALL_ENDED}
    under_way = {CallStatus.SIGNED, CallStatus.SENT, CallStatus.UNKNOWN}
    assert {move for status, move in ends if status in under_way} == {CallMove.DISPLACED}
    assert {move for status, move in ends if status is CallStatus.MINED} == {
        CallMove.CONFIRMED,
        CallMove.REVERTED,
        CallMove.CANCELED,
    }


def test_only_a_signature_that_was_never_sent_gives_its_nonce_back() -> None:
    assert [status for status, move in CALL_TRANSITIONS if move is CallMove.RELEASED] == [CallStatus.SIGNED]
    state = state_with(signed())
    assert state.wallets[KEY].nonce_next == 8
    apply(state, RELEASED)
    assert state.wallets[KEY].nonce_next == 7
    assert state.calls[CALL].attempts == ()
    assert state.calls[CALL].signed == 1


def test_an_ended_call_of_which_a_block_turns_up_is_open_again() -> None:
    state = state_with(signed(), DISPLACED)
    assert CALL not in state.open_calls
    apply(state, mined())
    assert list(state.open_calls) == [CALL]
    assert CALL not in state.ended_calls


def test_a_refused_call_is_taken_out_of_its_day_again() -> None:
    state = state_with()
    assert state.wallets[KEY].spent_today == {USDC: Decimal("1000.000001")}
    apply(state, REFUSED)
    assert state.wallets[KEY].spent_today == {USDC: 0}
    assert state.wallets[KEY].calls_today == 1


def test_a_new_day_counts_anew() -> None:
    state = state_with()
    tomorrow = msgspec.structs.replace(INTENDED, call_id=CallId("next"), decided_at=later(AT, seconds=86_400))
    apply(state, tomorrow)
    assert state.wallets[KEY].calls_today == 1
    assert state.wallets[KEY].spent_today == {USDC: Decimal("1000.000001")}


def test_nothing_is_next_while_a_call_is_under_way() -> None:
    waiting = state_with().calls[CALL]
    assert next_in_line([waiting]) is waiting
    assert next_in_line([waiting, state_with(signed()).calls[CALL]]) is None
    assert next_in_line([state_with(*TO[CallStatus.MINED]).calls[CALL], waiting]) is waiting
    assert next_in_line([]) is None


def test_a_replacement_keeps_what_it_replaces() -> None:
    call = state_with(signed(1), SENT, signed(2)).calls[CALL]
    assert [each.attempt for each in call.attempts] == [1, 2]
    assert (call.nonce, call.signed, call.status) == (7, 2, CallStatus.SIGNED)
