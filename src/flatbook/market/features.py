"""Features of a series that are kept tick by tick: bars by time roll, true range, averages and running extremes.

One code serves the backtest kernel and the live engine. Each function works on plain numbers and on rows that are
read and written by index, so that a compiler of arrays takes it as it stands: a row is a list here and an array
there. Nothing is divided that may be zero, no function of the maths library is called (its last digit differs between
machines), and sums are taken anew from the oldest value on, so that they never drift: equal input gives equal bits.

The bars of a series stand in two rows. `marks` holds the start of the open bar (NONE_OPEN when none is) and how many
bars have closed. `row` holds the open bar's five numbers, then the volume, close and true range of the last n closed
bars, each in a ring of n.
"""

from __future__ import annotations

from typing import Protocol

OPEN, HIGH, LOW, CLOSE, VOLUME = 0, 1, 2, 3, 4
BAR_WIDTH = 5
RINGS = 3
START, CLOSED = 0, 1
NONE_OPEN = -1
LATE = -1


class Numbers(Protocol):
    """A row of float64 that is read and written by index: a list, or an array."""

    def __len__(self) -> int:
        """How many numbers it has."""
        ...

    def __getitem__(self, index: int, /) -> float:
        """Returns one number."""
        ...

    def __setitem__(self, index: int, value: float, /) -> None:
        """Writes one number."""
        ...


class Marks(Protocol):
    """A row of int64 that is read and written by index."""

    def __getitem__(self, index: int, /) -> int:
        """Returns one number."""
        ...

    def __setitem__(self, index: int, value: int, /) -> None:
        """Writes one number."""
        ...


def bars_length(n: int) -> int:
    """Returns how long the row of a series with n closed bars is."""
    return BAR_WIDTH + RINGS * n


def bars_kept(row: Numbers) -> int:
    """Returns how many closed bars a row keeps."""
    return (len(row) - BAR_WIDTH) // RINGS


def new_bars(n: int) -> tuple[list[float], list[int]]:
    """Returns the row and the marks of a series of which nothing was seen yet. Needs: n of at least one."""
    return [0.0] * bars_length(n), [NONE_OPEN, 0]


def bar_start(at_ns: int, width_ns: int) -> int:
    """Returns when the bar began that an instant falls into: bars begin at whole multiples of their width."""
    return at_ns - at_ns % width_ns


def true_range(high: float, low: float, close_before: float) -> float:
    """Returns the true range of a bar: its own range, or the way from the close before it where that is longer."""
    return max(high - low, abs(high - close_before), abs(low - close_before))


def close_bar(row: Numbers, marks: Marks) -> None:
    """Closes the open bar: it goes into the rings in the place of the oldest. The first bar has no true range."""
    n = bars_kept(row)
    closed = marks[CLOSED]
    at = closed % n
    if closed > 0:
        before = row[BAR_WIDTH + n + (closed - 1) % n]
        row[BAR_WIDTH + 2 * n + at] = true_range(row[HIGH], row[LOW], before)
    row[BAR_WIDTH + at] = row[VOLUME]
    row[BAR_WIDTH + n + at] = row[CLOSE]
    marks[CLOSED] = closed + 1
    marks[START] = NONE_OPEN


def open_flat(row: Numbers, marks: Marks, start_ns: int, price: float) -> None:
    """Opens a bar at one price, with no volume yet."""
    row[OPEN] = row[HIGH] = row[LOW] = row[CLOSE] = price
    row[VOLUME] = 0.0
    marks[START] = start_ns


