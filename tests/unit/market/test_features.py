"""Bars by time roll, true range, averages and extremes, tick by tick."""

from __future__ import annotations

import functools
import itertools
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.market import features as f

MINUTE = 60_000_000_000


def fed(candles: list[tuple[float, float, float, float]], n: int) -> tuple[list[float], list[int]]:
    """The rows after closed candles of (high, low, close, volume)."""
    row, marks = f.new_bars(n)
    for number, (high, low, close, volume) in enumerate(candles):
        f.take_candle(row, marks, number * MINUTE, [close, high, low, close, volume])
    f.close_over(row, marks, len(candles) * MINUTE, MINUTE)
    return row, marks


def added(values: list[float]) -> float:
    """The sum from the first to the last, as floats add up; `sum` compensates in newer Pythons."""
    return functools.reduce(operator.add, values, 0.0)


HLC = [(105.0, 95.0, 100.0, 1.0), (110.0, 100.0, 105.0, 1.0), (105.0, 95.0, 100.0, 1.0), (120.0, 80.0, 110.0, 1.0)]


def test_the_average_true_range_is_a_simple_mean_and_ready_with_one_candle_more() -> None:
    row, marks = fed(HLC[:3], 3)
    assert f.mean_true_range(row, marks) == 0.0
    row, marks = fed(HLC, 3)
    assert f.mean_true_range(row, marks) == 20.0


def test_the_average_true_range_forgets_what_is_older_than_its_window() -> None:
    calm = [(101.0, 99.0, 100.0, 1.0)] * 3
    row, marks = fed([*HLC, *calm, *calm], 3)
    assert f.mean_true_range(row, marks) == 2.0


def test_a_gap_of_the_price_is_part_of_the_true_range() -> None:
    assert f.true_range(12.0, 11.0, 5.0) == 7.0
    assert f.true_range(5.0, 4.0, 9.0) == 5.0
    assert f.true_range(12.0, 3.0, 5.0) == 9.0


def test_trades_make_a_bar_that_time_closes() -> None:
    row, marks = f.new_bars(2)
    for at_s, price, qty in ((1, 10.0, 1.0), (30, 12.0, 2.0), (59, 9.0, 1.0)):
        assert f.take_trade(row, marks, at_s * 10**9, price, qty, MINUTE) == 0
    assert row[:5] == [10.0, 12.0, 9.0, 9.0, 4.0]
    assert f.take_trade(row, marks, MINUTE, 11.0, 3.0, MINUTE) == 1
    assert row[:5] == [11.0, 11.0, 11.0, 11.0, 3.0]
    assert (f.mean_close(row, marks), f.mean_volume(row, marks)) == (9.0, 4.0)
    assert marks == [MINUTE, 1]


def test_a_minute_without_a_trade_is_a_flat_bar_without_volume() -> None:
    row, marks = f.new_bars(3)
    f.take_trade(row, marks, 0, 10.0, 6.0, MINUTE)
    assert f.take_trade(row, marks, 3 * MINUTE, 14.0, 1.0, MINUTE) == 3
    assert f.mean_volume(row, marks) == 2.0
    assert f.mean_close(row, marks) == 10.0
    assert f.roll_bars(row, marks, 4 * MINUTE, MINUTE) == 1
    assert f.mean_true_range(row, marks) == pytest.approx(4.0 / 3)


def test_time_alone_closes_a_bar_once() -> None:
    row, marks = f.new_bars(2)
    assert f.roll_bars(row, marks, 5 * MINUTE, MINUTE) == 0
    f.take_trade(row, marks, 10, 10.0, 1.0, MINUTE)
    assert f.roll_bars(row, marks, MINUTE - 1, MINUTE) == 0
    assert f.roll_bars(row, marks, MINUTE, MINUTE) == 1
    assert f.roll_bars(row, marks, MINUTE + 5, MINUTE) == 0


