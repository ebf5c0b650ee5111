"""The middle just before an instant comes from quotes, or from the book where there are none."""

from __future__ import annotations

from flatbook.backtest.reference_prices import first_middle, middles_before
from flatbook.backtest.tape_file import Message, memory_tape
from flatbook.market.ticks import Kind
from tests.unit.backtest.scenes import PERP, SPOT

WHOLE = [(Kind.CLEAR, 0, 0, 0, 0, 0, 1), (Kind.BID, 0, 100, 5, 0, 0, 1), (Kind.ASK, 0, 102, 5, 0, 0, 1)]
TAPE = memory_tape(
    [
        Message(10, 10, WHOLE),
        Message(15, 15, [(Kind.QUOTE, 1, 50, 1, 52, 1, 0)]),
        Message(20, 20, [(Kind.BID, 0, 101, 5, 0, 0, 2)]),
        Message(25, 25, [(Kind.QUOTE, 1, 0, 0, 52, 1, 0)]),
        Message(30, 30, [(Kind.CLEAR, 0, 0, 0, 0, 0, 3)]),
    ],
    (PERP, SPOT),
)  # fmt: skip


def test_a_book_is_followed_where_there_are_no_quotes() -> None:
    found = middles_before(TAPE, {0: [20, 5, 11, 21, 30, 31]})
    assert found[0].tolist() == [202, 0, 202, 203, 203, 0]


def test_a_quote_without_a_side_leaves_the_one_before() -> None:
    assert middles_before(TAPE, {1: [15, 16, 99], 0: []})[1].tolist() == [0, 102, 102]


def test_the_first_middle_is_that_of_the_first_whole_message() -> None:
    assert (first_middle(TAPE, 0), first_middle(TAPE, 1)) == (202, 102)
    one_sided = [Message(5, 5, [(Kind.QUOTE, 0, 0, 0, 52, 1, 0)]), Message(9, 9, [(Kind.QUOTE, 0, 48, 1, 52, 1, 0)])]
    assert first_middle(memory_tape(one_sided, (PERP, SPOT)), 0) == 100
    assert first_middle(memory_tape(one_sided, (PERP, SPOT)), 1) == 0
