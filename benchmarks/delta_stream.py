"""A stream of changes of an order book, the same in every process: is_ask, price in ticks, size in lots; never crossed.

About 1,000 levels a side; four of five changes within 20 ticks of a touch that walks slowly; a quarter take a level
away. It needs nothing but the standard library, so that peers make it in environments of their own.
"""

from __future__ import annotations

from random import Random

LEVELS = 1000
NEAR = 20
MID = 100_000
SIZE_MAX = 10_000

Delta = tuple[bool, int, int]


def deltas(count: int, seed: int = 3) -> list[Delta]:
    """Returns so many changes, the first of which are a whole book."""
    chance = Random(seed)
    made: list[Delta] = []
    for offset in range(1, LEVELS + 1):
        made += [(False, MID - offset, offset), (True, MID + offset, offset)]
    mid, levels = MID, ({price for _, price, _ in made[::2]}, {price for _, price, _ in made[1::2]})
    while len(made) < count:
        step = chance.choices((-1, 0, 1), (2, 96, 2))[0]
        mid += step
        if step and mid in levels[step > 0]:  # what the touch moves through goes first
            levels[step > 0].discard(mid)
            made.append((step > 0, mid, 0))
        is_ask = chance.random() < 0.5
        offset = chance.randint(1, NEAR if chance.random() < 0.8 else LEVELS)
        price = mid + offset if is_ask else mid - offset
        size = 0 if chance.random() < 0.25 else chance.randint(1, SIZE_MAX)
        (levels[is_ask].add if size else levels[is_ask].discard)(price)
        made.append((is_ask, price, size))
    return made[:count]
