"""What a feature says does not depend on when it was read before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flatbook.market import feature_feed as feed
from flatbook.market.features import bars_kept, mean_true_range, new_bars, ring_highest, ring_lowest, roll_bars

SPAN = 10

moments = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=30)


def of_rolled(kind: int, row: list[float], marks: list[int], at: int) -> float:
    """Reads a feature once all bars that are over have been closed."""
    row, marks = list(row), list(marks)
    roll_bars(row, marks, at, SPAN)
    n, closed = bars_kept(row), marks[1]
    if closed == 0 or (kind == feed.ATR and closed <= n):
        return feed.NOT_READY
    if kind == feed.ATR:
        return mean_true_range(row, marks)
    first = 5 + n
    if kind == feed.HIGHEST:
        return ring_highest(row, first, n, closed, min(n, closed))
    if kind == feed.LOWEST:
        return ring_lowest(row, first, n, closed, min(n, closed))
    return row[first + (closed - 1) % n]


@given(moments, st.integers(1, 4), st.sampled_from((feed.BAR_CLOSE, feed.ATR, feed.HIGHEST, feed.LOWEST)))
def test_a_feature_that_is_read_is_what_it_is_once_its_bars_are_closed(
    trades: list[tuple[int, int]], n: int, kind: int
) -> None:
    row, marks = new_bars(n)
    at = 0
    for later, price in trades:
        at += later
        before = list(row), list(marks)
        assert feed.read_feature(kind, row, marks, at, SPAN) == of_rolled(kind, row, marks, at)
        assert (row, marks) == before
        feed.take_price(kind, row, marks, at, (float(price), 1.0), SPAN)


def test_an_average_of_ranges_is_ready_after_one_bar_more_than_it_looks_at() -> None:
    row, marks = new_bars(2)
    for at, price in ((0, 100.0), (10, 104.0), (20, 101.0)):
        feed.take_price(feed.ATR, row, marks, at, (price, 1.0), SPAN)
    assert feed.read_feature(feed.ATR, row, marks, 29, SPAN) == feed.NOT_READY
    assert feed.read_feature(feed.ATR, row, marks, 30, SPAN) == 3.5
    assert feed.read_feature(feed.ATR, row, marks, 45, SPAN) == 1.5
    assert feed.read_feature(feed.HIGHEST, row, marks, 30, SPAN) == 104.0
    assert feed.read_feature(feed.BAR_CLOSE, row, marks, 29, SPAN) == 104.0
