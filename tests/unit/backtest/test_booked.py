"""What a backtest books: rows of as many events, whatever is read of them meanwhile, and the table of its orders."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.backtest import booked
from flatbook.backtest.booked import Booked
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.desk_table import GROUP
from flatbook.backtest.kernel.tables import ORDERS_MAX
from flatbook.engine.ports import Row
from flatbook.events.event import Event
from flatbook.events.orders import CancelIntended, CancelReason
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant

START = Instant(1_764_685_800_000_000_000)
FIRST = desk.S0
ORDER = {desk.STANDING: FIRST, desk.O_SIGN: 1, desk.O_PRICE: 100, desk.LOTS: 5, desk.STATUS: desk.ACCEPTED}


def cancels(first: int, count: int) -> list[CancelIntended]:
    """Returns events that are told apart by their number."""
    return [
        CancelIntended(
            order_id=OrderId(f"fb{number:024}"),
            attempt=number,
            reason=CancelReason.OFF_GRID,
            because=None,
            decided_at=Instant(START + number),
        )
        for number in range(first, first + count)
    ]


class Run:
    """What is booked into a journal in memory, beside the events of all that came before it."""

    def __init__(self, before: Sequence[Event] = ()) -> None:
        self.journal = MemoryJournal(MemoryStore())
        self.epoch = self.journal.take_lease(START)
        if before:
            self.journal.append(before, after=self.journal.last, epoch=self.epoch, cursors={}, at=START)
        self.book = Booked(self.journal, self.epoch)

    def rows(self) -> list[Row]:
        """Returns what is in the journal."""
        return list(self.journal.read())


def order(number: int, **columns: int) -> list[int]:
    """Returns the columns of a live order."""
    found = [0] * 16
    for column, value in {**ORDER, desk.O_NUMBER: number}.items():
        found[column] = value
    for name, value in columns.items():
        found[getattr(desk, name)] = value
    return found


# The journal.


@given(parts=st.lists(st.integers(0, 700), max_size=8), reads=st.lists(st.integers(0, 3_000), max_size=4))
def test_whatever_comes_at_once_rows_are_full_and_all_is_there_in_order(parts: list[int], reads: list[int]) -> None:
    run, events = Run(cancels(0, 3)), list[CancelIntended]()
    for count in parts:
        new = cancels(len(events), count)
        run.book.add(new)
        events += new
        assert run.book.count == len(events)
        for first in (first for first in reads if first <= len(events)):
            assert list(run.book.since(first)) == events[first:]
    run.book.close()
    _, *rows = run.rows()
    assert [event for row in rows for event in row.events] == events
    assert [len(row.events) for row in rows[:-1]] == [GROUP] * (len(rows) - 1)
    assert [row.at for row in rows] == [START + max(event.attempt for event in cancels_of(row)) for row in rows]


def cancels_of(row: Row) -> list[CancelIntended]:
    return [event for event in row.events if isinstance(event, CancelIntended)]


def test_full_rows_wait_until_they_are_many_and_are_read_all_the_same() -> None:
    run, events = Run(), cancels(0, booked.ROWS_AT_ONCE * GROUP)
    run.book.add(events[:-1])
    assert run.rows() == []
    assert list(run.book.since(4_000)) == events[4_000:-1]
    run.book.add(events[-1:])
    assert [len(row.events) for row in run.rows()] == [256] * 16
    run.book.close()
    assert len(run.rows()) == 16


def test_a_text_that_is_full_is_written_and_one_that_is_too_short_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    short = booked.ROOM_BYTES + 60_000
    monkeypatch.setattr(booked, "TEXT_BYTES", short)
    run, events = Run(), cancels(0, 5 * GROUP)
    run.book.add(events)
    assert [len(row.events) for row in run.rows()] == [256] * 4
    monkeypatch.setattr(booked, "TEXT_BYTES", 100)
    other = Run()
    other.book.add(events)
    for each in (run, other):
        each.book.close()
        assert [event for row in each.rows() for event in row.events] == events


# What is wanted.


def test_what_is_wanted_is_read_as_the_compiled_code_took_it() -> None:
    book = Run().book
    book.wish_note(START, (30, 40))
    book.wish_late(9, START)
    first, second = (book.table[desk.W0 + k, : desk.WISH_COLUMNS].tolist() for k in range(2))
    assert first == [desk.NOTES, 0, 0, START, 0, 0, 0, 30, 40]
    assert second == [desk.SENDS, 9, 0, START, 0, 0, 0, 0, 0]
    assert book.head[desk.WISHES] == 2
    book.put_shape(desk.H0 + 3, range(1, 9))
    book.table[desk.W0, desk.W_PLACE : desk.W_PLACE + 8] = book.table[desk.H0 + 3, :8]
    assert book.wishes(1) == [[desk.NOTES, 0, 1, 3, 0, 4, 5, 0]]


def test_texts_that_are_kept_stand_behind_each_other_while_anything_is_wanted() -> None:
    book = Run().book
    assert book.keep_raw(b"x" * 10) == (0, 10)
    assert book.keep_raw(b"y" * 5) == (0, 5)
    book.wish_late(1, START)
    assert book.keep_raw(b"z" * 7) == (5, 7)
    assert book.keep_raw(b"w") == (12, 1)
    assert book.keep_raw(b"v" * 4_097) is None
    book.head[desk.WISHES] = 0
    assert book.keep_raw(b"u" * 4_096) == (0, 4_096)


def test_a_text_for_which_there_is_no_room_is_not_kept() -> None:
    book = Run().book
    kept = 0
    while (place := book.keep_raw(b"x" * 4_096)) is not None:
        assert place == (kept, 4_096)
        kept += 4_096
        book.wish_late(1, START)
    assert kept == desk.RAW_BYTES


# Live orders.


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 2), st.sampled_from((1, -1)), st.integers(1, 9), st.booleans()),
        max_size=12,
        unique_by=lambda step: step[:2],
    )
)
def test_live_orders_are_found_by_number_and_add_up_whatever_row_they_fall_to(
    steps: list[tuple[int, int, int, int, bool]],
) -> None:
    """Numbers that are ORDERS_MAX apart fall to the same row, and the second goes to the next one that is free."""
    book, live = Run().book, {}
    for low, lap, sign, lots, pending in steps:
        number = low + lap * ORDERS_MAX
        live[number] = (sign, 100 + low, lots, pending)
        book.put_order(order(number, O_SIGN=sign, O_PRICE=100 + low, LOTS=lots, PENDING=int(pending)))
    for number in live:
        assert book.cells[book.row_of(number) // 8 + desk.O_NUMBER] == number
    assert [book.row_of(number) for number in range(1, 7) if number not in live] == [-1] * sum(
        number not in live for number in range(1, 7)
    )
    standing = book.table[FIRST]
    assert standing[desk.LIVE] == book.head[desk.ALIVE] == len(live)
    assert standing[desk.BUY_LEAVES] == sum(lots for sign, _, lots, _ in live.values() if sign > 0)
    assert standing[desk.SELL_LEAVES] == sum(lots for sign, _, lots, _ in live.values() if sign < 0)
    buys = [price for sign, price, _, pending in live.values() if sign > 0 and not pending]
    sells = [price for sign, price, _, pending in live.values() if sign < 0 and not pending]
    assert standing[desk.HIGH_BUY] == max(buys, default=-desk.NOTHING)
    assert standing[desk.LOW_SELL] == min(sells, default=desk.NOTHING)
    book.clear_orders()
    assert [book.row_of(number) for number in live] == [-1] * len(live)
    assert book.head[desk.ALIVE] == 0


def test_executions_that_were_noted_are_handed_over_once() -> None:
    book, executed = Run().book, array("q")
    book._executions[:2] = [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    book.head[desk.EXECUTED] = 2
    book.drain(executed)
    book.drain(executed)
    assert list(executed) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
