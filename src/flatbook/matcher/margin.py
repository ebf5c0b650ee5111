"""The rule of cross margin of linear contracts: what an order may need, and when a position is closed by force.

The simulated exchange, the compiled scan of backtests and its plain oracle use these functions. Initial margin of a
market is that of the larger side which its position and open orders could lead to, at the mark; what closes a position
needs none. Where a venue's maintenance grows with the size of a position, an order needs at least as much as what it
leads to needs to stay. Each is plain arithmetic that holds for whole numbers and exact decimals alike, and a compiler
takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from flatbook.values.money import ZERO, cut, divide_cut

N = TypeVar("N", int, Decimal)
DECIMALS = 8
"""Initial margin is cut at so many."""


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """What the part of a position that is worth more than something needs to stay. Units: quote coin, fraction."""

    above: Decimal
    rate: Decimal


def to_stay(worth: Decimal, rate: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """Returns what a position needs to stay, by what it is worth: each part of it by its tier, below the first `rate`.

    Units: quote, fraction; tiers rise.
    """
    needed = worth * rate
    for tier in tiers:
        needed += max(worth - tier.above, ZERO) * (tier.rate - rate)
        rate = tier.rate
    return needed


def to_open(worth: Decimal, leverage: int, rate: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """Returns the initial margin of what is worth so much; where there are tiers, no less than it needs to stay.

    Units: quote, cut at DECIMALS.
    """
    needed = divide_cut(worth, Decimal(leverage), decimals=DECIMALS)
    return max(needed, cut(to_stay(worth, rate, tiers), decimals=DECIMALS)) if tiers else needed


def led_to(position: N, buys: N, sells: N) -> N:
    """Returns the larger side that a position and the orders beside it could lead to. Units: those of the position."""
    return max(abs(position + buys), abs(position - sells))


def is_turned_down(before: N, needed: N, equity: N) -> bool:
    """Whether an order is turned down for want of margin: it needs more than all did before it, and than there is."""
    return needed > before and needed > equity


def is_liquidated(equity: N, maintenance: N) -> bool:
    """Whether positions are closed by force: there is less than they need to stay."""
    return equity < maintenance


COMPILED = (led_to, is_turned_down, is_liquidated)
"""What a compiler of arrays must be given, each after what it calls."""
