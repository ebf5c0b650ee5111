"""Rain Float: the 32-byte decimal number of Raindex, in exact integers.

A value is coefficient * 10**exponent. The upper 4 bytes hold the exponent as int32, the lower 28 the coefficient as
int224, both in two's complement. Many encodings state one value, so values are compared and never bytes. Results of
arithmetic keep the most significant digits that fit into the coefficient (67, sometimes 68); the others are cut
toward zero, as the onchain library does it.

Source: rain.math.float, LibDecimalFloat.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.values.money import CHAIN_DECIMALS_MAX, CHAIN_INTEGER_DIGITS_MAX, NumberRefused

BYTES = 32
EXPONENT_BITS = 32
COEFFICIENT_BITS = 224
WORD_BITS = 256
EXPONENT_MAX = 2 ** (EXPONENT_BITS - 1) - 1
EXPONENT_MIN = -(2 ** (EXPONENT_BITS - 1))
FIXED_SHIFT_MAX = 77
ADD_SHIFT_MAX = 76
QUOTIENT_DIGITS = 77
PLAIN_EXPONENT_MAX = 1000
TEXT_MAX = 1200

_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,10}))?", re.ASCII)


class Fault(Enum):
    """Why an operation has no result; the names are those of the onchain library where it has one."""

    COEFFICIENT_OVERFLOW = "CoefficientOverflow"
    EXPONENT_OVERFLOW = "ExponentOverflow"
    NEGATIVE_FIXED_DECIMAL = "NegativeFixedDecimalConversion"
    LOSSY_TO_FLOAT = "LossyConversionToFloat"
    LOSSY_FROM_FLOAT = "LossyConversionFromFloat"
    FIXED_DECIMAL_OVERFLOW = "FixedDecimalOverflow"
    DIVISION_BY_ZERO = "DivisionByZero"
    UNFORMATABLE_EXPONENT = "UnformatableExponent"
    NOT_A_NUMBER = "NotANumber"


class FloatRefused(ArithmeticError):
    """A Rain Float operation has no result. Carries the fault."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault.value}: {detail}")
        self.fault = fault


