"""What the answer to a place means, and what it does not."""

from __future__ import annotations

import msgspec
import pytest

from flatbook.engine.effects import Find, Place
from flatbook.engine.reports import CancelTooLate, NotSent, Unknown
from flatbook.events import orders as ev
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import Instant
from tests.unit.engine.scene import Bench, accepted, effects, execution, one, rejected, tags

TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)


def test_an_accepted_order_works() -> None:
    bench = Bench()
    order_id = bench.ordered()
    done = bench.answer(order_id, accepted(bench.now))
    assert tags(done) == ["order_accepted"]
    assert (bench.status(order_id), bench.order(order_id).venue_order_id) == ("accepted", "V-1")
    assert done.effects == ()


def test_a_pending_order_is_submitted_and_an_acceptance_may_follow() -> None:
    bench = Bench()
    order_id = bench.ordered()
    assert tags(bench.answer(order_id, accepted(bench.now, pending=True))) == ["order_submitted"]
    assert bench.status(order_id) == "submitted"
    assert tags(bench.answer(order_id, accepted(bench.now))) == ["order_accepted"]


def test_a_rejected_order_ends_is_told_and_waits_before_the_next() -> None:
    bench = Bench()
    order_id = bench.ordered()
    done = bench.answer(order_id, rejected(bench.now))
    assert tags(done) == ["order_rejected", "hedge_held"]
    assert bench.status(order_id) == "rejected"
    assert bench.alerts == ["order_rejected"]
    assert len(bench.placed()) == 1
    bench.wait(10).take_time()
    second = bench.placed()[-1].order_id
    assert second != order_id
    bench.answer(second, accepted(bench.now))
    assert bench.alerts == []


@pytest.mark.parametrize("attempt", [0, 1])
def test_a_reject_that_says_the_id_is_taken_proves_nothing(attempt: int) -> None:
    bench = Bench()
    order_id = bench.ordered()
    done = bench.answer(order_id, rejected(bench.now, "duplicate_id"), attempt)
    assert tags(done) == ["order_unknown"]
    assert effects(done) == ["find"]
    assert bench.status(order_id) == "unknown"


@pytest.mark.parametrize("reason", ["insufficient_funds", "market_closed", "other"])
def test_a_reject_of_a_resend_proves_nothing_about_the_first_send(reason: str) -> None:
    bench = Bench()
    order_id = bench.unknown()
    bench.wait(2).absent(order_id)
    assert bench.order(order_id).attempt == 1
    done = bench.answer(order_id, rejected(bench.now, reason), attempt=1)
    assert (bench.status(order_id), effects(done)) == ("unknown", ["find"])
    assert len(bench.placed()) == 1


def test_an_order_that_never_left_is_denied_and_decided_again_later() -> None:
    bench = Bench()
    order_id = bench.ordered()
    done = bench.answer(order_id, NotSent(reason=NotSentReason.NO_CONNECTION))
    assert tags(done) == ["order_not_sent", "hedge_held"]
    assert bench.status(order_id) == "denied"


def test_an_order_that_we_held_back_ourselves_is_followed_by_the_right_one_at_once() -> None:
    bench = Bench()
    order_id = bench.ordered()
    bench.fill(2, "buy", "8")
    bench.answer(order_id, NotSent(reason=NotSentReason.CANCELED_BEFORE_SEND))
    assert (bench.status(order_id), bench.orders()) == ("denied", ["buy 10.000", "buy 2.000"])


def test_a_resend_that_never_left_says_nothing_about_the_sends_before() -> None:
    bench = Bench()
    order_id = bench.unknown()
    bench.wait(2).absent(order_id)
    done = bench.answer(order_id, NotSent(reason=NotSentReason.NO_CONNECTION), attempt=1)
    assert (tags(done), bench.status(order_id)) == ([], "unknown")


