"""Rows that are gone through at once come to the same as if each of them had been looked at from all sides."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest

from flatbook.backtest.kernel import skimming
from flatbook.backtest.kernel import tables as at
from flatbook.backtest.kernel.tables import I0, META_ROW, V0, Longs, new_levels, new_table
from flatbook.backtest.tape_file import Message, Row
from flatbook.market.ticks import LAST, Kind
from tests.depth import examples
from tests.unit.backtest.kernel.test_scan import Market

LONG = 2**40
"""So many messages that none of them wakes: while they are counted no row is skimmed."""
TAPES = range(examples(240))
ROWS_OF_A_TAPE = 120
MIDDLE = 100


class Act(NamedTuple):
    """What is done at a stop: an order is placed, and levels are given at which each series of prices wakes."""

    at: int
    order: tuple[int, int, int, int]
    low: int
    high: int


class Played(NamedTuple):
    """What a tape came to: each stop, its instant and what was seen; what was told, and how all stood at the end."""

    stops: list[tuple[int, int, list[int]]]
    told: list[tuple[int, int, int, int, int]]
    instrument: list[int]
    orders: list[list[int]]
    levels: Longs


def drawn_tape(chance: Random, *, deep: bool) -> list[Message]:
    """Returns a market that stays where it is most of the time, seen here a little after it was there."""
    found, now, seen, low = [], 10, 0, MIDDLE
    for _ in range(ROWS_OF_A_TAPE):
        now += chance.choice((0, 1, 5, 9, 40))
        seen = max(seen, now + chance.choice((0, 1, 1, 3, 12)))
        low += chance.choice((0, 0, 0, 0, 1, -1))
        drawn = drawn_level if deep else drawn_touch
        rows = [drawn(chance, low) for _ in range(chance.choice((1, 1, 3)) if deep else 1)]
        found.append(Message(now, seen, rows))
    return found


def drawn_touch(chance: Random, low: int) -> Row:
    if chance.random() < 0.3:
        return (Kind.TRADE, 0, low + chance.randint(-1, 2), chance.randint(1, 9), chance.choice((1, -1)), 0, 0)
    high = low + chance.choice((1, 1, 1, 2))
    return (Kind.QUOTE, 0, low, chance.randint(1, 9), high, chance.randint(1, 9), 0)


def drawn_level(chance: Random, low: int) -> Row:
    if chance.random() < 0.2:
        return (Kind.TRADE, 0, low + chance.randint(-1, 2), chance.randint(1, 9), chance.choice((1, -1)), 0, 0)
    side, size = chance.choice((-1, 1)), chance.choice((0, 1, 2, 5, 9))
    price = low + (side > 0) + side * chance.choice((0, 0, 1, 2, 3, -1))
    return (Kind.BID if side < 0 else Kind.ASK, 0, price, size, 0, 0, 0)


def drawn_acts(chance: Random, last: int) -> list[Act]:
    """Returns what is done meanwhile: orders near the market and far from it, and levels that are reached or not."""
    acts = []
    for instant in sorted(chance.sample(range(11, last), 4)):
        sign, style = chance.choice((1, -1)), chance.choice((at.LIMIT, at.POST_ONLY, at.IOC))
        order = (sign, MIDDLE - sign * chance.choice((-2, 0, 2, 5)), chance.randint(1, 9), style)
        low, high = (
            chance.choice((-at.NEVER, MIDDLE - 3, MIDDLE - 8)),
            chance.choice((at.NEVER, MIDDLE + 4, MIDDLE + 9)),
        )
        acts.append(Act(instant, order, low, high))
    return acts


def played(messages: list[Message], acts: list[Act], *, deep: bool, skims: bool, age: int) -> Played:
    """Plays a tape to its end, with something done at some instants."""
    market = Market(*messages, deep=deep)
    row = market.t[I0]
    row[at.AGE], row[at.EVERY] = age, 0 if skims else LONG
    stops: list[tuple[int, int, list[int]]] = []
    for number, act in enumerate(acts, 1):
        go_on(market, act.at, stops)
        market.place(number, *act.order)
        for series in (at.S_BID, at.S_ASK, at.S_TRADE):
            row[at.LOWS + series], row[at.HIGHS + series] = act.low, act.high
    go_on(market, at.NEVER, stops)
    row[at.EVERY] = 0
    orders = market.t[at.O0 : at.O0 + market.t[META_ROW, at.HIGH], : at.ORDER]
    return Played(stops, market.told, row.tolist(), orders.tolist(), market.levels)


def go_on(market: Market, until: int, stops: list[tuple[int, int, list[int]]]) -> None:
    market.t[META_ROW, at.WAKE_AT] = market.t[META_ROW, at.TIMER] = until
    why = at.WOKE
    while why == at.WOKE and market.now < until:
        why = market.on()
        row = market.t[I0].tolist()
        stops.append((why, market.now, row[: at.EVERY] + row[at.EVERY + 1 :]))


@pytest.mark.parametrize("deep", [False, True], ids=["touch", "book"])
def test_a_tape_that_is_skimmed_comes_to_the_same(deep: bool) -> None:
    """The same stops, reports and orders, the same sight of the market, and the same book."""
    for seed in TAPES:
        chance = Random(seed)
        messages = drawn_tape(chance, deep=deep)
        acts, age = drawn_acts(chance, messages[-1].ts), chance.choice((at.NEVER, 45))
        skimmed, looked_at = (played(messages, acts, deep=deep, skims=each, age=age) for each in (True, False))
        assert skimmed[:-1] == looked_at[:-1], seed
        assert np.array_equal(skimmed.levels, looked_at.levels), seed


def bids_of(*shown: tuple[int, int]) -> tuple[np.ndarray[Any, Any], ...]:
    """Returns bids (price, size) as the columns of a tape, an instant apart, each seen as it happens."""
    at_, rows = np.arange(10, 10 + 10 * len(shown), 10), len(shown)
    price, size = (np.array([each[column] for each in shown]) for column in (0, 1))
    none = np.zeros(rows, np.int64)
    return (at_, at_, np.full(rows, Kind.BID), none, price, size, none, none, np.full(rows, LAST))


def test_the_last_row_that_is_at_hand_is_left() -> None:
    t, levels = seeing(IS_DEEP=1), new_levels(1, deep=True, slots=16)
    assert skimming.skim_levels(t, levels, bids_of((99, 5), (99, 6), (99, 7)), 0, at.NEVER) == 2
    assert [int(t[I0, column]) for column in (at.BID, at.BID_SIZE, at.SAW_BID_SIZE, at.HEARD_AT)] == [99, 6, 6, 20]


def test_a_level_that_is_shown_again_has_all_of_its_size() -> None:
    t, levels = seeing(IS_DEEP=1), new_levels(1, deep=True, slots=16)
    levels[0, 97 % 16], levels[0, 96 % 16] = (97, 0, 4), (96, 8, 3)
    t[I0, at.BID_LEVELS] = 1
    skimming.skim_levels(t, levels, bids_of((97, 5), (96, 9), (96, 9)), 0, at.NEVER)
    assert levels[0, 97 % 16].tolist() == [97, 5, 0]
    assert levels[0, 96 % 16].tolist() == [96, 9, 3]


def is_skimmed(t: Longs, touch: tuple[int, int, int, int], instant: int) -> bool:
    """Returns whether a touch is skimmed at an instant by a scan that has just begun to."""
    skimming.look_ahead(t, 0)
    return skimming.skims_quote(t, 0, touch[0], touch[2], instant)


def seeing(**columns: int) -> Longs:
    """Returns a market that shows 99/101 and in which nothing else is near, but for what is given."""
    t = new_table(1)
    near = {"BID": 99, "ASK": 101, "SAW_BID": 99, "SAW_ASK": 101, "IS_FIT": 1, "AGE": 100}
    for name, value in {**near, **columns}.items():
        t[I0, getattr(at, name)] = value
    return t


@pytest.mark.parametrize(
    ("columns", "touch", "instant", "taken_"),
    [
        ({}, (98, 5, 102, 6), 99, True),
        ({}, (98, 5, 102, 6), 100, False),
        ({}, (102, 5, 102, 6), 99, False),
        ({}, (0, 0, 102, 6), 99, False),
        ({"BUY_HIGH": 97}, (98, 5, 102, 6), 99, True),
        ({"BUY_HIGH": 98}, (98, 5, 102, 6), 99, False),
        ({"SELL_LOW": 103}, (98, 5, 102, 6), 99, True),
        ({"SELL_LOW": 102}, (98, 5, 102, 6), 99, False),
        ({"IS_FIT": 0}, (98, 5, 102, 6), 99, False),
        ({"IS_DEEP": 1}, (98, 5, 102, 6), 99, False),
        ({"EVERY": 7}, (98, 5, 102, 6), 99, False),
        ({"SAFE_LOW": 200, "SAFE_HIGH": 200}, (98, 5, 102, 6), 99, True),
        ({"SAFE_LOW": 201}, (98, 5, 102, 6), 99, False),
        ({"SAFE_HIGH": 199}, (98, 5, 102, 6), 99, False),
    ],
)
def test_a_touch_is_skimmed_up_to_what_it_comes_near(
    columns: dict[str, int], touch: tuple[int, int, int, int], instant: int, taken_: bool
) -> None:
    t = seeing(**columns)
    assert is_skimmed(t, touch, instant) == taken_


@pytest.mark.parametrize("series", [at.S_BID, at.S_ASK])
@pytest.mark.parametrize(("side", "past"), [(at.LOWS, 1), (at.HIGHS, -1)], ids=["low", "high"])
def test_a_touch_that_wakes_is_not_skimmed(series: int, side: int, past: int) -> None:
    level = 98 if series == at.S_BID else 102
    for wakes_at, is_taken in ((level, False), (level - past, True)):
        t = seeing()
        t[I0, side + series] = wakes_at
        assert is_skimmed(t, (98, 5, 102, 6), 50) == is_taken


def test_a_touch_of_which_something_was_taken_is_looked_at_from_all_sides() -> None:
    for column in ("BID_TAKEN", "ASK_TAKEN"):
        assert not is_skimmed(seeing(**{column: 1}), (98, 5, 102, 6), 50)


@pytest.mark.parametrize(
    ("columns", "is_taken"),
    [
        ({}, True),
        ({"BUY_HIGH": 100}, False),
        ({"BUY_HIGH": 99}, True),
        ({"SELL_LOW": 100}, False),
        ({"SELL_LOW": 101}, True),
        ({"IS_FIT": 0, "IS_DEEP": 1}, True),
        ({"EVERY": 7}, False),
        ({"SAFE_LOW": 201}, False),
        ({"SAFE_HIGH": 199}, False),
    ],
)
def test_a_trade_is_skimmed_up_to_what_it_comes_near(columns: dict[str, int], is_taken: bool) -> None:
    t = seeing(**columns)
    skimming.look_ahead(t, 0)
    assert skimming.skims_trade(t, 0, 100) == is_taken


def test_each_instrument_is_looked_at_for_itself() -> None:
    t = new_table(2)
    for name, value in {"IS_FIT": 1, "AGE": 100, "BUY_HIGH": 90, "SELL_LOW": 110, "SAFE_LOW": 190}.items():
        t[I0 + 1, getattr(at, name)] = value
    skimming.look_ahead(t, 1)
    assert t[V0 + 1, at.SKIM_TURN : at.TRADE_UNDER + 1].tolist() == [0, 0, 90, at.NEVER, -at.NEVER, 110, 90, 110]
    assert [skimming.skims_quote(t, 1, bid, 101, 50) for bid in (90, 91)] == [False, True]
    assert [skimming.skims_trade(t, 1, price) for price in (94, 95)] == [False, True]


def test_a_touch_is_displayed_anew_where_this_skim_saw_one_and_nowhere_else() -> None:
    t = new_table(2)
    for k in range(2):
        t[I0 + k, at.SAW_BID : at.HEARD_AT] = (99, 4, 101, 5)
        t[V0 + k, at.SKIMMED] = 1
        skimming.look_ahead(t, k)
    t[V0 + 1, at.SKIMMED] = 1
    skimming.show_newest(t)
    assert t[I0 : I0 + 2, at.BID : at.BID_TAKEN].tolist() == [[0, 0, 0, 0], [99, 4, 101, 5]]
    t[META_ROW, at.SKIMS] += 1
    t[I0 + 1, at.SAW_BID] = 98
    skimming.show_newest(t)
    assert t[I0 + 1, at.BID] == 99


@pytest.mark.parametrize("column", [at.FEATURES, at.EACH, at.PASSES, at.UNDOING, at.NEXT_WAKES, at.WOKEN])
def test_nothing_is_skimmed_while_each_message_means_something(column: int) -> None:
    t = new_table(1)
    assert skimming.may_skim(t)
    t[META_ROW, column] = 1
    assert not skimming.may_skim(t)


def asks_of(*shown: tuple[int, int]) -> tuple[np.ndarray[Any, Any], ...]:
    """Returns asks (price, size) as `bids_of` does."""
    columns = bids_of(*shown)
    return (*columns[:2], np.full(len(shown), Kind.ASK), *columns[3:])


def skims_level(side: int, price: int, **columns: int) -> bool:
    """Returns whether a level that is shown at an instant of 10 is gone through by a skim of a book of 99/101."""
    shown = (price, 5), (price, 5)
    rows = bids_of(*shown) if side > 0 else asks_of(*shown)
    return (
        skimming.skim_levels(seeing(IS_DEEP=1, **columns), new_levels(1, deep=True, slots=16), rows, 0, at.NEVER) == 1
    )


@pytest.mark.parametrize(
    ("side", "columns", "is_skimmed_"),
    [
        (1, {}, True),
        (1, {"AGE": 10}, False),
        (1, {"AGE": 11}, True),
        (1, {"AGE": 11, "HEARD_AT": 1}, True),
        (1, {"AGE": 9, "HEARD_AT": 1}, False),
        (1, {"SELL_LOW": 100, "SELL_HIGH": 100}, False),
        (1, {"SELL_LOW": 101, "SELL_HIGH": 101}, True),
        (1, {"BUY_LOW": 100, "BUY_HIGH": 100}, False),
        (1, {"BUY_LOW": 98, "BUY_HIGH": 100}, False),
        (1, {"BUY_LOW": 98, "BUY_HIGH": 99}, True),
        (1, {"BUY_LOW": 101, "BUY_HIGH": 101}, False),
        (1, {"SAFE_LOW": 201}, True),
        (1, {"SAFE_LOW": 202}, False),
        (1, {"SAFE_HIGH": 201}, True),
        (1, {"SAFE_HIGH": 200}, False),
        (-1, {}, True),
        (-1, {"AGE": 10}, False),
        (-1, {"BUY_LOW": 100, "BUY_HIGH": 100}, False),
        (-1, {"BUY_LOW": 98, "BUY_HIGH": 99}, True),
        (-1, {"SELL_LOW": 100, "SELL_HIGH": 100}, False),
        (-1, {"SELL_LOW": 100, "SELL_HIGH": 102}, False),
        (-1, {"SELL_LOW": 101, "SELL_HIGH": 102}, True),
        (-1, {"SELL_LOW": 99, "SELL_HIGH": 99}, False),
        (-1, {"SAFE_LOW": 199}, True),
        (-1, {"SAFE_LOW": 200}, False),
        (-1, {"SAFE_HIGH": 199}, True),
        (-1, {"SAFE_HIGH": 198}, False),
    ],
)
def test_a_level_is_skimmed_up_to_what_its_touch_comes_near(
    side: int, columns: dict[str, int], is_skimmed_: bool
) -> None:
    """Where nothing else is stated no order of ours rests, and the level makes the touch 100/101 or 99/100."""
    assert skims_level(side, 100, **columns) == is_skimmed_


@pytest.mark.parametrize(("side", "series", "other"), [(1, at.S_BID, at.S_ASK), (-1, at.S_ASK, at.S_BID)])
@pytest.mark.parametrize(("edge", "past"), [(at.LOWS, -1), (at.HIGHS, 1)], ids=["low", "high"])
def test_a_level_whose_touch_wakes_is_not_skimmed(side: int, series: int, other: int, edge: int, past: int) -> None:
    far = 101 if side > 0 else 99  # what the other side shows
    for column, wakes_at, is_taken in ((series, 100, False), (series, 100 + past, True), (other, far, False)):
        t = seeing(IS_DEEP=1)
        t[I0, edge + column] = wakes_at
        rows = (bids_of if side > 0 else asks_of)((100, 5), (100, 5))
        left = skimming.skim_levels(t, new_levels(1, deep=True, slots=16), rows, 0, at.NEVER)
        assert left == int(is_taken), (column, wakes_at)


@pytest.mark.parametrize("side", [1, -1])
def test_what_a_skim_of_levels_saw_is_the_last_whole_message_and_its_instant(side: int) -> None:
    t, levels, price = seeing(IS_DEEP=1), new_levels(1, deep=True, slots=16), 99 if side > 0 else 101
    rows = (bids_of if side > 0 else asks_of)((price, 5), (price, 7), (price - side, 2), (price, 9), (price, 9))
    rows[8][3] = 0  # the fourth row is no end of a message
    assert skimming.skim_levels(t, levels, rows, 0, at.NEVER) == 4
    shown = [at.BID, at.BID_SIZE, at.SAW_BID, at.SAW_BID_SIZE], [at.ASK, at.ASK_SIZE, at.SAW_ASK, at.SAW_ASK_SIZE]
    own, far = shown if side > 0 else shown[::-1]
    assert t[I0, own].tolist() == [price, 9, price, 7]
    assert t[I0, far].tolist() == [200 - price, 0, 200 - price, 0]
    assert t[I0, [at.HEARD_AT, at.BID_LEVELS, at.ASK_LEVELS]].tolist() == [30, *((2, 0) if side > 0 else (0, 2))]


@pytest.mark.parametrize("side", [1, -1])
def test_a_best_level_that_is_taken_away_leaves_the_one_behind_it_and_the_last_one_none(side: int) -> None:
    t, levels, price = seeing(IS_DEEP=1), new_levels(1, deep=True, slots=16), 99 if side > 0 else 101
    behind = price - 2 * side
    rows = (bids_of if side > 0 else asks_of)((price, 5), (behind, 3), (price, 0), (behind, 0), (behind, 0))
    assert skimming.skim_levels(t, levels, rows, 0, at.NEVER) == 3
    best = (at.SAW_BID, at.SAW_BID_SIZE) if side > 0 else (at.SAW_ASK, at.SAW_ASK_SIZE)
    assert t[I0, list(best)].tolist() == [behind, 3]
    assert t[I0, at.BID if side > 0 else at.ASK] == 0


def test_a_skim_of_levels_leaves_what_is_due_of_another_instrument_of_another_kind_or_of_a_slot_that_is_taken() -> None:
    def left(until: int = at.NEVER, **changed: int) -> int:
        rows, levels = [column.copy() for column in bids_of(*[(99, 5)] * 4)], new_levels(1, deep=True, slots=16)
        for name, number in changed.items():
            rows[int(name[1:])][2] = number
        levels[0, 98 % 16] = (98 + 16, 4, 0)
        return int(skimming.skim_levels(seeing(IS_DEEP=1), levels, tuple(rows), 0, until))

    assert left() == 3
    assert [left(until) for until in (30, 31)] == [2, 3]
    assert left(c1=41) == 2  # the next one happens before it is seen
    assert left(c3=1) == 2
    assert [left(c2=kind) for kind in (Kind.CLEAR, Kind.QUOTE, Kind.TRADE)] == [2] * 3
    assert left(c4=98) == 2