def bars_over(marks: Marks, at_ns: int, width_ns: int) -> int:
    """Returns how many bars of a traded series are over at an instant and not closed yet."""
    return max(0, (bar_start(at_ns, width_ns) - marks[START]) // width_ns) if marks[START] != NONE_OPEN else 0


def roll_bars(row: Numbers, marks: Marks, at_ns: int, width_ns: int) -> int:
    """Closes every bar of a traded series whose time is over at an instant, and returns how many that were.

    A bar in which nothing traded is flat at the close before it and has no volume. After n of those the rings are full
    of them, and what is further in the past is left out.
    """
    over = bars_over(marks, at_ns, width_ns)
    if over == 0:
        return 0
    start, price = bar_start(at_ns, width_ns), row[CLOSE]
    close_bar(row, marks)
    empty = min(over - 1, bars_kept(row))
    for _ in range(empty):
        open_flat(row, marks, start, price)
        close_bar(row, marks)
    open_flat(row, marks, start, price)
    return 1 + empty


def take_trade(row: Numbers, marks: Marks, at_ns: int, price: float, qty: float, width_ns: int) -> int:
    """Adds a trade, and returns how many bars its time closed, LATE when it belongs to a bar that is closed already.

    Gives: nothing is changed by a late one. A bar that time alone opened begins at the price of its first trade: what
    the price jumped by meanwhile is in its true range.
    """
    if marks[START] == NONE_OPEN:
        open_flat(row, marks, bar_start(at_ns, width_ns), price)
    elif at_ns < marks[START]:
        return LATE
    closed = roll_bars(row, marks, at_ns, width_ns)
    if row[VOLUME] == 0.0:
        row[OPEN] = row[HIGH] = row[LOW] = price
    row[HIGH] = max(row[HIGH], price)
    row[LOW] = min(row[LOW], price)
    row[CLOSE] = price
    row[VOLUME] = row[VOLUME] + qty
    return closed


def take_candle(row: Numbers, marks: Marks, start_ns: int, candle: Numbers) -> int:
    """Puts what a venue says of the candle that began at an instant in the place of what it said of it before.

    `candle` is open, high, low, close, volume; no flag of the venue says that it is closed: a later one closes it, or
    `close_over` does when its time is over. Candles that a venue left out are not made up.
    Gives: how many bars this closed, LATE when the candle is closed already; nothing is changed then.
    """
    closed = 0
    if marks[START] != NONE_OPEN:
        if start_ns < marks[START]:
            return LATE
        if start_ns > marks[START]:
            close_bar(row, marks)
            closed = 1
    for i in range(BAR_WIDTH):
        row[i] = candle[i]
    marks[START] = start_ns
    return closed


def close_over(row: Numbers, marks: Marks, at_ns: int, width_ns: int) -> int:
    """Closes the open candle of a venue when its time is over at an instant, and returns how many that were.

    Needs: an instant by which the last word on the candle has come, for what comes after it is LATE.
    """
    if marks[START] == NONE_OPEN or at_ns < marks[START] + width_ns:
        return 0
    close_bar(row, marks)
    return 1


def ring_sum(row: Numbers, first: int, n: int, count: int, kept: int) -> float:
    """Returns the sum of the newest `kept` values (at most n) of the ring of n at `first`, taken from the oldest on."""
    total = 0.0
    for i in range(count - kept, count):
        total += row[first + i % n]
    return total


def ring_mean(row: Numbers, first: int, n: int, count: int) -> float:
    """Returns the mean of the newest `count` values (at most n) of the ring of n that begins at `first`.

    Gives: 0.0 when there are none.
    """
    kept = min(n, count)
    return ring_sum(row, first, n, count, kept) / kept if kept > 0 else 0.0


def mean_volume(row: Numbers, marks: Marks) -> float:
    """Returns the mean volume of the closed bars that are kept; 0.0 before the first."""
    return ring_mean(row, BAR_WIDTH, bars_kept(row), marks[CLOSED])


def mean_close(row: Numbers, marks: Marks) -> float:
    """Returns the mean close of the closed bars that are kept; 0.0 before the first."""
    n = bars_kept(row)
    return ring_mean(row, BAR_WIDTH + n, n, marks[CLOSED])


def mean_true_range(row: Numbers, marks: Marks) -> float:
    """Returns the average true range over the last n closed bars, as a simple mean.

    Gives: 0.0 until n + 1 bars have closed: the first one has no true range.
    """
    n = bars_kept(row)
    if marks[CLOSED] <= n:
        return 0.0
    return ring_mean(row, BAR_WIDTH + 2 * n, n, marks[CLOSED])


def ewma(before: float, value: float, weight: float) -> float:
    """Returns an exponentially weighted average after one more value, which counts for `weight` of it (0 to 1)."""
    return before + (value - before) * weight


def ewma_weight(elapsed_ns: int, memory_ns: int) -> float:
    """Returns how much a value counts that comes so long after the one before, in an average of this memory.

    Gives: elapsed / (elapsed + memory), the implicit step of exponential decay: between 0 and 1 for any step, and made
    of one division, so that it has the same bits everywhere. Needs: a memory above zero.
    """
    return 0.0 if elapsed_ns <= 0 else elapsed_ns / (elapsed_ns + memory_ns)


def higher(before: float, value: float, seen: int) -> float:
    """Returns the highest value so far; the first one is its own (`seen` counts those before it)."""
    return value if seen == 0 or value > before else before


def lower(before: float, value: float, seen: int) -> float:
    """Returns the lowest value so far; the first one is its own (`seen` counts those before it)."""
    return value if seen == 0 or value < before else before


def ring_highest(row: Numbers, first: int, n: int, count: int, kept: int) -> float:
    """Returns the highest of the newest `kept` values (at most n) of a ring; 0.0 when there are none."""
    found = 0.0
    for i in range(kept):
        found = higher(found, row[first + (count - 1 - i) % n], i)
    return found


def ring_lowest(row: Numbers, first: int, n: int, count: int, kept: int) -> float:
    """Returns the lowest of the newest `kept` values (at most n) of a ring; 0.0 when there are none."""
    found = 0.0
    for i in range(kept):
        found = lower(found, row[first + (count - 1 - i) % n], i)
    return found


def push_value(row: Numbers, first: int, n: int, count: int, value: float) -> int:
    """Puts a value into a ring of n in the place of the oldest, and returns the new count."""
    row[first + count % n] = value
    return count + 1


COMPILED = (
    bars_kept,
    bar_start,
    true_range,
    close_bar,
    open_flat,
    bars_over,
    roll_bars,
    take_trade,
    take_candle,
    close_over,
    ring_sum,
    ring_mean,
    mean_volume,
    mean_close,
    mean_true_range,
    ewma,
    ewma_weight,
    higher,
    lower,
    ring_highest,
    ring_lowest,
    push_value,
)
"""What a compiler of arrays must be given, each after what it calls."""
