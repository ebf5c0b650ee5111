"""Reports and executions: booked once, whatever their order, number and quality."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.engine.inputs import ExecutionsRead, FindAnswered
from flatbook.engine.reports import CancelTaken, CancelTooLate, NotSent, Unknown, UnreadableExecution
from flatbook.events import orders as ev
from flatbook.events.codec import decode_events, encode_events
from flatbook.events.orders import Fee, NotSentReason, ReportRefused, UnknownReason
from flatbook.state.dump import state_bytes
from flatbook.state.fold import apply
from flatbook.values.ids import AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity
from tests.desk import PAPER
from tests.unit.engine.scene import (
    KEY,
    POISONED,
    START,
    Bench,
    accepted,
    effects,
    execution,
    one,
    rejected,
    report,
    statement,
    tags,
)
from tests.unit.state.scene import STOCK

TOO_LATE = CancelTooLate(message="it has ended")
LOST = Unknown(reason=UnknownReason.TIMED_OUT)


# Executions.


def test_an_execution_is_booked_once_however_often_and_wherever_it_comes() -> None:
    bench = Bench()
    order_id = bench.working()
    one_execution = execution("4", order_id=order_id)
    assert tags(bench.executions(one_execution)) == ["order_filled"]
    again = bench.executions(one_execution, one_execution)
    assert (tags(again), again.dropped) == ([], ("execution_known", "execution_known"))
    bench.find(order_id, report(order_id, filled="4", executions=(one_execution,)))
    bench.report(report(order_id, filled="4", executions=(one_execution,)))
    assert (bench.order(order_id).filled, bench.net) == (Decimal(4), Decimal(-6))
    assert bench.state.balances[PAPER, AssetId("COIN")] == 4


def test_both_halves_of_a_trade_that_has_one_id_are_booked_once_each() -> None:
    bench = Bench()
    bench.state_account(statement(bench.now))
    bench.wait(60)
    order_id = bench.working()
    ours = execution("4", order_id=order_id, at=bench.now)
    by_hand = execution("4", order_id=None, side=Side.SELL, at=bench.now)
    assert ours.execution_id == by_hand.execution_id == "X-1"
    done = bench.executions(ours, by_hand)
    assert (one(done, ev.OrderFilled).execution_id, one(done, ev.ForeignFilled).execution_id) == ("X-1", "X-1:sell")
    again = bench.executions(by_hand, ours, by_hand)
    assert again.dropped == ("execution_known", "execution_known", "execution_known")


def test_the_half_by_hand_may_come_first() -> None:
    bench = Bench()
    bench.state_account(statement(bench.now))
    bench.wait(60)
    order_id = bench.working()
    bench.executions(execution("4", order_id=None, side=Side.SELL, at=bench.now))
    done = bench.executions(execution("4", order_id=order_id, at=bench.now))
    assert (one(done, ev.OrderFilled).execution_id, bench.order(order_id).filled) == ("X-1:buy", 4)


def test_an_execution_that_is_told_with_another_side_and_size_is_refused() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.executions(execution("4", order_id=order_id))
    done = bench.executions(execution("3", order_id=None, side=Side.SELL))
    assert one(done, ReportRefused).detail == "reported again as sell 3 at 250"


def test_executions_come_in_any_order_and_complete_the_order() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.executions(
        execution("7", 2, order_id=order_id), execution("3", 1, order_id=order_id, at=later(START, seconds=-9))
    )
    assert (bench.status(order_id), bench.net) == ("filled", 0)


def test_a_cursor_is_kept_only_where_a_page_brings_one() -> None:
    bench = Bench()
    assert bench.executions(cursor="7").cursors == {"executions:paper": "7"}
    assert bench.executions(cursor=None).cursors == {}


def test_a_report_that_says_why_an_order_was_turned_down_is_booked_with_that_reason() -> None:
    bench = Bench().resume()
    order_id = bench.working()
    why = msgspec.structs.replace(report(order_id, "rejected"), rejected=ev.RejectReason.WOULD_TAKE)
    assert one(bench.report(why), ev.OrderRejected).reason.value == "would_take"


@pytest.mark.parametrize(
    ("end", "status"), [("canceled", "canceled"), ("expired", "expired"), ("rejected", "rejected")]
)
def test_a_late_execution_after_the_end_is_booked_once(end: str, status: str) -> None:
    bench = Bench()
    order_id = bench.working()
    bench.report(report(order_id, end))
    late = execution("4", order_id=order_id)
    assert "order_filled" in tags(bench.executions(late))
    assert tags(bench.executions(late)) == []
    assert (bench.status(order_id), bench.net) == (end, -6)


def test_after_an_end_that_claims_more_than_was_seen_nothing_is_ordered_until_it_is() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.report(report(order_id, "canceled", filled="4"))
    assert bench.orders() == ["buy 10.000"]
    bench.executions(execution("4", order_id=order_id))
    assert bench.orders() == ["buy 10.000", "buy 6.000"]


def test_a_claim_that_comes_after_the_end_is_owed() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.report(report(order_id, "canceled"))
    bench.report(report(order_id, "canceled", filled="4"))
    assert bench.order(order_id).leaves == 4
    assert [order.order_id for order in bench.state.orders_owing(KEY)] == [order_id]
    bench.wait(60).take_time()
    assert bench.orders() == ["buy 10.000"]


def test_an_order_that_the_venue_throws_out_untouched_before_its_time_makes_the_next_one_wait() -> None:
    bench = Bench()
    for number in range(1, 4):
        order_id = bench.working() if number == 1 else bench.placed()[-1].order_id
        bench.report(report(order_id, "canceled"))
        assert len(bench.placed()) == number
        bench.wait(10 * 2 ** (number - 1) - 1).take_time()
        assert len(bench.placed()) == number
        bench.wait(1).take_time()
        assert len(bench.placed()) == number + 1


def test_an_order_that_ends_at_its_time_by_our_cancel_or_touched_is_followed_at_once() -> None:
    timed_out = Bench()
    order_id = timed_out.working()
    timed_out.wait(600).report(report(order_id, "expired"))
    assert len(timed_out.placed()) == 2
    touched = Bench()
    order_id = touched.working()
    touched.executions(execution("1", order_id=order_id))
    touched.report(report(order_id, "canceled", filled="1"))
    assert touched.orders() == ["buy 10.000", "buy 9.000"]


def test_an_overfill_is_booked_told_and_hedged_back() -> None:
    bench = Bench()
    order_id = bench.working()
    done = bench.executions(execution("12", order_id=order_id))
    assert tags(done) == ["order_filled", "order_overfilled", "order_intended"]
    assert one(done, ev.OrderOverfilled).filled == 12
    assert (bench.status(order_id), bench.net, bench.alerts) == ("filled", 2, ["order_overfilled"])
    assert bench.orders() == ["buy 10.000", "sell 2.000"]
    back = bench.placed()[-1].order_id
    bench.answer(back, accepted(bench.now))
    bench.executions(execution("2", 2, order_id=back, side=Side.SELL))
    assert (bench.net, bench.alerts) == (0, [])


@pytest.mark.parametrize(
    "changes",
    [{"qty": Quantity(Decimal(5))}, {"price": Price(Decimal(251))}, {"side": Side.SELL}],
    ids=["quantity", "price", "side"],
)
def test_an_execution_that_comes_again_with_other_numbers_is_refused_and_stops_its_instrument(changes: Any) -> None:
    bench = Bench()
    order_id = bench.working()
    first = execution("4", order_id=order_id)
    bench.executions(first)
    other = msgspec.structs.replace(first, **changes)
    done = bench.executions(other, other)
    assert tags(done) == ["report_refused", "trading_halted", "cancel_intended"]
    assert bench.halted == [("instrument", "COIN/USD", "report_refused")]
    assert (bench.net, bench.order(order_id).filled) == (-6, 4)
    assert done.dropped == ("report_refused_before",)


@pytest.mark.parametrize("name", POISONED)
@pytest.mark.parametrize("field", ["qty", "price"])
def test_a_poisoned_number_of_an_execution_changes_nothing_but_is_kept_and_stops_its_instrument(
    field: str, name: str
) -> None:
    if (field, name) == ("price", "38 digits"):
        return
    bench = Bench()
    order_id = bench.working()
    poison = msgspec.structs.replace(execution("4", order_id=order_id), **{field: POISONED[name]})
    if (field, name) == ("qty", "38 digits"):
        poison = msgspec.structs.replace(poison, price=Price(POISONED[name]))
    before = (bench.net, dict(bench.state.balances), bench.order(order_id).filled)
    done = bench.executions(poison, execution("1", 2, order_id=order_id))
    assert tags(done)[:2] == ["report_refused", "trading_halted"]
    assert bench.alerts[0] == "report_refused"
    assert (bench.net, bench.order(order_id).filled) == (before[0] + 1, before[2] + 1)
    assert bench.executions(poison).events == ()
    assert decode_events(encode_events(bench.events)) == tuple(bench.events)


@pytest.mark.parametrize(
    "changes",
    [
        {"side": Side.SELL},
        {"instrument": InstrumentId("HOOD/USD")},
        {"instrument": InstrumentId("")},
        {"execution_id": ExecutionId("")},
        {"execution_id": ExecutionId("x" * 257)},
        {"execution_id": ExecutionId("\ud800")},
        {"happened_at": Instant(0)},
        {"happened_at": Instant(10**30)},
        {"happened_at": later(START, seconds=86_401)},
        {"fees": (Fee(asset=AssetId("USD"), amount=Money(Decimal("NaN"))),)},
        {"fees": (Fee(asset=AssetId(""), amount=Money(Decimal(1))),)},
        {"fees": (Fee(asset=AssetId("USD"), amount=Money(Decimal(1))),) * 17},
    ],
    ids="-".join,
)
def test_an_execution_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    bench = Bench()
    order_id = bench.working()
    done = bench.executions(msgspec.structs.replace(execution("4", order_id=order_id), **changes))
    assert tags(done)[:2] == ["report_refused", "trading_halted"]
    assert bench.order(order_id).filled == 0
    assert len(encode_events(bench.events)) > 0


def test_an_execution_older_than_all_that_is_remembered_is_dropped() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.state.execution_watermarks[PAPER] = START
    assert bench.executions(execution("4", order_id=order_id)).dropped == ("execution_below_watermark",)
    assert tags(bench.executions(execution("4", order_id=order_id, at=Instant(START + 1)))) == ["order_filled"]


def test_the_ids_of_two_instruments_do_not_meet() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.executions(execution("4", order_id=order_id))
    key = (PAPER, InstrumentId("HOOD/USD"), ExecutionId("X-1"))
    assert key not in bench.state.executions
    assert (PAPER, STOCK, ExecutionId("X-1")) in bench.state.executions


def test_the_largest_numbers_that_pass_do_not_break_exact_arithmetic() -> None:
    bench = Bench()
    order_id = bench.working()
    large = execution("1", order_id=order_id, qty=Quantity(Decimal("9" * 19)), price=Price(Decimal("99.9")))
    small = execution("1", 2, order_id=order_id, qty=Quantity(Decimal("1E-18")), price=Price(Decimal("0.000000000001")))
    bench.executions(large, small)
    assert bench.state.balances[PAPER, AssetId("USD")] == -(large.qty * large.price + small.qty * small.price)
    assert bench.order(order_id).filled == large.qty + small.qty


# Reports of the state of an order.


@pytest.mark.parametrize(
    ("status", "booked", "after"),
    [
        ("pending", ["order_submitted"], "submitted"),
        ("open", ["order_found"], "accepted"),
        ("pending_cancel", ["order_found"], "accepted"),
        ("canceled", ["order_done", "hedge_held"], "canceled"),
        ("expired", ["order_done", "hedge_held"], "expired"),
        ("rejected", ["order_rejected", "hedge_held"], "rejected"),
        ("unreadable", ["order_found"], "accepted"),
    ],
)
def test_each_status_of_a_venue_moves_an_unknown_order(status: str, booked: list[str], after: str) -> None:
    bench = Bench()
    order_id = bench.unknown()
    assert tags(bench.report(report(order_id, status))) == booked
    assert bench.status(order_id) == after


def test_a_report_of_a_filled_order_brings_its_executions_or_owes_them() -> None:
    bench = Bench()
    order_id = bench.unknown()
    complete = report(order_id, "filled", filled="10", executions=(execution("10", order_id=None),))
    assert tags(bench.report(complete)) == ["order_filled", "order_found"]
    assert (bench.status(order_id), bench.net) == ("filled", 0)
    other = Bench()
    order_id = other.unknown()
    other.report(report(order_id, "filled", filled="10"))
    assert (other.status(order_id), other.order(order_id).leaves, other.net) == ("accepted", 10, -10)


def test_a_working_order_shown_as_working_is_no_news() -> None:
    bench = Bench()
    order_id = bench.working()
    done = bench.report(report(order_id))
    assert (done.events, done.dropped) == ((), ("stale_found",))
    assert tags(bench.report(report(order_id, filled="3"))) == ["order_found"]
    assert bench.order(order_id).claimed == 3
    assert bench.report(report(order_id, filled="2")).events == ()


def test_an_older_report_does_not_take_back_an_end() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.report(report(order_id, "canceled"))
    for status in ("open", "pending", "canceled", "expired", "rejected", "pending_cancel"):
        bench.report(report(order_id, status))
        assert bench.status(order_id) == "canceled"
    assert bench.halted == []


def test_an_unreadable_status_is_told_until_a_readable_one_comes() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.report(report(order_id, "unreadable", status_text="weird\ud800"))
    bench.report(report(order_id, "unreadable"))
    assert bench.alerts == ["report_refused"]
    bench.report(report(order_id))
    assert (bench.alerts, bench.halted) == ([], [])


def test_an_unreadable_status_is_not_told_of_an_order_that_has_ended() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.report(report(order_id, "unreadable"))
    assert bench.alerts == ["report_refused"]
    bench.executions(execution("10", order_id=order_id))
    assert (bench.status(order_id), bench.alerts) == ("filled", [])
    bench.report(report(order_id, "unreadable", filled="10"))
    assert bench.alerts == []


@pytest.mark.parametrize(
    "changes",
    [
        {"side": Side.SELL},
        {"instrument": InstrumentId("HOOD/USD")},
        {"qty": Quantity(Decimal(11))},
        {"qty": POISONED["NaN"]},
        {"qty": POISONED["67 digits"]},
        {"filled_qty": POISONED["sNaN"]},
        {"filled_qty": Quantity(Decimal(-1))},
        {"venue_order_id": VenueOrderId("")},
        {"happened_at": Instant(10**30)},
    ],
    ids="-".join,
)
def test_a_report_that_cannot_be_is_refused_once_and_stops_its_instrument(changes: dict[str, Any]) -> None:
    bench = Bench()
    order_id = bench.working()
    poison = report(order_id, "canceled", **changes)
    done = bench.report(poison)
    assert tags(done) == ["report_refused", "trading_halted", "cancel_intended"]
    assert bench.status(order_id) == "pending_cancel"
    assert bench.report(poison).events == ()
    assert decode_events(encode_events(bench.events)) == tuple(bench.events)


def test_an_order_called_filled_with_less_than_was_ordered_is_refused() -> None:
    bench = Bench()
    order_id = bench.working()
    assert tags(bench.report(report(order_id, "filled", filled="9")))[0] == "report_refused"


def test_a_report_that_the_life_of_an_order_does_not_allow_is_refused() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.executions(execution("10", order_id=order_id))
    done = bench.report(report(order_id, "rejected", filled="10"))
    refused = one(done, ev.ReportRefused)
    assert (refused.state, refused.report, refused.instrument) == ("filled", "rejected", STOCK)
    assert bench.net == 0


def test_the_answer_about_another_order_is_refused() -> None:
    for shown in (None, "fb-another"):
        bench = Bench()
        order_id = bench.unknown()
        assert tags(bench.find(order_id, report(shown)))[0] == "report_refused"
        assert bench.status(order_id) == "unknown"
        assert bench.state.foreign_orders == {}


def test_a_question_that_is_not_answered_changes_nothing() -> None:
    bench = Bench()
    order_id = bench.unknown()
    for answer in (LOST, NotSent(reason=NotSentReason.NO_CONNECTION)):
        done = bench.find(order_id, answer)
        assert (done.events, done.effects, done.dropped) == ((), (), ("question_not_answered",))
    forgotten = FindAnswered(order_id=OrderId("fb-none"), asked_at=bench.now, answer=LOST)
    assert bench.take(forgotten).dropped == ("answer_to_forgotten_order",)


def test_reports_of_a_long_life_in_any_order_end_in_the_same_books() -> None:
    bench = Bench()
    order_id = bench.unknown()
    first, second = execution("4", 1, order_id=order_id), execution("6", 2, order_id=order_id)
    bench.report(report(order_id, "filled", filled="10", executions=(second,)))
    bench.report(report(order_id, "pending"))
    bench.report(report(order_id, "open", filled="4", executions=(first,)))
    bench.answer(order_id, rejected(bench.now, "duplicate_id"))
    assert (bench.status(order_id), bench.net, bench.halted, bench.alerts) == ("filled", 0, [], [])


# Cancels.


def test_a_cancel_is_intended_before_it_is_asked_for_and_ends_with_the_venues_word() -> None:
    bench = Bench()
    order_id = bench.working()
    done = bench.fill(2, "buy", "8")
    assert tags(done) == ["vault_filled", "cancel_intended"]
    assert effects(done) == ["cancel"]
    assert bench.answer_cancel(order_id, CancelTaken()).events == ()
    assert bench.status(order_id) == "pending_cancel"
    bench.report(report(order_id, "canceled"))
    assert bench.orders() == ["buy 10.000", "buy 2.000"]


def test_a_refused_cancel_leads_to_a_question_and_to_no_loop() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.fill(2, "buy", "8")
    done = bench.answer_cancel(order_id, TOO_LATE)
    assert tags(done) == ["cancel_refused"]
    assert effects(done) == ["find"]
    assert bench.find(order_id, report(order_id)).effects == ()
    bench.wait(4).take_time()
    assert bench.order(order_id).cancel_attempt == 1
    assert effects(bench.wait(1).take_time()) == ["cancel"]
    assert bench.order(order_id).cancel_attempt == 2


@pytest.mark.parametrize("answer", [LOST, NotSent(reason=NotSentReason.NO_CONNECTION)])
def test_a_lost_cancel_is_asked_for_again_while_the_venue_shows_the_order_working(answer: Any) -> None:
    bench = Bench()
    order_id = bench.working()
    bench.fill(2, "buy", "8")
    done = bench.answer_cancel(order_id, answer)
    assert (tags(done), effects(done)) == ([], ["find"])
    assert effects(bench.find(order_id, report(order_id))) == []
    assert effects(bench.wait(5).find(order_id, report(order_id))) == ["cancel"]
    assert effects(bench.find(order_id, report(order_id, "pending_cancel"))) == []


def test_a_cancel_decided_while_the_place_is_under_way_is_sent_with_its_answer() -> None:
    bench = Bench()
    order_id = bench.ordered()
    done = bench.fill(2, "buy", "8")
    assert (tags(done), effects(done)) == (["vault_filled", "cancel_intended"], [])
    assert effects(bench.answer(order_id, accepted(bench.now))) == ["cancel"]
    assert bench.status(order_id) == "pending_cancel"


def test_a_cancel_of_an_order_of_unknown_fate_is_sent_too() -> None:
    bench = Bench()
    order_id = bench.ordered()
    bench.fill(2, "buy", "8")
    done = bench.answer(order_id, LOST)
    assert (bench.status(order_id), effects(done)) == ("unknown", ["cancel"])


def test_an_execution_during_a_cancel_is_booked_and_the_cancel_stays_wanted() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.fill(2, "buy", "8")
    bench.executions(execution("1", order_id=order_id))
    assert bench.status(order_id) == "pending_cancel"
    bench.executions(execution("9", 2, order_id=order_id))
    assert (bench.status(order_id), bench.net) == ("filled", 8)


def unreadable(number: int, instrument: InstrumentId | None = STOCK) -> UnreadableExecution:
    """Returns an execution of which only the id, and perhaps the instrument, could be read."""
    return UnreadableExecution(
        execution_id=ExecutionId(f"X-{number}"), instrument=instrument, detail="Expected `str`, got `null` - at `$.qty`"
    )


def test_an_unreadable_execution_is_refused_by_name_and_the_page_it_is_on_is_taken() -> None:
    bench = Bench()
    order_id = bench.working("10")
    read = (execution("4", 1, order_id=order_id), unreadable(2), execution("3", 3, order_id=order_id))
    done = bench.take(ExecutionsRead(account=PAPER, executions=read, cursor="X-3", since=""))
    assert tags(done) == ["order_filled", "report_refused", "trading_halted", "cancel_intended", "order_filled"]
    refused = one(done, ReportRefused)
    assert (refused.report, refused.subject, refused.instrument) == ("execution", "X-2", STOCK)
    assert refused.detail == "Expected `str`, got `null` - at `$.qty`"
    assert done.cursors == {"executions:paper": "X-3"}
    assert bench.halted == [("instrument", "COIN/USD", "report_refused")]


def test_an_unreadable_execution_of_no_known_instrument_halts_its_account() -> None:
    bench = Bench().resume()
    bench.take(ExecutionsRead(account=PAPER, executions=(unreadable(2, None),), cursor="X-2"))
    assert bench.halted == [("venue", "paper", "report_refused")]


def test_an_unreadable_execution_that_is_booked_already_says_nothing() -> None:
    bench = Bench()
    order_id = bench.working("10")
    bench.executions(execution("4", 1, order_id=order_id))
    done = bench.take(ExecutionsRead(account=PAPER, executions=(unreadable(1),), cursor="X-1"))
    assert (done.events, done.dropped) == ((), ("execution_known",))


def test_an_order_that_a_statement_shows_working_after_its_end_stops_its_instrument() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.report(report(order_id, "rejected"))
    early = bench.wait(9).state_account(statement(bench.now, open_orders=[report(order_id)]))
    assert "report_refused" not in tags(early)
    done = bench.wait(2).state_account(statement(bench.now, open_orders=[report(order_id)]))
    assert one(done, ev.ReportRefused).detail == "we hold it as rejected, the statement shows it working"
    assert bench.halted == [("instrument", "COIN/USD", "report_refused")]
    assert "cancel" in effects(done)


# The whole way.


def test_the_events_of_a_bench_fold_to_its_state() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.executions(execution("4", order_id=order_id))
    bench.fill(2, "buy", "8", block_hash="0xcc")
    bench.answer_cancel(order_id, TOO_LATE)
    bench.wait(30).report(report(order_id, "canceled", filled="5"))
    replayed = Bench().state
    for event in bench.events:
        apply(replayed, event)
    assert state_bytes(replayed) == state_bytes(bench.state)


# Orders that only reduce.


def test_an_order_that_only_reduces_and_that_the_venue_cut_is_as_large_as_the_venue_says() -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "0.5")
    bench.command("flatten", "f")
    (intent,) = bench.placed()
    assert intent.reduce_only
    bench.answer(intent.order_id, accepted(bench.now))
    assert tags(bench.report(report(intent.order_id, size="0.3"))) == []
    bench.executions(execution("0.3", order_id=intent.order_id, side=intent.side))
    assert tags(bench.report(report(intent.order_id, "filled", size="0.3", filled="0.3")))[0] == "order_done"
    order = bench.order(intent.order_id)
    assert (order.status.value, order.filled) == ("expired", Decimal("0.3"))


def test_an_order_that_only_reduces_is_never_larger_at_the_venue_than_ours() -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "0.5")
    bench.command("flatten", "f")
    order_id = bench.placed()[0].order_id
    bench.answer(order_id, accepted(bench.now))
    assert one(bench.report(report(order_id, size="0.6")), ReportRefused).detail == "ours is of 0.5, theirs of 0.6"
