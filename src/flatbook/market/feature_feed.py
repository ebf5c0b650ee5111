"""Which observation goes into which feature, and what is read from it: one code, compiled and as it stands.

A feature is a row of numbers and two marks, as `flatbook.market.features` has them. BAR_CLOSE, ATR, HIGHEST and LOWEST
are of bars of the declared span that are made of trades; the extremes are those of the closes of the last closed bars.
EWMA_MID is of the middle of each touch, with the span as its memory.

Units: prices in ticks, sizes in lots, times in ns.
"""

from __future__ import annotations

from flatbook.market.features import (
    BAR_WIDTH,
    CLOSE,
    CLOSED,
    HIGH,
    LOW,
    START,
    Marks,
    Numbers,
    bars_kept,
    bars_over,
    ewma,
    ewma_weight,
    ring_highest,
    ring_lowest,
    ring_sum,
    take_trade,
    true_range,
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
    """Returns what a feature is at an instant, NOT_READY before it is any. Bars whose time is over count as closed.

    Nothing is changed, so that it is the same whoever read it before.
    Units: ticks.
    """
    if kind == EWMA_MID:
        return row[0] if marks[CLOSED] > 0 else NOT_READY
    n, closed, over = bars_kept(row), marks[CLOSED], bars_over(marks, at_ns, span_ns)
    if closed + over == 0 or (kind == ATR and closed + over <= n):
        return NOT_READY
    first, kept = BAR_WIDTH + n, min(closed, max(0, n - over))
    if kind == ATR:
        total = ring_sum(row, first + n, n, closed, kept)
        if 0 < over <= n:
            total += true_range(row[HIGH], row[LOW], row[first + (closed - 1) % n])
        return total / n
    last = row[CLOSE] if over > 0 else row[first + (closed - 1) % n]
    if kind == HIGHEST and kept > 0:
        return max(last, ring_highest(row, first, n, closed, kept))
    if kind == LOWEST and kept > 0:
        return min(last, ring_lowest(row, first, n, closed, kept))
    return last


COMPILED = (take_price, take_mid, read_feature)
"""What a compiler of arrays must be given, each after what it calls."""