def test_a_silence_of_years_costs_no_more_than_the_window() -> None:
    row, marks = f.new_bars(4)
    f.take_trade(row, marks, 0, 10.0, 1.0, MINUTE)
    assert f.roll_bars(row, marks, 10_000_000 * MINUTE, MINUTE) == 5
    assert f.mean_volume(row, marks) == 0.0
    assert f.mean_true_range(row, marks) == 0.0
    assert marks[f.START] == 10_000_000 * MINUTE


def test_a_late_trade_changes_nothing() -> None:
    row, marks = f.new_bars(2)
    f.take_trade(row, marks, 2 * MINUTE, 10.0, 1.0, MINUTE)
    before = (list(row), list(marks))
    assert f.take_trade(row, marks, 2 * MINUTE - 1, 99.0, 1.0, MINUTE) == f.LATE
    assert (row, marks) == before


def test_a_candle_replaces_itself_until_a_later_one_closes_it() -> None:
    row, marks = f.new_bars(2)
    assert f.take_candle(row, marks, 0, [10.0, 11.0, 9.0, 10.0, 1.0]) == 0
    assert f.take_candle(row, marks, 0, [10.0, 12.0, 9.0, 11.0, 5.0]) == 0
    assert marks[f.CLOSED] == 0
    assert f.take_candle(row, marks, MINUTE, [11.0, 11.0, 11.0, 11.0, 0.5]) == 1
    assert (f.mean_volume(row, marks), f.mean_close(row, marks)) == (5.0, 11.0)
    assert f.take_candle(row, marks, 0, [1.0, 1.0, 1.0, 1.0, 1.0]) == f.LATE
    assert row[:5] == [11.0, 11.0, 11.0, 11.0, 0.5]


def test_candles_that_a_venue_left_out_are_not_made_up() -> None:
    row, marks = f.new_bars(3)
    f.take_candle(row, marks, 0, [10.0, 10.0, 10.0, 10.0, 6.0])
    assert f.take_candle(row, marks, 9 * MINUTE, [12.0, 12.0, 12.0, 12.0, 4.0]) == 1
    assert f.close_over(row, marks, 10 * MINUTE, MINUTE) == 1
    assert f.close_over(row, marks, 11 * MINUTE, MINUTE) == 0
    assert f.mean_volume(row, marks) == 5.0


def test_averages_and_extremes_begin_with_their_first_value() -> None:
    assert f.ewma(10.0, 20.0, 0.25) == 12.5
    assert f.ewma_weight(3, 1) == 0.75
    assert f.ewma_weight(0, 1) == 0.0
    assert f.higher(0.0, -5.0, 0) == -5.0
    assert f.higher(-5.0, -7.0, 1) == -5.0
    assert f.lower(0.0, 5.0, 0) == 5.0
    assert f.lower(5.0, 4.0, 1) == 4.0
    ring, count = [0.0] * 3, 0
    assert f.ring_highest(ring, 0, 3, count, 0) == f.ring_lowest(ring, 0, 3, count, 0) == 0.0
    for value in (-9.0, -2.0, -3.0, -4.0):
        count = f.push_value(ring, 0, 3, count, value)
    assert (f.ring_highest(ring, 0, 3, count, 3), f.ring_lowest(ring, 0, 3, count, 3)) == (-2.0, -4.0)
    assert (f.ring_highest(ring, 0, 3, count, 2), f.ring_lowest(ring, 0, 3, count, 1)) == (-3.0, -4.0)


@given(
    st.lists(
        st.tuples(st.floats(1.0, 1e6, allow_nan=False), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1e9)),
        max_size=40,
    ),
    st.integers(1, 9),
)
def test_kept_bar_by_bar_equals_computed_from_the_whole(raw: list[tuple[float, float, float, float]], n: int) -> None:
    candles = [(low * (1.0 + up), low, low * (1.0 + up * part), volume) for low, up, part, volume in raw]
    row, marks = fed(candles, n)
    ranges = [f.true_range(c[0], c[1], before[2]) for before, c in itertools.pairwise(candles)]
    wanted = added(ranges[-n:]) / n if len(candles) > n else 0.0
    assert f.mean_true_range(row, marks) == wanted
    newest = candles[-n:]
    assert f.mean_volume(row, marks) == (added([c[3] for c in newest]) / len(newest) if newest else 0.0)
