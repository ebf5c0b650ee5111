"""The doctor finds what a backtest must not be run on."""

from __future__ import annotations

from flatbook.backtest.tape_doctor import Ill, examine
from flatbook.backtest.tape_file import Message, memory_tape
from flatbook.market.ticks import Kind
from tests.unit.backtest.scenes import PERP

S = 10**9
BOOK = [(Kind.CLEAR, 0, 0, 0, 0, 0, 1), (Kind.BID, 0, 100, 5, 0, 0, 1), (Kind.ASK, 0, 101, 5, 0, 0, 1)]


def ills(*messages: Message) -> list[tuple[Ill, int]]:
    examined = examine(memory_tape(messages, (PERP,)))
    return [(finding.ill, finding.count) for finding in examined.findings]


def trade(at: int, price: int) -> Message:
    return Message(at, at + 7, [(Kind.TRADE, 0, price, 1, 1, 0, at)])


def test_a_sound_tape_has_nothing_wrong_with_it() -> None:
    tape = memory_tape([Message(S, S + 7, BOOK), trade(2 * S, 101)], (PERP,))
    examined = examine(tape)
    assert (examined.findings, examined.latency) == ((), 7)
    assert (examined.looked[0].rows, examined.looked[0].whole_books) == (4, 1)


def test_a_silence_is_a_gap() -> None:
    assert ills(trade(S, 100), trade(62 * S, 100)) == [(Ill.GAP, 1)]


def test_a_last_row_far_from_all_others_is_named_beside_the_gap_that_it_makes() -> None:
    steady = [trade(at * S, 100) for at in range(1, 6)]
    assert ills(*steady, trade(500 * S, 100)) == [(Ill.GAP, 1), (Ill.CLOCK, 1)]
    assert ills(*steady, trade(500 * S, 100), trade(501 * S, 100)) == [(Ill.GAP, 1)]


def test_a_crossed_book_is_found() -> None:
    crossed = Message(2 * S, 2 * S, [(Kind.BID, 0, 101, 1, 0, 0, 2)])
    assert ills(Message(S, S + 7, BOOK), crossed._replace(local_ts=3 * S)) == [(Ill.CROSSED, 1)]


def test_trades_at_another_price_by_far_are_of_another_unit() -> None:
    assert ills(trade(S, 100), trade(2 * S, 10_000), trade(3 * S, 101)) == [(Ill.UNITS, 2)]


def test_a_book_that_is_not_as_the_quotes_say_is_found() -> None:
    quote = Message(2 * S, 2 * S, [(Kind.QUOTE, 0, 99, 5, 101, 5, 1)])
    change = Message(3 * S, 3 * S, [(Kind.BID, 0, 100, 6, 0, 0, 2)])
    assert ills(Message(S, S, BOOK), quote, change) == [(Ill.QUOTES_DIFFER, 1)]


def test_quotes_of_later_numbers_are_not_compared_with_earlier_books() -> None:
    quote = Message(2 * S, 2 * S, [(Kind.QUOTE, 0, 98, 5, 99, 5, 9)])
    change = Message(3 * S, 3 * S, [(Kind.BID, 0, 100, 6, 0, 0, 2)])
    assert ills(Message(S, S, BOOK), quote, change) == []