@pytest.mark.parametrize("reason", UnknownReason)
def test_an_order_without_an_answer_is_unknown_counts_in_full_and_is_told(reason: UnknownReason) -> None:
    bench = Bench()
    order_id = bench.ordered()
    done = bench.answer(order_id, Unknown(reason=reason))
    assert one(done, ev.OrderUnknown).reason is reason
    assert bench.alerts == ["order_unknown"]
    bench.fill(901, "sell", "5")
    assert bench.orders() == ["buy 10.000"]
    bench.answer(order_id, accepted(bench.now))
    assert (bench.status(order_id), bench.alerts) == ("accepted", [])


def test_an_acceptance_without_a_usable_id_is_no_acceptance() -> None:
    for text in ("", "x" * 257, "a\nb", "\ud800"):
        bench = Bench()
        order_id = bench.ordered()
        answer = msgspec.structs.replace(accepted(bench.now), venue_order_id=VenueOrderId(text))
        assert tags(bench.answer(order_id, answer)) == ["order_unknown"]


@pytest.mark.parametrize("at", [0, 10**30, -1])
def test_an_instant_out_of_reason_is_replaced_by_ours(at: int) -> None:
    bench = Bench()
    done = bench.answer(bench.ordered(), accepted(Instant(at)))
    assert one(done, ev.OrderAccepted).happened_at == bench.now
    other = Bench()
    assert one(other.answer(other.ordered(), rejected(Instant(at))), ev.OrderRejected).happened_at == other.now


def test_a_venues_words_are_cut_and_made_printable() -> None:
    bench = Bench()
    answer = msgspec.structs.replace(rejected(bench.now), code="4" * 500, message="no\x00\ud800" + "x" * 999)
    event = one(bench.answer(bench.ordered(), answer), ev.OrderRejected)
    assert (len(event.code), len(event.message), event.message[:4]) == (64, 256, "no??")


def test_a_fill_before_the_acknowledgement_is_booked_and_the_acknowledgement_adds_the_venues_id() -> None:
    bench = Bench()
    order_id = bench.ordered()
    bench.executions(execution("10", order_id=order_id, venue_order_id=None))
    assert (bench.status(order_id), bench.net) == ("filled", 0)
    assert tags(bench.answer(order_id, accepted(bench.now))) == ["order_accepted"]
    assert (bench.status(order_id), bench.order(order_id).venue_order_id) == ("filled", "V-1")
    assert tags(bench.answer(order_id, accepted(bench.now))) == []


def test_an_answer_about_an_order_nobody_knows_is_dropped() -> None:
    bench = Bench()
    done = bench.answer(OrderId("fb-none"), TIMED_OUT)
    assert (done.events, done.dropped) == ((), ("answer_to_forgotten_order",))


def test_an_order_is_placed_as_the_journal_holds_it() -> None:
    bench = Bench()
    bench.resume()
    (place,) = bench.fill(1, "sell", "10.75").effects
    assert isinstance(place, Place)
    intent = bench.placed()[0]
    assert (place.order.order_id, place.order.qty, place.order.limit) == (intent.order_id, intent.qty, intent.limit)
    assert (place.order.attempt, place.order.good_until) == (0, intent.good_until)


def test_after_a_restart_every_open_order_is_asked_for_and_none_is_sent() -> None:
    bench = Bench()
    intended = bench.ordered()
    done = bench.restart()
    assert tags(done) == ["order_unknown"]
    assert bench.status(intended) == "unknown"
    assert [type(effect) for effect in done.effects] == [Find]
    working = Bench()
    order_id = working.working()
    again = working.restart()
    assert (tags(again), effects(again), working.status(order_id)) == ([], ["find"], "accepted")


def test_an_order_that_turns_up_under_a_halt_after_its_cancel_was_refused_is_canceled_again() -> None:
    bench = Bench()
    order_id = bench.unknown()
    assert "cancel_intended" in tags(bench.command("halt", "h"))
    assert "cancel_refused" in tags(bench.answer_cancel(order_id, CancelTooLate(message="not known here")))
    assert not bench.order(order_id).cancel_pending
    done = bench.answer(order_id, accepted(bench.now))
    assert (tags(done), effects(done)) == (["order_accepted", "cancel_intended"], ["cancel"])