class RainFloat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A decimal number: coefficient * 10**exponent, both of any size until it is packed."""

    coefficient: int
    exponent: int


ZERO_FLOAT = RainFloat(coefficient=0, exponent=0)
ONE_FLOAT = RainFloat(coefficient=1, exponent=0)


def unpack(raw: bytes) -> RainFloat:
    """Returns the coefficient and exponent that 32 bytes state.

    Errors: ValueError when the bytes are not 32.
    """
    if len(raw) != BYTES:
        raise ValueError(f"a Rain Float has {BYTES} bytes, not {len(raw)}")
    split = EXPONENT_BITS // 8
    return RainFloat(
        coefficient=int.from_bytes(raw[split:], "big", signed=True),
        exponent=int.from_bytes(raw[:split], "big", signed=True),
    )


def pack(value: RainFloat) -> bytes:
    """Returns the 32 bytes of a value that fits without losing a digit.

    Errors: FloatRefused with COEFFICIENT_OVERFLOW or EXPONENT_OVERFLOW.
    """
    raw, lossless = pack_lossy(value)
    if not lossless:
        raise FloatRefused(Fault.COEFFICIENT_OVERFLOW, "the coefficient loses digits")
    return raw


def pack_lossy(value: RainFloat) -> tuple[bytes, bool]:
    """Returns the 32 bytes of a value, cut toward zero until the coefficient fits, and whether nothing was cut.

    Gives: a value below the smallest exponent becomes zero, which is lossy.
    Errors: FloatRefused with EXPONENT_OVERFLOW above the largest exponent.
    """
    coefficient, exponent = value.coefficient, value.exponent
    if coefficient == 0:
        return bytes(BYTES), True
    while not _fits(coefficient, COEFFICIENT_BITS):
        coefficient, exponent = _divide_to_zero(coefficient, 10), exponent + 1
    if exponent > EXPONENT_MAX:
        raise FloatRefused(Fault.EXPONENT_OVERFLOW, f"the exponent {exponent} is above {EXPONENT_MAX}")
    if exponent < EXPONENT_MIN:
        return bytes(BYTES), False
    upper = exponent.to_bytes(EXPONENT_BITS // 8, "big", signed=True)
    lower = coefficient.to_bytes(COEFFICIENT_BITS // 8, "big", signed=True)
    return upper + lower, exponent == value.exponent


def _packed(coefficient: int, exponent: int) -> RainFloat:
    raw, _ = pack_lossy(RainFloat(coefficient=coefficient, exponent=exponent))
    return unpack(raw)


def _fits(number: int, bits: int) -> bool:
    return -(1 << (bits - 1)) <= number < 1 << (bits - 1)


def _divide_to_zero(number: int, by: int) -> int:
    size = abs(number) // abs(by)
    return size if (number < 0) == (by < 0) else -size


def _digits(number: int) -> int:
    return len(str(abs(number)))


def _trimmed(value: RainFloat) -> RainFloat:
    if value.coefficient == 0:
        return ZERO_FLOAT
    text = str(value.coefficient)
    zeros = len(text) - len(text.rstrip("0"))
    return RainFloat(coefficient=int(text[: len(text) - zeros]), exponent=value.exponent + zeros)


def from_fixed_decimal(value: int, *, decimals: int) -> tuple[RainFloat, bool]:
    """Returns the float of an unsigned fixed-point integer, and whether nothing was cut.

    Units: value in units of 10**-decimals.
    Needs: 0 <= value < 2**256 and 0 <= decimals < 256.
    Errors: FloatRefused with LOSSY_TO_FLOAT when the value is out of range.
    """
    if not 0 <= value < 1 << WORD_BITS or not 0 <= decimals < 256:
        raise FloatRefused(Fault.LOSSY_TO_FLOAT, "a fixed decimal is an unsigned 256-bit integer with 8-bit decimals")
    if _fits(value, WORD_BITS):
        return RainFloat(coefficient=value, exponent=-decimals), True
    cut, rest = divmod(value, 10)
    return RainFloat(coefficient=cut, exponent=1 - decimals), rest == 0


def to_fixed_decimal(value: RainFloat, *, decimals: int) -> tuple[int, bool]:
    """Returns the unsigned fixed-point integer of a float, cut toward zero, and whether nothing was cut.

    Units: the result in units of 10**-decimals.
    Errors: FloatRefused with NEGATIVE_FIXED_DECIMAL, or FIXED_DECIMAL_OVERFLOW beyond 256 bits.
    """
    if value.coefficient < 0:
        raise FloatRefused(Fault.NEGATIVE_FIXED_DECIMAL, "a fixed decimal is not negative")
    if value.coefficient == 0:
        return 0, True
    shift = value.exponent + decimals
    if shift < -FIXED_SHIFT_MAX:
        return 0, False
    if shift > FIXED_SHIFT_MAX or value.coefficient * 10 ** max(shift, 0) >= 1 << WORD_BITS:
        raise FloatRefused(Fault.FIXED_DECIMAL_OVERFLOW, "the fixed decimal does not fit into 256 bits")
    if shift >= 0:
        return value.coefficient * 10**shift, True
    whole, rest = divmod(value.coefficient, 10**-shift)
    return whole, rest == 0


def decimal_cut(value: RainFloat) -> Decimal:
    """Returns the decimal of a float, without trailing zeros; digits beyond 36 decimals are cut toward zero.

    Gives: a quotient that does not end has 67 digits onchain, so that any taker who limits what is paid makes one.
    Errors: NumberRefused when it needs more than 18 integer digits.
    """
    trimmed = _trimmed(value)
    integer_digits = _digits(trimmed.coefficient) + trimmed.exponent if trimmed.coefficient else 0
    if integer_digits > CHAIN_INTEGER_DIGITS_MAX:
        raise NumberRefused(f"an amount has at most {CHAIN_INTEGER_DIGITS_MAX} integer digits")
    beyond = -trimmed.exponent - CHAIN_DECIMALS_MAX
    if beyond > 0:
        kept = _divide_to_zero(trimmed.coefficient, 10**beyond) if beyond < _digits(trimmed.coefficient) else 0
        trimmed = _trimmed(RainFloat(coefficient=kept, exponent=-CHAIN_DECIMALS_MAX))
    if trimmed.exponent >= 0:
        return Decimal(trimmed.coefficient * 10**trimmed.exponent)
    return Decimal(trimmed.coefficient).scaleb(trimmed.exponent)


def float_of_text(text: str) -> RainFloat:
    """Returns the float that a decimal text states, as in `-3.14` or `2e10`.

    Errors: FloatRefused with NOT_A_NUMBER, or COEFFICIENT_OVERFLOW when its digits do not fit.
    """
    match = _NUMBER.fullmatch(text) if len(text) <= TEXT_MAX else None
    if match is None:
        raise FloatRefused(Fault.NOT_A_NUMBER, f"{text[:40]!r} is no decimal number")
    sign, whole, fraction, exponent = match.groups()
    fraction = (fraction or "").rstrip("0")
    stated = RainFloat(coefficient=int(sign + whole + fraction), exponent=int(exponent or 0) - len(fraction))
    return unpack(pack(stated if _fits(stated.coefficient, COEFFICIENT_BITS) else _trimmed(stated)))


def text_of_float(value: RainFloat, *, scientific: bool = False) -> str:
    """Returns the decimal text of a float, without trailing zeros; scientific as `d.ddde12`, `e0` left out.

    Errors: FloatRefused with UNFORMATABLE_EXPONENT when a plain text would need more than 1,000 zeros.
    """
    trimmed = _trimmed(value)
    digits, exponent = str(abs(trimmed.coefficient)), trimmed.exponent
    sign = "-" if trimmed.coefficient < 0 else ""
    if scientific:
        leading = exponent + len(digits) - 1
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}" + (f"e{leading}" if leading else "")
    if abs(value.exponent) > PLAIN_EXPONENT_MAX and value.coefficient:
        raise FloatRefused(Fault.UNFORMATABLE_EXPONENT, f"an exponent of {value.exponent} needs scientific notation")
    if exponent >= 0:
        return sign + digits + "0" * exponent
    padded = digits.rjust(1 - exponent, "0")
    return f"{sign}{padded[:exponent]}.{padded[exponent:]}"


def add(a: RainFloat, b: RainFloat) -> RainFloat:
    """Returns a + b.

    Gives: both are aligned to 76 digits of the one with the larger widened exponent; digits of the other below that
    are cut before they are added.
    """
    if a.coefficient == 0 or b.coefficient == 0:
        left = b if a.coefficient == 0 else a
        return _packed(left.coefficient, left.exponent)
    small, large = sorted((_widened(a), _widened(b)), key=lambda value: value.exponent)
    shift = large.exponent - small.exponent
    added = _divide_to_zero(small.coefficient, 10**shift) if shift <= ADD_SHIFT_MAX else 0
    return _packed(large.coefficient + added, large.exponent)


def _widened(value: RainFloat) -> RainFloat:
    coefficient, exponent = value.coefficient, value.exponent
    while _fits(coefficient * 10, WORD_BITS):
        coefficient, exponent = coefficient * 10, exponent - 1
    return RainFloat(coefficient=coefficient, exponent=exponent)


def minus(value: RainFloat) -> RainFloat:
    """Returns -value."""
    return _packed(-value.coefficient, value.exponent)


def subtract(a: RainFloat, b: RainFloat) -> RainFloat:
    """Returns a - b, as the sum of a and -b, where b is not cut when only its opposite does not fit."""
    return add(a, RainFloat(coefficient=-b.coefficient, exponent=b.exponent))


def multiply(a: RainFloat, b: RainFloat) -> RainFloat:
    """Returns a * b: the exact product, then its most significant digits."""
    return _packed(a.coefficient * b.coefficient, a.exponent + b.exponent)


def divide(a: RainFloat, b: RainFloat) -> RainFloat:
    """Returns a / b: at least 76 digits of the quotient are computed, then its most significant ones are kept.

    Errors: FloatRefused with DIVISION_BY_ZERO.
    """
    if b.coefficient == 0:
        raise FloatRefused(Fault.DIVISION_BY_ZERO, "the divisor is zero")
    shift = max(0, QUOTIENT_DIGITS + _digits(b.coefficient) - _digits(a.coefficient))
    quotient = _divide_to_zero(a.coefficient * 10**shift, b.coefficient)
    return _packed(quotient, a.exponent - b.exponent - shift)


def invert(value: RainFloat) -> RainFloat:
    """Returns 1 / value.

    Errors: FloatRefused with DIVISION_BY_ZERO.
    """
    return divide(ONE_FLOAT, value)


def absolute(value: RainFloat) -> RainFloat:
    """Returns the value without its sign."""
    return _packed(abs(value.coefficient), value.exponent)


def integer_part(value: RainFloat) -> RainFloat:
    """Returns the value cut toward zero to an integer."""
    if value.exponent >= 0:
        return _packed(value.coefficient, value.exponent)
    return _packed(value.coefficient - _below_the_point(value), value.exponent)


def fraction_part(value: RainFloat) -> RainFloat:
    """Returns what `integer_part` leaves, with the sign of the value."""
    return ZERO_FLOAT if value.exponent >= 0 else _packed(_below_the_point(value), value.exponent)


def _below_the_point(value: RainFloat) -> int:
    if -value.exponent >= _digits(value.coefficient):
        return value.coefficient
    scale = int(10**-value.exponent)
    return value.coefficient - _divide_to_zero(value.coefficient, scale) * scale


def floor(value: RainFloat) -> RainFloat:
    """Returns the largest integer that is not above the value."""
    whole = integer_part(value)
    below = value.coefficient < 0 and fraction_part(value).coefficient != 0
    return subtract(whole, ONE_FLOAT) if below else whole


def ceil(value: RainFloat) -> RainFloat:
    """Returns the smallest integer that is not below the value."""
    return minus(floor(minus(value)))


def compare(a: RainFloat, b: RainFloat) -> int:
    """Returns -1, 0 or 1 as a is below, equal to or above b, by value and exactly for any exponents."""
    signs = (_sign(a.coefficient), _sign(b.coefficient))
    if signs[0] != signs[1] or signs[0] == 0:
        return _sign(signs[0] - signs[1])
    heights = (_digits(a.coefficient) + a.exponent, _digits(b.coefficient) + b.exponent)
    if heights[0] != heights[1]:
        return signs[0] * _sign(heights[0] - heights[1])
    a_shift, b_shift = max(0, a.exponent - b.exponent), max(0, b.exponent - a.exponent)
    return _sign(a.coefficient * int(10**a_shift) - b.coefficient * int(10**b_shift))


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def smaller(a: RainFloat, b: RainFloat) -> RainFloat:
    """Returns the one with the smaller value; the second when they are equal."""
    return a if compare(a, b) < 0 else b


def larger(a: RainFloat, b: RainFloat) -> RainFloat:
    """Returns the one with the larger value; the second when they are equal."""
    return a if compare(a, b) > 0 else b
