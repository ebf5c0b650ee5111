"""The scan, run as it reads: what our orders get on small tapes, and when whom it wakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from flatbook.backtest.kernel import scan as plain
from flatbook.backtest.kernel import sending
from flatbook.backtest.kernel import tables as at
from flatbook.backtest.kernel.tables import G0, I0, META_ROW
from flatbook.backtest.tape import Columns
from flatbook.backtest.tape_file import Message, memory_tape
from flatbook.market.ticks import Kind
from tests.unit.backtest.scenes import PERP, SPOT

BUY, SELL = 1, -1


class Market:
    """A scan over a small tape, and what the reports say so far: (kind, number, price, lots, time)."""

    def __init__(self, *messages: Message, deep: bool = False) -> None:
        columns = next(memory_tape(messages, (PERP, SPOT)).chunks(), None)
        assert isinstance(columns, Columns)
        self.rows: Any = tuple(getattr(columns, name) for name in plain.COLUMNS)
        self.t = at.new_table(2)
        self.levels = at.new_levels(2, deep=deep, slots=256)
        self.tops = np.zeros((columns.rows, at.TOP_WIDTH), np.int64)
        self.t[I0 : I0 + 2, at.IS_DEEP] = int(deep)
        self.t[META_ROW, at.FINAL] = 1
        self.features = at.new_features(())
        self.passed = at.new_passed(2, 0)
        self.told: list[tuple[int, int, int, int, int]] = []

    def until(self, instant: int) -> None:
        """Goes on to an instant at which nothing happens, or to the end of the tape."""
        self.t[META_ROW, at.WAKE_AT] = self.t[META_ROW, at.TIMER] = instant
        while (why := self.on()) not in (at.WOKE, at.ENDED) or (why == at.WOKE and self.now < instant):
            pass

    def on(self) -> int:
        """Goes on to the next stop, and says why it is one."""
        self.t[META_ROW, at.WOKEN] = 0
        why = plain.scan(self.t, self.levels, self.tops, self.features, self.passed, self.rows)
        for row in self.t[G0 : G0 + self.t[META_ROW, at.RINGED]]:
            columns = (at.REP_KIND, at.REP_NUMBER, at.REP_PRICE, at.REP_QTY, at.REP_TIME)
            kind, number, price, qty, time = (int(row[column]) for column in columns)
            self.told.append((kind, number, price, qty, time))
        self.t[META_ROW, at.RINGED] = 0
        return why

    @property
    def now(self) -> int:
        """The instant of the last stop."""
        return int(self.t[META_ROW, at.NOW])

    def place(self, number: int, sign: int, price: int, lots: int, style: int = at.LIMIT) -> int:
        """Places an order now."""
        return sending.place(self.t, (number, 0, sign, price, lots, style, number, at.NEVER), self.now)

    @property
    def fills(self) -> list[tuple[int, int, int]]:
        """What was executed: (number, price, lots)."""
        return [(number, price, qty) for kind, number, price, qty, _ in self.told if kind == at.FILLED]


def quote(at_ns: int, bid: int, bid_size: int, ask: int, ask_size: int, *, lag: int = 0) -> Message:
    return Message(at_ns, at_ns + lag, [(Kind.QUOTE, 0, bid, bid_size, ask, ask_size, 0)])


def trade(at_ns: int, price: int, lots: int, taker: int) -> Message:
    return Message(at_ns, at_ns, [(Kind.TRADE, 0, price, lots, taker, 0, 0)])


def book(at_ns: int, *levels: tuple[Kind, int, int]) -> Message:
    return Message(at_ns, at_ns, [(kind, 0, price, size, 0, 0, 0) for kind, price, size in levels])


def test_an_order_at_the_touch_waits_for_what_was_displayed_before_it() -> None:
    market = Market(quote(10, 100, 50, 101, 50), trade(20, 100, 30, -1), trade(30, 100, 25, -1), trade(40, 100, 9, -1))
    market.until(11)
    market.place(1, BUY, 100, 8)
    market.until(50)
    assert market.fills == [(1, 100, 5), (1, 100, 3)]


def test_a_trade_through_the_price_executes_no_more_than_was_traded() -> None:
    market = Market(quote(10, 100, 50, 101, 50), trade(20, 99, 30, -1), trade(30, 99, 30, -1))
    market.until(11)
    market.place(1, BUY, 100, 40)
    market.until(50)
    assert market.fills == [(1, 100, 30), (1, 100, 10)]


def test_a_touch_that_comes_to_the_order_executes_what_it_displays_and_that_once() -> None:
    market = Market(
        quote(10, 100, 50, 101, 50), quote(20, 99, 5, 100, 7), quote(30, 99, 6, 100, 7), quote(40, 98, 1, 99, 2)
    )
    market.until(11)
    market.place(1, BUY, 100, 20)
    market.until(50)
    assert market.fills == [(1, 100, 7), (1, 100, 2)]


def test_an_order_that_takes_gets_the_displayed_depth_level_by_level() -> None:
    market = Market(
        book(10, (Kind.BID, 99, 5), (Kind.ASK, 101, 3), (Kind.ASK, 102, 4), (Kind.ASK, 105, 9)),
        book(20, (Kind.BID, 99, 6)),
        deep=True,
    )
    market.until(11)
    market.place(1, BUY, 102, 10)
    market.place(2, BUY, 105, 4, at.IOC)
    market.place(3, BUY, 105, 9, at.IOC)
    market.until(50)
    assert market.fills == [(1, 101, 3), (1, 102, 4), (2, 105, 4), (3, 105, 5)]
    assert [(kind, number) for kind, number, *_ in market.told if kind == at.EXPIRED] == [(at.EXPIRED, 3)]


def test_a_post_only_order_that_would_take_is_turned_down() -> None:
    market = Market(quote(10, 100, 50, 101, 50), quote(20, 100, 50, 101, 50))
    market.until(11)
    market.place(1, BUY, 101, 1, at.POST_ONLY)
    market.place(2, BUY, 100, 1, at.POST_ONLY)
    market.until(50)
    assert [(kind, number) for kind, number, *_ in market.told] == [(at.REJECTED, 1), (at.WORKING, 2)]


def test_an_order_below_the_least_of_its_market_is_turned_down_valued_at_its_limit_or_at_the_touch() -> None:
    market = Market(quote(10, 100, 50, 101, 50), quote(20, 100, 50, 101, 50))
    market.t[I0, [at.LOTS_LEAST, at.WORTH_LEAST]] = 2, 303
    market.until(11)
    for number, price, lots in ((1, 99, 1), (2, 99, 3), (3, 99, 4), (4, at.NEVER, 2), (5, at.NEVER, 3)):
        market.place(number, BUY, price, lots)
    market.place(6, SELL, 0, 3, at.LIMIT + at.ONLY_REDUCES)
    market.until(50)
    refused = [(number, why) for kind, number, why, *_ in market.told if kind == at.REJECTED]
    assert refused == [(1, at.SMALL), (2, at.SMALL), (4, at.SMALL)]
    assert market.fills == [(5, 101, 3), (6, 100, 3)]


def test_an_order_that_may_only_reduce_is_turned_down_where_there_is_nothing_to_reduce() -> None:
    market = Market(quote(10, 100, 50, 101, 50), quote(20, 100, 50, 101, 50))
    market.until(11)
    market.place(1, SELL, 102, 1, at.LIMIT + at.ONLY_REDUCES)
    market.place(2, SELL, 100, 1, at.POST_ONLY + at.ONLY_REDUCES)
    market.until(50)
    assert [told[:3] for told in market.told] == [(at.REJECTED, 1, at.ADDS), (at.REJECTED, 2, at.TAKES)]


def test_an_order_that_may_only_reduce_takes_no_more_than_is_held_and_the_rest_expires() -> None:
    market = Market(quote(10, 100, 50, 101, 50), quote(20, 100, 50, 101, 50))
    market.until(11)
    market.place(1, BUY, 101, 4)
    market.place(2, SELL, 100, 9, at.LIMIT + at.ONLY_REDUCES)
    market.until(50)
    assert market.fills == [(1, 101, 4), (2, 100, 4)]
    assert [(kind, number) for kind, number, *_ in market.told if kind == at.EXPIRED] == [(at.EXPIRED, 2)]
    assert market.t[I0, at.POSITION] == 0


def test_orders_that_may_only_reduce_never_turn_a_position_and_end_with_it() -> None:
    market = Market(
        quote(10, 100, 50, 101, 50),
        trade(20, 102, 4, 1),
        quote(30, 100, 50, 102, 7),
        trade(40, 102, 8, 1),
        trade(50, 103, 9, 1),
    )
    market.until(11)
    market.place(1, BUY, 101, 6)
    for number, price in ((2, 101), (3, 102), (4, 110)):
        market.place(number, SELL, price, 6, at.LIMIT + at.ONLY_REDUCES)
    market.until(60)
    assert market.fills == [(1, 101, 6), (2, 101, 4), (2, 101, 2)]
    assert market.t[I0, at.POSITION] == 0
    assert [number for kind, number, *_ in market.told if kind == at.EXPIRED] == [3, 4]


def test_a_cancel_that_comes_after_the_execution_comes_too_late() -> None:
    market = Market(quote(10, 100, 50, 101, 50), trade(25, 99, 9, -1), quote(60, 98, 1, 99, 1))
    market.t[META_ROW, at.CANCEL_NS] = 10
    market.until(11)
    slot = market.place(1, BUY, 100, 1)
    market.until(20)
    sending.cancel(market.t, slot, 1, market.now)
    market.until(70)
    assert [(kind, time) for kind, _, _, _, time in market.told] == [(at.WORKING, 11), (at.FILLED, 25)]


def test_a_cancel_never_overtakes_its_order() -> None:
    market = Market(quote(10, 100, 50, 101, 50), quote(60, 100, 1, 101, 1))
    market.t[META_ROW, [at.PLACE_NS, at.CANCEL_NS]] = [20, 5]
    market.until(11)
    sending.cancel(market.t, market.place(1, BUY, 100, 1), 1, market.now)
    market.until(70)
    assert [(kind, time) for kind, _, _, _, time in market.told] == [(at.WORKING, 31), (at.CANCELED, 31)]


def test_an_order_arrives_after_its_latency_and_is_told_of_after_that_of_the_report() -> None:
    market = Market(quote(10, 100, 50, 101, 50), quote(20, 98, 1, 99, 9), quote(60, 98, 1, 99, 9))
    market.t[META_ROW, [at.PLACE_NS, at.REPORT_NS]] = [15, 7]
    market.until(11)
    market.place(1, BUY, 100, 1)
    market.until(70)
    assert [(kind, price, time) for kind, _, price, _, time in market.told] == [
        (at.WORKING, 0, 33),
        (at.FILLED, 99, 33),
    ]


def test_what_is_seen_lags_behind_what_happens() -> None:
    market = Market(quote(10, 100, 50, 101, 50, lag=5), quote(20, 90, 50, 91, 50, lag=5), quote(50, 90, 1, 91, 1))
    market.t[META_ROW, at.NEXT_WAKES] = 1
    assert market.on() == at.WOKE
    assert market.now == 15
    market.until(22)
    assert int(market.t[I0, at.SAW_BID]) == 100
    assert int(market.t[I0, at.BID]) == 90


def test_a_level_wakes_at_it_and_beyond() -> None:
    market = Market(*(quote(10 * n, 100 + n, 1, 102 + n, 1) for n in range(1, 9)))
    market.t[I0, at.HIGHS + at.S_BID] = 104
    assert market.on() == at.WOKE
    assert market.now == 40
    market.t[I0, at.HIGHS + at.S_BID] = at.NEVER
    market.t[I0, at.LOWS + at.S_ASK] = 90
    assert market.on() == at.ENDED


def test_a_book_that_becomes_unfit_and_fit_again_wakes_who_watches_it() -> None:
    market = Market(
        book(10, (Kind.BID, 99, 5), (Kind.ASK, 101, 3)),
        Message(20, 20, [(Kind.CLEAR, 0, 0, 0, 0, 0, 0)]),
        book(30, (Kind.BID, 99, 5)),
        book(40, (Kind.ASK, 101, 3)),
        deep=True,
    )
    market.t[I0, at.WATCHED] = 1
    stops = [(market.on(), market.now) for _ in range(4)]
    assert stops == [(at.WOKE, 10), (at.WOKE, 20), (at.WOKE, 40), (at.ENDED, 40)]


def test_a_silence_wakes_when_it_is_long_enough_and_once() -> None:
    market = Market(quote(10, 100, 1, 101, 1), quote(200, 100, 1, 101, 1), quote(210, 100, 1, 101, 1))
    market.t[I0, [at.WATCHED, at.SILENCE]] = [1, 50]
    market.t[META_ROW, at.TIMER] = 0
    stops = [(market.on(), market.now) for _ in range(4)]
    assert stops == [(at.WOKE, 10), (at.WOKE, 60), (at.ENDED, 210), (at.ENDED, 210)]


def test_funding_is_paid_on_what_the_venue_holds_at_its_settlement_and_not_when_it_is_foretold() -> None:
    market = Market(
        quote(10, 100, 50, 101, 50),
        Message(20, 20, [(Kind.FUNDING, 0, 100_000, 30, 0, 0, 0)]),
        Message(30, 30, [(Kind.FUNDING, 0, 100_000, 30, 99, 0, 0)]),
    )
    market.until(11)
    market.place(1, BUY, 101, 7)
    market.until(40)
    assert market.told[-1] == (at.PAID, 0, 100_000, 7, 30)
    assert [kind for kind, *_ in market.told].count(at.PAID) == 1


def deep_market(*changes: tuple[int, Kind, int, int], trades: tuple[Message, ...] = ()) -> Market:
    """Returns a market of a book of two levels a side, and changes (instant, kind, price, size) of it."""
    sides = (Kind.BID, 99, 50), (Kind.BID, 98, 7), (Kind.ASK, 101, 50), (Kind.ASK, 102, 6)
    first = Message(
        10, 10, [(Kind.CLEAR, 0, 0, 0, 0, 0, 0), *((*level[:1], 0, *level[1:], 0, 0, 0) for level in sides)]
    )
    made = [first, *(book(at_ns, (kind, price, size)) for at_ns, kind, price, size in changes), *trades]
    return Market(*sorted(made, key=lambda message: message.ts), deep=True)


def test_a_queue_is_shortened_by_a_change_among_others_that_do_not_come_to_it() -> None:
    market = deep_market(
        (20, Kind.BID, 98, 9), (30, Kind.BID, 99, 10), (40, Kind.ASK, 102, 1), trades=(trade(50, 99, 12, -1),)
    )
    market.until(11)
    market.place(1, BUY, 99, 5)
    market.until(60)
    assert market.fills == [(1, 99, 2)]


def test_a_level_that_went_and_came_back_has_all_that_it_shows() -> None:
    market = deep_market((20, Kind.BID, 98, 9), (30, Kind.ASK, 101, 0), (40, Kind.ASK, 101, 30), (90, Kind.BID, 98, 3))
    market.until(11)
    market.place(1, BUY, 101, 50, at.IOC)
    market.until(50)
    market.place(2, BUY, 101, 40, at.IOC)
    market.until(95)
    assert market.fills == [(1, 101, 50), (2, 101, 30)]


def test_the_best_of_a_book_goes_back_and_forth_and_is_seen_so_at_the_end_of_each_message() -> None:
    changes = ((20, Kind.BID, 99, 0), (30, Kind.ASK, 101, 0), (40, Kind.ASK, 100, 4), (50, Kind.BID, 99, 2))
    market = deep_market(*changes, (60, Kind.BID, 99, 0), (70, Kind.BID, 97, 1))
    seen = []
    for instant in (15, 25, 35, 45, 55, 65):
        market.until(instant)
        seen.append(tuple(market.t[I0, at.SAW_BID : at.SAW_ASK_SIZE + 1].tolist()))
    assert seen == [
        (99, 50, 101, 50),
        (98, 7, 101, 50),
        (98, 7, 102, 6),
        (98, 7, 100, 4),
        (99, 2, 100, 4),
        (98, 7, 100, 4),
    ]
    assert market.t[I0, [at.BID_LEVELS, at.ASK_LEVELS]].tolist() == [1, 2]
    market.until(80)
    assert market.t[I0, [at.BID_LEVELS, at.ASK_LEVELS]].tolist() == [2, 2]


def test_a_touch_that_comes_to_an_order_or_to_a_level_is_looked_at_from_all_sides() -> None:
    market = deep_market((20, Kind.BID, 98, 9), (30, Kind.ASK, 101, 0), (40, Kind.ASK, 100, 4), (50, Kind.ASK, 99, 3))
    market.until(11)
    market.place(1, BUY, 100, 9)
    market.until(35)
    assert market.fills == []
    market.t[I0, at.HIGHS + at.S_BID] = 99
    market.until(60)
    assert market.fills == [(1, 100, 4), (1, 100, 3)]
