"""What is under way in the compiled simulator: heaps over rows of a table, ordered by time and then by turn."""

from __future__ import annotations

from flatbook.backtest.kernel.tables import (
    A0,
    ARR_KIND,
    ARR_NUMBER,
    ARR_SLOT,
    ARR_TIME,
    ARR_TURN,
    ARRIVAL,
    ARRIVALS,
    COUNTER,
    META_ROW,
    R0,
    REP_TIME,
    REP_TURN,
    REPORT,
    REPORTS,
    Longs,
)

TIME, TURN_OF = 0, 1


def before(t: Longs, a: int, b: int) -> bool:
    """Whether a row of a heap comes before another."""
    if t[a, TIME] != t[b, TIME]:
        return bool(t[a, TIME] < t[b, TIME])
    return bool(t[a, TURN_OF] < t[b, TURN_OF])


def swap(t: Longs, a: int, b: int, width: int) -> None:
    """Changes two rows of a heap for each other."""
    for column in range(width):
        kept = t[a, column]
        t[a, column] = t[b, column]
        t[b, column] = kept


def sift_up(t: Longs, first: int, count: int, width: int) -> None:
    """Puts the last of the `count` rows of a heap where it belongs. `first` is its first row in the table."""
    at = count - 1
    while at > 0 and before(t, first + at, first + ((at - 1) >> 1)):
        swap(t, first + at, first + ((at - 1) >> 1), width)
        at = (at - 1) >> 1


def drop_first(t: Longs, first: int, count: int, width: int) -> None:
    """Takes the first of the `count` rows of a heap off; it stands in the row behind the others afterwards."""
    last = count - 1
    swap(t, first, first + last, width)
    at = 0
    while True:
        child, least = 2 * at + 1, at
        if child < last and before(t, first + child, first + least):
            least = child
        if child + 1 < last and before(t, first + child + 1, first + least):
            least = child + 1
        if least == at:
            return
        swap(t, first + at, first + least, width)
        at = least


def next_turn(t: Longs) -> int:
    """Returns a number that is above all before it."""
    t[META_ROW, COUNTER] += 1
    return int(t[META_ROW, COUNTER])


def send_arrival(t: Longs, time: int, kind: int, slot: int, number: int) -> None:
    """Puts what we send on its way to the venue. Needs: room in the heap."""
    count = t[META_ROW, ARRIVALS]
    row = A0 + count
    t[row, ARR_TIME] = time
    t[row, ARR_TURN] = next_turn(t)
    t[row, ARR_KIND] = kind
    t[row, ARR_SLOT] = slot
    t[row, ARR_NUMBER] = number
    t[META_ROW, ARRIVALS] = count + 1
    sift_up(t, A0, count + 1, ARRIVAL)


def take_report_row(t: Longs, time: int) -> int:
    """Returns the row of a new report, to be filled in. Needs: room; `settle_report` follows."""
    row = R0 + t[META_ROW, REPORTS]
    for column in range(REPORT):
        t[row, column] = 0
    t[row, REP_TIME] = time
    t[row, REP_TURN] = next_turn(t)
    return int(row)


def settle_report(t: Longs) -> None:
    """Puts the row that was filled in where it belongs."""
    t[META_ROW, REPORTS] += 1
    sift_up(t, R0, t[META_ROW, REPORTS], REPORT)


COMPILED = (before, swap, sift_up, drop_first, next_turn, send_arrival, take_report_row, settle_report)
"""What a compiler of arrays must be given, each after what it calls."""
