"""What venues told becomes rows: books in step or not at all, times as they can have been, what is wrong counted."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from msgspec.structs import replace

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_file import Message
from flatbook.backtest.tape_making import Plan, messages_of
from flatbook.backtest.tape_order import by_venue_time, on_one_tape
from flatbook.backtest.tape_survey import Heard, decimal_step, survey_of
from flatbook.market.depth import Depth, Unread, UnreadFor, Unused, Update
from flatbook.market.ticks import Kind, Tick, Told
from flatbook.venues.binance.books import spot_rule
from flatbook.venues.bitstamp.books import rule as bitstamp_rule
from flatbook.venues.okx.books import rule as okx_rule
from tests.unit.backtest.scenes import SPOT

S = 10**9
FINE = 10**12
CENT = FINE // 100
PLAN = Plan(inst=0, instrument=replace(SPOT, lot=Decimal("0.1")), rule=spot_rule, holds=True, lag_ns=5)


def told(stream: str, at: int, *ticks: Tick, seq: int = 0) -> Told:
    return Told(symbol="BTCUSDT", stream=stream, happened_at=at, sent_at=at, seq=seq, ticks=ticks)


def depth(at: int, first: int, last: int, *, whole: bool = False, bid: int = 0, ask: int = 0) -> Told:
    """One level on a side where a price is named, of one unit."""
    bids, asks = [(bid * CENT, FINE)] if bid else [], [(ask * CENT, FINE)] if ask else []
    update = Update("BTCUSDT", whole, Depth(bids, asks, first, last))
    return Told(symbol="BTCUSDT", stream="depth", happened_at=at, sent_at=at, seq=last, depth=update)


def trade(at: int, price: int, seq: int, size: int = FINE) -> Told:
    return told("trade", at, Tick(Kind.TRADE, price * CENT, size, 1), seq=seq)


def made(*heard: Heard, plan: Plan = PLAN) -> tuple[list[Message], Counter[str]]:
    counts: Counter[str] = Counter()
    return list(messages_of(heard, {"BTCUSDT": plan}, counts)), +counts


def test_a_book_begins_whole_with_the_changes_that_waited_for_it() -> None:
    messages, counts = made(
        (S, depth(S, 8, 8, bid=100)), (S, depth(S, 9, 11, bid=101)), (S + 1, depth(S + 1, 10, 10, whole=True, ask=105))
    )
    assert [row[:4] for message in messages for row in message.rows] == [
        (Kind.CLEAR, 0, 0, 0),
        (Kind.BID, 0, 101, 10),
        (Kind.ASK, 0, 105, 10),
    ]
    assert counts == {"depth_without_book": 2, "whole_books": 1}


def test_a_gap_makes_the_book_unknown_until_a_whole_one_comes() -> None:
    messages, counts = made(
        (S, depth(S, 1, 1, whole=True, bid=100, ask=105)),
        (S, depth(S, 2, 2, bid=101)),
        (S, depth(S, 4, 4, bid=102)),
        (S, depth(S, 5, 5, whole=True, bid=103, ask=105)),
    )
    assert [[row[0] for row in message.rows] for message in messages] == [[0, 1, 2], [1], [0], [0, 1, 2]]
    assert counts["book_gap"] == 1


def test_a_whole_book_of_the_stream_is_newer_than_all_that_came_before_it() -> None:
    in_stream = replace(PLAN, rule=okx_rule, holds=False)
    before = Depth([(102 * CENT, FINE)], [], 2, 4, before=3)
    messages, counts = made(
        (S, depth(S, 1, 1, whole=True, bid=100, ask=105)),
        (S + 1, replace(depth(S + 1, 2, 4), depth=Update("BTCUSDT", False, before))),
        (S + 2, depth(S + 2, 2, 2, whole=True, bid=103, ask=105)),
        plan=in_stream,
    )
    assert [[row[0] for row in message.rows] for message in messages] == [[0, 1, 2], [0], [0, 1, 2]]
    assert counts == {"whole_books": 2, "book_gap": 1}


def test_where_nothing_but_time_is_numbered_a_whole_book_begins_once_a_change_has_come_that_it_holds() -> None:
    by_time = replace(PLAN, rule=bitstamp_rule, overlaps=True)
    messages, counts = made(
        (S, depth(S, 10, 10, whole=True, bid=100, ask=105)),
        (S, depth(S, 12, 12, bid=101)),
        (S, depth(S, 12, 12, whole=True, bid=101, ask=106)),
        (S, depth(S, 13, 13, ask=104)),
        plan=by_time,
    )
    assert [[row[:3] for row in message.rows] for message in messages] == [
        [(Kind.CLEAR, 0, 0), (Kind.BID, 0, 101), (Kind.ASK, 0, 106)],
        [(Kind.ASK, 0, 104)],
    ]
    assert counts == {"depth_without_book": 2, "whole_books": 1}


def test_a_crossed_book_is_unknown_until_it_is_uncrossed() -> None:
    taken_away = depth(S, 3, 3, bid=105)
    assert taken_away.depth is not None
    taken_away.depth.depth.bids[0] = (105 * CENT, 0)
    messages, counts = made(
        (S, depth(S, 1, 1, whole=True, bid=100, ask=105)),
        (S, depth(S, 2, 2, bid=105)),
        (S, taken_away),
    )
    assert [[row[0] for row in message.rows] for message in messages] == [[0, 1, 2], [0], [0, 1, 2]]
    assert counts["book_crossed"] == 1


def test_a_price_off_the_grid_makes_the_book_unknown_and_is_no_trade() -> None:
    off = depth(S, 2, 2, bid=101)
    assert off.depth is not None
    off.depth.depth.bids[0] = (101 * CENT + 1, FINE)
    messages, counts = made(
        (S, depth(S, 1, 1, whole=True, bid=100, ask=105)),
        (S, off),
        (S, told("trade", S, Tick(Kind.TRADE, CENT + 1, FINE, 1), seq=1)),
    )
    assert [[row[0] for row in message.rows] for message in messages] == [[0, 1, 2], [0]]
    assert counts["off_grid"] == 2


def test_sizes_are_cut_to_whole_lots_and_counted() -> None:
    messages, counts = made((S, trade(S, 100, 1, FINE + FINE // 20)), (S, trade(S, 100, 2, FINE // 20)))
    assert messages == [Message(S, S, [(Kind.TRADE, 0, 100, 10, 1, 0, 1)])]
    assert counts == {"cut_to_lot": 2, "empty_trade": 1}


def test_what_comes_twice_is_taken_once() -> None:
    messages, counts = made((S, trade(S, 100, 1)), (S, trade(S, 100, 1)), (S, trade(S, 101, 2)))
    assert [message.rows[0][2] for message in messages] == [100, 101]
    assert counts == {"repeated": 1}


def test_what_has_no_time_of_the_venue_happened_a_lag_before_it_was_seen() -> None:
    quote = told("bookTicker", 0, Tick(Kind.QUOTE, 100 * CENT, FINE, 101 * CENT, FINE), seq=1)
    messages, _ = made((S, quote))
    assert messages == [Message(S - 5, S, [(Kind.QUOTE, 0, 100, 10, 101, 10, 1)])]


def test_what_has_no_local_time_is_seen_a_lag_after_it_happened() -> None:
    messages, _ = made((0, trade(S, 100, 1)))
    assert messages[0].local_ts == S + 5


def test_a_time_far_from_the_local_one_is_not_believed() -> None:
    messages, counts = made((S, trade(100 * S, 100, 1)))
    assert (messages, counts) == ([], {"time_astray": 1})


@pytest.mark.parametrize(("apart_s", "count"), [(60, 0), (61, 1), (86_400, 1)])
def test_a_leap_in_the_last_message_of_a_stream_is_counted(apart_s: int, count: int) -> None:
    trades = [(0, trade((5 + number) * S, 100, number + 1)) for number in range(4)]
    messages, counts = made(*trades, (0, trade((8 + apart_s) * S, 100, 9)))
    assert (len(messages), counts["time_leaps_at_end"]) == (5, count)


def test_a_last_message_more_than_a_day_ahead_is_refused_and_named() -> None:
    trades = [(0, trade((5 + number) * S, 100, number + 1)) for number in range(4)]
    with pytest.raises(TapeRefused) as refused:
        made(*trades, (0, trade(86_409 * S, 100, 9)))
    assert str(refused.value) == (
        "binance:BTCUSDT: trade leaps in its last message from 1970-01-01T00:00:08Z to 1970-01-02T00:00:09Z: "
        "leave out the line with the wrong time, or name the files in order"
    )


def test_a_long_step_is_no_leap_where_the_stream_made_such_ones_or_our_clock_saw_it() -> None:
    weekly = [(0, trade(at * 86_400 * S, 100, number + 1)) for number, at in enumerate((1, 2, 3, 6, 7, 10))]
    assert "time_leaps_at_end" not in made(*weekly)[1]
    dated = [(at * S, trade(at * S, 100, number + 1)) for number, at in enumerate((5, 6, 7, 8, 500_000))]
    assert "time_leaps_at_end" not in made(*dated)[1]


def test_a_stream_that_goes_back_in_time_stays_where_it_was() -> None:
    messages, counts = made((S, trade(S, 100, 1)), (S, trade(S - 3, 101, 2)))
    assert [message.ts for message in messages] == [S, S]
    assert counts == {"stream_time_backwards": 1}


def test_a_crossed_quote_is_left_out() -> None:
    quote = told("bookTicker", S, Tick(Kind.QUOTE, 101 * CENT, FINE, 101 * CENT, FINE), seq=1)
    assert made((S, quote)) == ([], {"crossed_quote": 1})


def test_what_cannot_be_read_is_counted_by_its_reason() -> None:
    left_out = (S, Unread(UnreadFor.MALFORMED, "")), (S, None), (S, Unused("kline"))
    assert made(*left_out)[1] == {"unread_malformed": 1, "unused": 1, "unused_kline": 1}


def test_a_rate_of_funding_is_foretold_when_it_changes_and_settled_at_its_settlement() -> None:
    def mark(at: int, rate: int, settles: int) -> Told:
        return told("mark", at, Tick(Kind.MARK, 100 * CENT), Tick(Kind.FUNDING, rate, settles, 100 * CENT))

    messages, _ = made(
        (S, mark(S, 7, 9 * S)),
        (2 * S, mark(2 * S, 7, 9 * S)),
        (9 * S, mark(9 * S + 10, 8, 9 * S)),
        (9 * S, mark(9 * S + 20, 8, 9 * S)),
    )
    funding = [(message.ts, message.rows[0][2:5]) for message in messages if message.rows[0][0] == Kind.FUNDING]
    assert funding == [(S, (7, 9 * S, 100)), (9 * S, (8, 9 * S, 100))]


def test_marks_keep_what_is_below_a_tick() -> None:
    messages, _ = made((S, told("mark", S, Tick(Kind.MARK, 100 * CENT + CENT // 4))))
    assert messages[0].rows == [(Kind.MARK, 0, 100, 250_000_000, 0, 0, 0)]


def test_messages_are_put_in_order_of_the_venue_and_seen_in_that_order() -> None:
    rows = [(4, 0, 1, 1, 1, 0, 0)]
    counts: Counter[str] = Counter()
    one = by_venue_time([Message(30, 31, rows), Message(10, 32, rows), Message(20, 33, rows)], counts)
    two = by_venue_time([Message(15, 16, rows)], counts)
    assert [message[:2] for message in on_one_tape([one, two], counts)] == [(10, 32), (15, 32), (20, 33), (30, 33)]
    assert counts == {"seen_later": 2}


def test_a_message_that_is_too_late_is_moved_and_counted() -> None:
    rows = [(4, 0, 1, 1, 1, 0, 0)]
    counts: Counter[str] = Counter()
    late = by_venue_time([Message(1, 1, rows), Message(20 * S, 20 * S, rows), Message(0, 20 * S, rows)], counts)
    assert [message.ts for message in late] == [1, 1, 20 * S]
    assert counts == {"late": 1}


def test_a_survey_finds_the_grid_the_clocks_and_what_is_wrong() -> None:
    survey = survey_of([
        (S - 100, trade(S, 150, 1)),
        (S - 90, trade(S + 5, 175, 2, FINE // 1000)),
        (S - 95, trade(S + 5, 175, 2)),
        (S, Unread(UnreadFor.OFF_GRID, "")),
    ])  # fmt: skip
    found = survey.symbols["BTCUSDT"]
    assert (str(decimal_step(found.price_step)), str(decimal_step(found.size_step))) == ("0.01", "0.001")
    assert (survey.messages, survey.repeated, survey.local_backwards) == (4, 1, 1)
    assert survey.offset_ns == 1_000_000 + 100
    assert dict(survey.unread) == {"off_grid": 1}
