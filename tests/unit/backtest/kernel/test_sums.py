"""Sums of whole quote and parts are exact where one whole number would not be."""

from __future__ import annotations

import random
from decimal import Decimal

from flatbook.backtest.kernel.desk_table import PARTS
from flatbook.backtest.kernel.sums import Sum, add, less, share, size
from flatbook.values.money import divide_cut


def value(a: Sum) -> Decimal:
    """Returns a sum as a number."""
    return Decimal(a[0]) + Decimal(a[1]).scaleb(-18)


def drawn(chance: random.Random) -> Sum:
    """Returns a sum of either sign."""
    return chance.randint(-(10**9), 10**9), chance.choice((0, 1, PARTS - 1, chance.randrange(PARTS)))


def test_sums_are_added_turned_and_measured_as_exact_numbers_are() -> None:
    chance = random.Random(7)
    for _ in range(300):
        a, b = drawn(chance), drawn(chance)
        assert value(add(a, b)) == value(a) + value(b)
        assert value(less(a)) == -value(a)
        assert value(size(a)) == abs(value(a))
        assert 0 <= add(a, b)[1] < PARTS


def test_a_share_is_cut_toward_zero_to_its_last_part() -> None:
    chance = random.Random(8)
    for _ in range(300):
        a, held = drawn(chance), chance.randint(2, 2**30 - 1)
        lots = chance.randint(1, held - 1)
        assert value(share(a, lots, held)) == divide_cut(value(a) * lots, Decimal(held), decimals=18)
    assert share((-1, PARTS - 1), 1, 3) == (0, 0)
    assert share((-10, 0), 1, 3) == (-4, 666_666_666_666_666_667)
