"""Exact numbers of the judges: the decimals of events become ints of 1e-36, or fractions where they do not fit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from flatbook.sim.world.record import CASH, SHARE, TOKEN, USDC
from flatbook.values.instruments import Side

ONE = 10**36
OF_SHARE = ONE // SHARE
OF_CASH = ONE // CASH
OF_TOKEN = ONE // TOKEN
OF_USDC = ONE // USDC

Exact = int | Fraction


def exact(value: Decimal) -> Exact:
    """Returns a decimal in units of 1e-36, nothing lost.

    Errors: ValueError or OverflowError when it is not finite.
    """
    top, bottom = value.as_integer_ratio()
    whole, rest = divmod(top * ONE, bottom)
    return Fraction(top * ONE, bottom) if rest else whole


def product(first: Exact, second: Exact) -> Exact:
    """Returns the product of two numbers of 1e-36, in the same unit."""
    if isinstance(first, int) and isinstance(second, int):
        whole, rest = divmod(first * second, ONE)
        return Fraction(first * second, ONE) if rest else whole
    return first * second / Fraction(ONE)


def sign_of(side: Side) -> int:
    """Returns +1 for a buy and -1 for a sale."""
    return 1 if side is Side.BUY else -1


def size(value: Exact) -> Exact:
    """Returns a number without its sign."""
    return -value if value < 0 else value


def shown(value: Exact) -> str:
    """Returns a number of 1e-36 as a plain text for people: exact, and a fraction where it has no end."""
    if isinstance(value, Fraction):
        return f"{value}e-36"
    whole, rest = divmod(abs(value), ONE)
    tail = f"{rest:036d}".rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}{'.' + tail if tail else ''}"
