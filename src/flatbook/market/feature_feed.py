"""Which observation goes into which feature, and what is read from it: one code, compiled and as it stands.

A feature is a row of numbers and two marks, as `flatbook.market.features` has them. BAR_CLOSE, ATR, HIGHEST and LOWEST
are of bars of the declared span that are made of trades; the extremes are those of the closes of the last closed bars.
EWMA_MID is of the middle of each touch, with the span as its memory.

Units: prices in ticks, sizes in lots, times in ns.
"""

from __future__ import annotations

from flatbook.market.features import (
    BAR_WIDTH,
    CLOSED,
    START,
    Marks,
    Numbers,
    bars_kept,
    ewma,
    ewma_weight,
    mean_true_range,
    ring_highest,
    ring_lowest,
    roll_bars,
    take_trade,
)

BAR_CLOSE, ATR, EWMA_MID, HIGHEST, LOWEST = range(5)
"""The kinds of features, in the order of `FeatureKind`."""

NOT_READY = -1.0


def take_price(kind: int, row: Numbers, marks: Marks, at_ns: int, trade: tuple[float, float], span_ns: int) -> None:
    """Takes a trade (price, lots) into a feature, where it is one of bars."""
    if kind != EWMA_MID:
        take_trade(row, marks, at_ns, trade[0], trade[1], span_ns)


def take_mid(kind: int, row: Numbers, marks: Marks, at_ns: int, mid: float, span_ns: int) -> None:
    """Takes the middle of a touch into a feature, where it is an average of those."""
    if kind != EWMA_MID:
        return
    weight = ewma_weight(at_ns - marks[START], span_ns) if marks[CLOSED] > 0 else 1.0
    row[0] = ewma(row[0], mid, weight) if marks[CLOSED] > 0 else mid
    marks[START] = at_ns
    marks[CLOSED] = marks[CLOSED] + 1


def read_feature(kind: int, row: Numbers, marks: Marks, at_ns: int, span_ns: int) -> float:
    """Returns what a feature is at an instant, NOT_READY before it is any. Bars whose time is over are closed first.

    Units: ticks.
    """
    if kind == EWMA_MID:
        return row[0] if marks[CLOSED] > 0 else NOT_READY
    roll_bars(row, marks, at_ns, span_ns)
    n, closed = bars_kept(row), marks[CLOSED]
    if kind == ATR:
        return mean_true_range(row, marks) if closed > n else NOT_READY
    if closed == 0:
        return NOT_READY
    first = BAR_WIDTH + n
    if kind == HIGHEST:
        return ring_highest(row, first, n, closed)
    if kind == LOWEST:
        return ring_lowest(row, first, n, closed)
    return row[first + (closed - 1) % n]


COMPILED = (take_price, take_mid, read_feature)
"""What a compiler of arrays must be given, each after what it calls."""
