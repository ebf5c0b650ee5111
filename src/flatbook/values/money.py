"""Exact decimal arithmetic and the only places where a number may lose digits.

Importing this module installs a trapping decimal context for the current thread and for every thread started
later: an operation that cannot be exact raises instead of rounding. Roundings therefore have names.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NewType

Quantity = NewType("Quantity", Decimal)
Price = NewType("Price", Decimal)
Money = NewType("Money", Decimal)

PRECISION_DIGITS = 78
NUMBER_DIGITS_MAX = 38
NUMBER_DECIMALS_MAX = 18
CHAIN_INTEGER_DIGITS_MAX = 18
CHAIN_DECIMALS_MAX = 36
NUMBER_TEXT_MAX = 96
UNITS_CACHED_MAX = 128
DIVIDED_DIGITS_MAX = PRECISION_DIGITS - 8

_TRAPS = [
    decimal.Inexact,
    decimal.FloatOperation,
    decimal.InvalidOperation,
    decimal.DivisionByZero,
    decimal.Overflow,
]
_EXPONENT_MAX = 400
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


def trapping_context() -> decimal.Context:
    """Returns a new context in which nothing is rounded in silence.

    Gives: 78 digits, enough for the product of three 26-digit factors or of two event numbers.
    """
    return decimal.Context(
        prec=PRECISION_DIGITS,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=-_EXPONENT_MAX,
        Emax=_EXPONENT_MAX,
        traps=_TRAPS,
    )


def install_trapping_context() -> None:
    """Makes the trapping context the default of this thread and of all threads started after it."""
    wanted = trapping_context()
    default = decimal.DefaultContext
    default.prec, default.rounding = wanted.prec, wanted.rounding
    default.Emin, default.Emax = wanted.Emin, wanted.Emax
    for signal in default.traps:
        default.traps[signal] = wanted.traps[signal]
    decimal.setcontext(wanted)


install_trapping_context()

_CUTTING = trapping_context()  # for the roundings that have a name, and for nothing else
_CUTTING.traps[decimal.Inexact] = False

# A quotient that is cut to so many digits and then to fewer is cut to the fewer at once.
_DIVIDING = trapping_context()
_DIVIDING.traps[decimal.Inexact] = False
_DIVIDING.rounding = decimal.ROUND_DOWN

ZERO = Decimal(0)
ONE = Decimal(1)
BPS = Decimal("0.0001")
CENT_DECIMALS, CENT = 2, Decimal("0.01")


class NumberRefused(ValueError):
    """A number from outside is not finite, or has more digits than an event may carry."""


def parse_number(text: str) -> Decimal:
    """Returns the exact decimal that a wire text states.

    Needs: at most 38 digits, of which at most 18 after the point.
    Errors: NumberRefused when the text is no finite number or is out of these bounds.
    """
    return check_number(_decimal_of_text(text))


def _decimal_of_text(text: str) -> Decimal:
    if not isinstance(text, str) or len(text) > NUMBER_TEXT_MAX:
        raise NumberRefused(f"a number is expected as text of at most {NUMBER_TEXT_MAX} characters")
    if _NUMBER.fullmatch(text) is None:
        raise NumberRefused(f"{text!r} is not a decimal number")
    return Decimal(text)


def check_number(value: Decimal) -> Decimal:
    """Returns the value unchanged when an event may carry it.

    Errors: NumberRefused when it is not finite, or has more than 38 digits or 18 decimals.
    """
    return _check_digits(value, NUMBER_DIGITS_MAX, NUMBER_DECIMALS_MAX)


def check_chain_number(value: Decimal) -> Decimal:
    """Returns the value unchanged when it has at most 18 integer and 36 fractional digits.

    Errors: NumberRefused.
    """
    checked = _check_digits(value, CHAIN_INTEGER_DIGITS_MAX + CHAIN_DECIMALS_MAX, CHAIN_DECIMALS_MAX)
    if checked and checked.adjusted() >= CHAIN_INTEGER_DIGITS_MAX:
        raise NumberRefused(f"a number with {checked.adjusted() + 1} integer digits is out of bounds")
    return checked


def _check_digits(value: Decimal, digits_max: int, decimals_max: int) -> Decimal:
    short = value.is_finite() and value.adjusted() < digits_max - decimals_max
    if short and cut(value, decimals=decimals_max) == value:
        return value
    decimals = significant_decimals(value)
    integer_digits = value.adjusted() + 1 if value else 0
    if decimals > decimals_max:
        raise NumberRefused(f"a number with {decimals} decimals is out of bounds, {decimals_max} are allowed")
    if max(integer_digits, 0) + decimals > digits_max:
        raise NumberRefused(f"a number with {integer_digits} integer digits is out of bounds")
    return value


def significant_decimals(value: Decimal) -> int:
    """Returns how many digits after the point the value really has, trailing zeros left out."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise NumberRefused(f"{value} is not a finite number")
    kept = len(digits)
    while kept > 1 and exponent < 0 and digits[kept - 1] == 0:
        kept -= 1
        exponent += 1
    return 0 if digits[:kept] == (0,) else max(0, -exponent)


