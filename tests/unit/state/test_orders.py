"""The life of an order: what each report means in each status, and what can never be."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.events.event import Event
from flatbook.state.dump import state_bytes
from flatbook.state.fold import apply
from flatbook.state.orders import (
    ENDED,
    OPEN,
    STALE,
    TERMINAL,
    TRANSITIONS,
    Broken,
    Move,
    Order,
    Status,
    cancel_from,
    move_of,
    moved,
    order_of_intent,
    signed,
)
from flatbook.values.instruments import Side
from tests.unit.state.scene import (
    absent,
    accepted,
    at,
    cancel_intended,
    cancel_refused,
    done,
    executed,
    folded,
    found,
    intended,
    not_sent,
    qty,
    rejected,
    resent,
    submitted,
    unknown,
)

REFUSED = {
    (Status.SUBMITTED, Move.NOT_SENT),
    (Status.ACCEPTED, Move.NOT_SENT),
    (Status.PARTIALLY_FILLED, Move.NOT_SENT),
    (Status.PENDING_CANCEL, Move.NOT_SENT),
    (Status.REJECTED, Move.ACCEPTED),
    (Status.FILLED, Move.REJECTED),
    (Status.FILLED, Move.FILLED_PART),
}
PAIRS = [(status, move) for status in Status for move in Move]
EVENTS: dict[Move, Event] = {
    Move.SUBMITTED: submitted(),
    Move.ACCEPTED: accepted(),
    Move.FOUND: found(),
    Move.REJECTED: rejected(),
    Move.NOT_SENT: not_sent(),
    Move.UNKNOWN: unknown(),
    Move.ABSENT: absent(proven=False),
    Move.ABSENCE_PROVEN: absent(proven=True),
    Move.RESENT: resent(),
    Move.FILLED_PART: executed("4"),
    Move.FILLED_ALL: executed("10"),
    Move.CANCELED: done(),
    Move.EXPIRED: done(end="expired"),
    Move.CANCEL_INTENDED: cancel_intended(),
    Move.CANCEL_REFUSED: cancel_refused(),
}


def in_status(status: Status, filled: str = "0") -> Order:
    """Returns an order of ten that is in a status."""
    order = order_of_intent(intended())
    return msgspec.structs.replace(
        order,
        status=status,
        filled=qty(filled),
        claimed=qty(filled),
        cancel_pending=status is Status.PENDING_CANCEL,
    )


def test_each_status_and_move_is_a_transition_or_stale_or_refused_and_only_one_of_them() -> None:
    for pair in PAIRS:
        assert (pair in TRANSITIONS) + (pair in STALE) + (pair in REFUSED) == 1, pair
    assert len(PAIRS) == 165
    assert (len(TRANSITIONS), len(STALE), len(REFUSED)) == (80, 78, 7)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].value}-{pair[1].value}")
def test_the_fold_moves_along_the_table_and_along_nothing_else(pair: tuple[Status, Move]) -> None:
    status, move = pair
    order = in_status(status, filled="10" if status is Status.FILLED else "0")
    event = EVENTS[move]
    if move_of(order, event) is not move:
        assert pair == (Status.FILLED, Move.FILLED_PART)
        return
    if pair not in TRANSITIONS:
        with pytest.raises(Broken):
            moved(order, event)
        return
    after, table = moved(order, event), TRANSITIONS[pair]
    if table in (Status.ACCEPTED, Status.SUBMITTED) and after.cancel_pending:
        table = Status.PENDING_CANCEL
    elif table is Status.ACCEPTED and after.filled:
        table = Status.PARTIALLY_FILLED
    assert after.status is table


def test_an_execution_is_booked_in_every_status() -> None:
    for status in Status:
        assert (status, Move.FILLED_ALL) in TRANSITIONS
        assert (status, Move.FILLED_PART) in TRANSITIONS or status is Status.FILLED


def test_the_filled_quantity_never_falls_and_the_claim_is_never_below_it() -> None:
    for status, move in TRANSITIONS:
        order = in_status(status, filled="3")
        if move_of(order, EVENTS[move]) is not move:
            continue
        after = moved(order, EVENTS[move])
        assert after.filled >= order.filled
        assert after.claimed >= after.filled


def test_unknown_is_left_only_by_evidence() -> None:
    ways_out = {move for (status, move), after in TRANSITIONS.items() if status is Status.UNKNOWN is not after}
    assert ways_out == {
        Move.SUBMITTED,
        Move.ACCEPTED,
        Move.FOUND,
        Move.REJECTED,
        Move.ABSENCE_PROVEN,
        Move.FILLED_PART,
        Move.FILLED_ALL,
        Move.CANCELED,
        Move.EXPIRED,
    }


def test_what_ended_at_the_venue_does_not_open_again_but_what_we_held_for_absent_may() -> None:
    reopened = {(status, move) for (status, move), after in TRANSITIONS.items() if status in ENDED and after in OPEN}
    assert {status for status, _ in reopened} == {Status.DENIED}
    assert frozenset(ENDED) == TERMINAL
    assert (*OPEN, *ENDED) == tuple(
        Status(text)
        for text in (
            "intended", "submitted", "accepted", "partially_filled", "pending_cancel", "unknown",
            "filled", "canceled", "expired", "rejected", "denied",
        )
    )  # fmt: skip


@pytest.mark.parametrize("status", OPEN)
def test_an_open_order_may_still_execute_all_that_is_left(status: Status) -> None:
    order = in_status(status, filled="4")
    assert order.leaves == Decimal(6)


@pytest.mark.parametrize("status", ENDED)
def test_an_ended_order_owes_what_the_venue_claimed_and_we_have_not_seen(status: Status) -> None:
    order = msgspec.structs.replace(in_status(status, filled="4"), claimed=qty("7"))
    assert order.leaves == Decimal(3)
    assert in_status(status, filled="4").leaves == 0


def test_a_venue_that_claims_more_than_was_ordered_is_believed_for_the_worst_case() -> None:
    order = moved(in_status(Status.ACCEPTED), found("12"))
    assert order.leaves == Decimal(12)
    assert moved(order, executed("12")).leaves == 0


def test_a_working_order_shows_its_cancel_before_its_executions() -> None:
    state = folded([intended(), accepted(), executed("4"), cancel_intended()])
    assert state.orders[intended().order_id].status is Status.PENDING_CANCEL
    apply(state, executed("1", 2))
    assert state.orders[intended().order_id].status is Status.PENDING_CANCEL
    apply(state, cancel_refused())
    assert state.orders[intended().order_id].status is Status.PARTIALLY_FILLED


def test_a_cancel_asked_for_before_the_order_was_accepted_is_still_wanted_after() -> None:
    for shown in (accepted(), submitted()):
        state = folded([intended(), cancel_intended()])
        assert state.orders[intended().order_id].status is Status.INTENDED
        apply(state, shown)
        assert state.orders[intended().order_id].status is Status.PENDING_CANCEL
        apply(state, cancel_refused())
        assert state.orders[intended().order_id].status is Status.ACCEPTED


def test_an_execution_of_an_order_held_to_be_absent_makes_it_unknown() -> None:
    state = folded([intended(), unknown(), absent(proven=True), executed("4")])
    order = state.orders[intended().order_id]
    assert (order.status, order.filled, order.leaves) == (Status.UNKNOWN, Decimal(4), Decimal(6))
    assert tuple(state.open_orders) == (order.order_id,)


def test_an_order_may_have_been_sent_until_its_fate_became_unknown() -> None:
    order = moved(order_of_intent(intended()), unknown(seconds=30))
    assert order.sent_at == at(30)
    assert moved(order, resent(seconds=40)).sent_at == at(40)
    assert moved(moved(order, resent(seconds=40)), unknown(1, seconds=50)).sent_at == at(50)
    assert moved(order, unknown(seconds=20)).sent_at == at(30)


def test_a_cancel_is_asked_for_again_only_after_a_while() -> None:
    order = moved(order_of_intent(intended()), accepted())
    assert cancel_from(order) < at(0)
    assert cancel_from(moved(order, cancel_intended())) == at(9)
    assert cancel_from(moved(moved(order, cancel_intended()), cancel_refused())) == at(10)


def test_an_event_that_does_not_fit_writes_nothing() -> None:
    state = folded([intended(), accepted()])
    before = state_bytes(state)
    for event in (intended(), not_sent(), executed("1", order_id="fb9"), resent()):
        with pytest.raises(Broken):
            apply(state, event)
        assert state_bytes(state) == before


def test_signed_quantities() -> None:
    assert signed(Side.BUY, Decimal(2)) == 2
    assert signed(Side.SELL, Decimal(2)) == -2
