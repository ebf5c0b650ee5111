"""Sums of money that are exact beyond what one whole number holds: whole quote, and parts of one."""

from __future__ import annotations

from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.desk_table import PARTS
from flatbook.backtest.kernel.tables import Longs

NANO = 10**9
LOTS_MAX = 2**30
"""Up to how many lots a sum is shared among."""

LONG_MAX = 2**61
"""Up to where sums and products are made in one number; what would go beyond is left to the engine."""

Sum = tuple[int, int]
"""Whole quote, and parts of one that are never below zero: their sum."""


def add(a: Sum, b: Sum) -> Sum:
    """Returns the sum of two sums."""
    parts = a[1] + b[1]
    return (a[0] + b[0] + (1 if parts >= PARTS else 0), parts - PARTS if parts >= PARTS else parts)


def less(a: Sum) -> Sum:
    """Returns a sum with the other sign."""
    return (-a[0], 0) if a[1] == 0 else (-a[0] - 1, PARTS - a[1])


def size(a: Sum) -> Sum:
    """Returns a sum without its sign."""
    return less(a) if a[0] < 0 else a


def share(a: Sum, lots: int, held: int) -> Sum:
    """Returns the share that some lots have of the sum of all that are held, cut toward zero to its last part."""
    whole, parts = size(a)
    product = whole * lots
    high = product % held * NANO + parts // NANO * lots
    low = high % held * NANO + parts % NANO * lots
    parts = high // held * NANO + low // held
    found = (product // held + parts // PARTS, parts % PARTS)
    return less(found) if a[0] < 0 else found


def worth(d: Longs, standing: int, product: int) -> Sum:
    """Returns what ticks times lots are worth. Needs: neither they nor their units are too many."""
    units, over = product * d[standing, desk.UNIT], d[standing, desk.UNIT_OVER]
    return (units // over, units % over * (desk.PARTS // over))


COMPILED = (
    add,
    less,
    size,
    share,
    worth,
)
"""What a compiler of arrays must be given, each after what it calls."""
