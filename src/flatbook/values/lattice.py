"""The levels of a grid: whole ticks by whole numbers, and nothing else.

A level is known by its index, never by its price. Prices between ticks are counted in millionths of a tick.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

import msgspec

from flatbook.values.ids import Slot

MICRO = 1_000_000
INDEX_MAX = 1 << 16
LEVELS_CACHED_MAX = 8_192

_SLOT = re.compile(r"([1-9]\d{0,8}):(0|-?[1-9]\d{0,8})", re.ASCII)


class Spacing(Enum):
    """How the levels of a lattice follow each other: by a sum, or by a ratio."""

    __hash__ = object.__hash__  # members are compared by identity, and are keys on the way of every level

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


_SUM = Spacing.ARITHMETIC


class Lattice(msgspec.Struct, frozen=True, kw_only=True, gc=False, cache_hash=True):
    """Where levels lie: level 0 is the anchor, and each next one is a step above the one before.

    Units: anchor in ticks; step in ticks where it is a sum, in millionths of the price where it is a ratio. `number`
    counts the lattices of a grid from 1; a slot is a level of one of them.
    """

    number: int
    spacing: Spacing
    anchor: int
    step: int


def level(lattice: Lattice, index: int) -> int:
    """Returns where a level lies. Units: ticks; a level of a ratio is cut to the tick below."""
    return lattice.anchor + index * lattice.step if lattice.spacing is _SUM else _level_of_ratio(lattice, index)


def level_and_next(lattice: Lattice, index: int, way: int) -> tuple[int, int]:
    """Returns where a level lies, and the one beside it: above (1) or below (-1). Units: ticks."""
    if lattice.spacing is _SUM:
        here = lattice.anchor + index * lattice.step
        return here, here + way * lattice.step
    return _level_of_ratio(lattice, index), _level_of_ratio(lattice, index + way)


@lru_cache(maxsize=LEVELS_CACHED_MAX)
def _level_of_ratio(lattice: Lattice, index: int) -> int:
    whole: int = MICRO ** abs(index)
    grown: int = (MICRO + lattice.step) ** abs(index)
    return lattice.anchor * grown // whole if index >= 0 else lattice.anchor * whole // grown


def step_above(lattice: Lattice, index: int) -> int:
    """Returns how far the next level lies above one. Units: ticks."""
    return level(lattice, index + 1) - level(lattice, index)


def nearest_index(lattice: Lattice, price: int) -> int:
    """Returns the index of the level that is nearest to a price; half way, the one that is farther from the anchor.

    Units: price in millionths of a tick.
    """
    if lattice.spacing is _SUM:
        away, step = price - lattice.anchor * MICRO, lattice.step * MICRO
        size = (2 * abs(away) + step) // (2 * step)
        return size if away >= 0 else -size
    below = _index_below(lattice, price)
    low, high = level(lattice, below) * MICRO, level(lattice, below + 1) * MICRO
    nearer_high = price - low > high - price or (price - low == high - price and below >= 0)
    return below + 1 if nearer_high else below


def _index_below(lattice: Lattice, price: int) -> int:
    """Returns the highest index, within the bound, whose level is at or below a price, by doubling and halving."""
    low, high = (0, 1) if level(lattice, 0) * MICRO <= price else (-1, 0)
    while high < INDEX_MAX and level(lattice, high) * MICRO <= price:
        low, high = high, high * 2
    while low > -INDEX_MAX and level(lattice, low) * MICRO > price:
        low, high = low * 2, low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if level(lattice, middle) * MICRO <= price else (low, middle)
    return low


def border_above(lattice: Lattice, index: int) -> int:
    """Returns the lowest price that is nearer to the next level than to this one, in the sense of `nearest_index`.

    Units: millionths of a tick.
    """
    if lattice.spacing is _SUM:
        both = (2 * (lattice.anchor + index * lattice.step) + lattice.step) * MICRO
    else:
        here, beyond = level(lattice, index), level(lattice, index + 1)
        if here == beyond:
            return beyond * MICRO  # steps of a ratio that are smaller than a tick: the highest of equal levels is taken
        both = (here + beyond) * MICRO
    return (both + 1) // 2 if index >= 0 else both // 2 + 1


def widened_step(least: int, true_range: int, *, scale_pct: int) -> int:
    """Returns the step that a market of such a range asks for: never below the least one, rounded up.

    Units: steps in ticks, true_range in millionths of a tick; or both in parts of the price, step in millionths and
    true_range in millionths of a millionth; scale_pct in percent of the range.
    """
    return max(least, -(-true_range * scale_pct // (100 * MICRO)))


def in_micro(value: float) -> int:
    """Returns a number as whole millionths, the nearest; above zero only."""
    return (int(value * (2 * MICRO)) + 1) // 2


def slot_of(number: int, index: int) -> Slot:
    """Returns the name of a slot: the number of its lattice and the index of its level."""
    return Slot(f"{number}:{index}")


@lru_cache(maxsize=LEVELS_CACHED_MAX)
def place_of(slot: Slot) -> tuple[int, int] | None:
    """Returns (number of the lattice, index of the level) of a slot; None for a name that is not ours."""
    match = _SLOT.fullmatch(slot)
    return None if match is None else (int(match[1]), int(match[2]))
