"""Pages of executions out of lists of orders."""

from __future__ import annotations

import pytest

from flatbook.engine.reports import Execution, ExecutionLine, UnreadableExecution
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.venues.schwab import pages
from flatbook.venues.schwab.pages import Cursor, cursor_of, page_after, unbooked_of
from tests.unit.venues.schwab.sample import OURS, REGULAR, THEIRS, execution, listed, order, own

FROM = later(REGULAR, seconds=-3_600)
START = Cursor(until=FROM, given=())
OTHER = OrderId("fbbbbbbbbbbbbbbbbbbbbbbbbb")
NAMES = {THEIRS: OURS}
SOON = later(REGULAR, seconds=10)


def ids(page: tuple[ExecutionLine, ...]) -> list[str]:
    return [str(each.execution_id) for each in page]


def readable(page: tuple[ExecutionLine, ...]) -> list[Execution]:
    return [each for each in page if isinstance(each, Execution)]


def test_a_cursor_is_read_as_it_was_written_and_an_empty_one_begins_where_it_is_told() -> None:
    cursor = Cursor(until=Instant(5), given=("a:0", "b:1"))
    assert cursor.text == "5|a:0|b:1"
    assert cursor_of(cursor.text, first_from=FROM) == cursor
    for nothing in ("", "x|a", "-5"):
        assert cursor_of(nothing, first_from=FROM) == START


def test_executions_come_once_in_their_order_under_our_id() -> None:
    listing = (listed(order(execution(2), execution(1))),)
    page, after = page_after(START, listing, NAMES, unbooked=(), asked_at=SOON)
    assert ids(page) == ["102102029817:0", "102102029818:0"]
    assert {each.order_id for each in readable(page)} == {OURS}
    assert after == Cursor(until=later(SOON, seconds=-60), given=("102102029817:0", "102102029818:0"))
    assert page_after(after, listing, NAMES, unbooked=(), asked_at=SOON) == ((), after)


def test_an_execution_that_is_shown_late_is_not_passed_over() -> None:
    first, both = (listed(order(execution(2))),), (listed(order(execution(1), execution(2))),)
    page, after = page_after(START, first, NAMES, unbooked=(), asked_at=SOON)
    assert ids(page) == ["102102029818:0"]
    page, after = page_after(after, both, NAMES, unbooked=(), asked_at=later(SOON, seconds=5))
    assert ids(page) == ["102102029817:0"]
    assert page_after(after, both, NAMES, unbooked=(), asked_at=later(SOON, seconds=6))[0] == ()


def test_once_the_overlap_is_past_a_cursor_names_nothing() -> None:
    listing = (listed(order(execution(1))),)
    _, after = page_after(START, listing, NAMES, unbooked=(), asked_at=later(REGULAR, seconds=90))
    assert after == Cursor(until=later(REGULAR, seconds=30), given=())
    assert page_after(after, listing, NAMES, unbooked=(), asked_at=later(REGULAR, seconds=95)) == ((), after)


def test_executions_of_an_order_that_is_not_booked_wait_and_hold_the_cursor_and_no_others() -> None:
    mine = listed(order(execution(1)))
    theirs = listed(order(execution(3), orderId=7))
    page, after = page_after(START, (mine, theirs), NAMES, unbooked=(OURS,), asked_at=later(REGULAR, seconds=300))
    assert ids(page) == ["102102029819:0"]
    assert readable(page)[0].order_id is None
    assert after.until == instant_of_text("2025-12-01T15:00:01Z") - 1
    page, _ = page_after(after, (mine, theirs), NAMES, unbooked=(), asked_at=later(REGULAR, seconds=301))
    assert ids(page) == ["102102029817:0"]


def test_a_page_is_bounded_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_MAX", 2)
    listing = (listed(order(execution(1), execution(2), execution(3))),)
    page, after = page_after(START, listing, NAMES, unbooked=(), asked_at=later(REGULAR, seconds=300))
    rest, last = page_after(after, listing, NAMES, unbooked=(), asked_at=later(REGULAR, seconds=300))
    assert (len(page), len(rest)) == (2, 1)
    assert page_after(last, listing, NAMES, unbooked=(), asked_at=later(REGULAR, seconds=300))[0] == ()


def test_only_open_orders_without_schwabs_id_are_unbooked() -> None:
    orders = (own(), own(order_id=OTHER, venue_order_id=THEIRS), own(order_id=OTHER, is_open=False))
    assert unbooked_of(orders) == (OURS,)


def test_an_execution_that_cannot_be_read_is_told_once_and_hides_no_other() -> None:
    listing = (listed(order(execution(1, price=0), execution(2))),)
    page, after = page_after(START, listing, NAMES, unbooked=(), asked_at=later(REGULAR, seconds=300))
    assert isinstance(page[0], UnreadableExecution)
    assert ids(page) == ["102102029817:0", "102102029818:0"]
    assert after.given == ("102102029817:0",)
    assert page_after(after, listing, NAMES, unbooked=(), asked_at=later(REGULAR, seconds=400)) == ((), after)