def from_base_units(raw: int, *, decimals: int) -> Quantity:
    """Returns the quantity that a chain integer states.

    Units: raw in base units; the result in whole tokens.
    Errors: decimal.InvalidOperation never; any int of up to 78 digits converts exactly.
    """
    return Quantity(Decimal(raw).scaleb(-decimals))


def to_base_units(quantity: Quantity, *, decimals: int) -> int:
    """Returns the chain integer of a quantity, only when it is exact.

    Errors: NumberRefused when the quantity has more decimals than the token.
    """
    scaled = quantity.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise NumberRefused(f"{plain(quantity)} has more than {decimals} decimals; cut it by name first")
    return _integer(scaled)


def _integer(whole: Decimal) -> int:
    if not whole.is_finite():
        raise NumberRefused(f"{whole} is not a finite number")
    return int(whole)


def scaled_integer(value: Decimal, *, decimals: int) -> int:
    """Returns value * 10**decimals cut toward zero, as an int."""
    return _integer(cut(value, decimals=decimals).scaleb(decimals))


def cut(value: Decimal, *, decimals: int) -> Decimal:
    """Returns the value with digits beyond `decimals` cut off, toward zero."""
    return _rounded(value, decimals, decimal.ROUND_DOWN)


def raise_to(value: Decimal, *, decimals: int) -> Decimal:
    """Returns the smallest value with `decimals` decimals that is not below the given one."""
    return _rounded(value, decimals, decimal.ROUND_CEILING)


def lower_to(value: Decimal, *, decimals: int) -> Decimal:
    """Returns the largest value with `decimals` decimals that is not above the given one."""
    return _rounded(value, decimals, decimal.ROUND_FLOOR)


def _rounded(value: Decimal, decimals: int, rounding: str) -> Decimal:
    return value.quantize(_unit(decimals), rounding=rounding, context=_CUTTING)


@lru_cache(maxsize=UNITS_CACHED_MAX)
def _unit(decimals: int) -> Decimal:
    """Returns one in the last of so many decimals."""
    return Decimal(1).scaleb(-decimals)


def divide_cut(numerator: Decimal, denominator: Decimal, *, decimals: int) -> Decimal:
    """Returns numerator / denominator with digits beyond `decimals` cut off, toward zero.

    Errors: decimal.DivisionByZero when the denominator is zero.
    """
    if not denominator:
        raise decimal.DivisionByZero("a ratio over zero has no value")
    if numerator.adjusted() - denominator.adjusted() + decimals < DIVIDED_DIGITS_MAX:
        size = _DIVIDING.divide(abs(numerator), abs(denominator)).quantize(_unit(decimals), context=_DIVIDING)
    else:
        size = _divided_by_integers(abs(numerator), abs(denominator), decimals)
    return -size if (numerator < ZERO) != (denominator < ZERO) else size


def _divided_by_integers(numerator: Decimal, denominator: Decimal, decimals: int) -> Decimal:
    """Returns a ratio that has more digits than a division is made with."""
    top_decimals = significant_decimals(numerator)
    bottom_decimals = significant_decimals(denominator)
    top = _integer(numerator.scaleb(top_decimals)) * 10 ** (decimals + bottom_decimals)
    bottom = _integer(denominator.scaleb(bottom_decimals)) * 10**top_decimals
    return Decimal(top // bottom).scaleb(-decimals)


def proportion(whole: int, *, part: int, of: int) -> int:
    """Returns whole * part / of, cut toward minus infinity, for whole numbers such as basis points and seconds."""
    return whole * part // of


def nearest_ratio(part: int, whole: int, *, decimals: int) -> Decimal:
    """Returns a ratio of counts, rounded to the nearest, half up. Needs: no count below zero, and a whole above it."""
    return Decimal((2 * part * 10**decimals + whole) // (2 * whole)).scaleb(-decimals)


def cents_of(parts: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Returns parts in whole cents that add up to their sum in whole cents.

    Gives: the nearest cent of each, but one more or less of those furthest from theirs where rounding leaves some over.
    """
    told = [_nearest_cent(each) for each in parts]
    left = scaled_integer(_nearest_cent(sum(parts, ZERO)) - sum(told, ZERO), decimals=CENT_DECIMALS)
    step = CENT.copy_sign(Decimal(left))
    furthest = sorted(range(len(told)), key=lambda at: (told[at] - parts[at]) * step)
    for at in furthest[: abs(left)]:
        told[at] += step
    return tuple(each or abs(each) for each in told)


def _nearest_cent(value: Decimal) -> Decimal:
    return _rounded(value, CENT_DECIMALS, decimal.ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """Returns the canonical text of a value: fixed point, no exponent, no trailing zeros, no minus zero."""
    if not value:
        return "0"
    text = str(value)
    if "E" in text:  # as some very large and very small ones are told
        text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
