"""Who is asked about, and when: from the fold and from what was asked before."""

from __future__ import annotations

import pytest

from flatbook.engine.overdue import next_ask_at, overdue
from flatbook.engine.ports import VenueCard
from flatbook.engine.reports import CancelTaken
from flatbook.values.ids import AccountId, OrderId
from flatbook.values.instants import Instant, later
from tests.desk import PAPER
from tests.unit.engine.scene import START, Bench, accepted, execution, report


def asked_at(bench: Bench, order_id: OrderId, asked: tuple[Instant, int] | None = None) -> int | None:
    """Returns when an order is asked for next, in seconds after the start; None when it is not."""
    at = next_ask_at(bench.order(order_id), bench.rules.cards[PAPER], asked)
    return None if at is None else (at - START) // 1_000_000_000


@pytest.mark.parametrize(("times", "wait_s"), [(0, 2), (1, 4), (2, 8), (3, 16), (4, 32), (5, 32), (1000, 32)])
def test_an_unknown_order_is_asked_for_at_doubled_intervals_up_to_a_bound(times: int, wait_s: int) -> None:
    bench = Bench()
    order_id = bench.unknown()
    assert asked_at(bench, order_id) == 2
    assert asked_at(bench, order_id, (later(START, seconds=100), times)) == 100 + wait_s


def test_a_working_order_is_asked_for_only_after_its_time() -> None:
    bench = Bench()
    order_id = bench.working()
    assert asked_at(bench, order_id) == 600 + 10 + 30
    assert asked_at(bench, order_id, (later(START, seconds=700), 3)) == 730


def test_an_order_not_sent_yet_is_not_asked_for() -> None:
    bench = Bench()
    assert asked_at(bench, bench.ordered()) is None


def test_a_pending_order_and_a_pending_cancel_are_asked_for_again() -> None:
    bench = Bench()
    order_id = bench.ordered()
    bench.answer(order_id, accepted(bench.now, pending=True))
    assert asked_at(bench, order_id) == 30
    bench.fill(2, "buy", "8")
    bench.answer_cancel(order_id, CancelTaken())
    assert bench.status(order_id) == "pending_cancel"
    assert asked_at(bench, order_id, (later(START, seconds=50), 1)) == 80


def test_a_cancel_is_asked_about_once_soon_after_it_was_wanted_and_then_at_leisure() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.wait(10).command("kill")
    assert bench.status(order_id) == "pending_cancel"
    assert asked_at(bench, order_id) == 12
    assert asked_at(bench, order_id, (later(START, seconds=5), 1)) == 12
    assert asked_at(bench, order_id, (later(START, seconds=12), 2)) == 42


def test_missing_executions_are_asked_for_whether_the_order_works_or_has_ended() -> None:
    works = Bench()
    order_id = works.working()
    works.report(report(order_id, filled="3"))
    assert asked_at(works, order_id) == 30
    works.executions(execution("3", order_id=order_id))
    assert asked_at(works, order_id) == 640
    ended = Bench()
    order_id = ended.working()
    ended.report(report(order_id, "canceled", filled="3"))
    assert asked_at(ended, order_id) == 30
    ended.executions(execution("3", order_id=order_id))
    assert asked_at(ended, order_id) is None


def test_what_is_due_now_and_when_the_next_is_due() -> None:
    bench = Bench()
    order_id = bench.unknown()
    cards: dict[AccountId, VenueCard] = bench.rules.cards
    assert overdue(bench.state, cards, {}, START) == ((), later(START, seconds=2))
    due, upcoming = overdue(bench.state, cards, {}, later(START, seconds=2))
    assert ([order.order_id for order in due], upcoming) == ([order_id], None)


def test_an_order_at_an_account_without_a_venue_is_passed_over() -> None:
    bench = Bench()
    bench.unknown()
    others = {AccountId("other"): bench.rules.cards[PAPER]}
    assert overdue(bench.state, others, {}, later(START, seconds=999)) == ((), None)
