"""Rain Float: packing, conversion, text and arithmetic at their borders."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.values.money import NumberRefused
from flatbook.venues.raindex.rain_float import (
    EXPONENT_MAX,
    EXPONENT_MIN,
    Fault,
    FloatRefused,
    RainFloat,
    absolute,
    add,
    ceil,
    compare,
    decimal_cut,
    divide,
    float_of_text,
    floor,
    fraction_part,
    from_fixed_decimal,
    integer_part,
    invert,
    larger,
    minus,
    multiply,
    pack,
    pack_lossy,
    smaller,
    subtract,
    text_of_float,
    to_fixed_decimal,
    unpack,
)

INT224_MAX = 2**223 - 1


def rain(coefficient: int, exponent: int) -> RainFloat:
    return RainFloat(coefficient=coefficient, exponent=exponent)


def fault_of(refused: pytest.ExceptionInfo[FloatRefused]) -> Fault:
    return refused.value.fault


def test_zero_has_one_encoding_that_is_lossless_at_any_exponent() -> None:
    assert pack_lossy(rain(0, -(2**40))) == (bytes(32), True)


def test_a_coefficient_that_does_not_fit_loses_digits_toward_zero_even_when_they_are_zeros() -> None:
    raw, lossless = pack_lossy(rain(-(10**70) - 9, 2))
    assert (unpack(raw), lossless) == (rain(-(10**67), 5), False)
    with pytest.raises(FloatRefused) as refused:
        pack(rain(10**70, 0))
    assert fault_of(refused) is Fault.COEFFICIENT_OVERFLOW


def test_the_smallest_and_largest_numbers_fit() -> None:
    for coefficient, exponent in ((INT224_MAX, EXPONENT_MAX), (-INT224_MAX - 1, EXPONENT_MIN)):
        assert unpack(pack(rain(coefficient, exponent))) == rain(coefficient, exponent)


def test_an_exponent_beyond_the_largest_has_no_encoding() -> None:
    with pytest.raises(FloatRefused) as refused:
        pack_lossy(rain(1, EXPONENT_MAX + 1))
    assert fault_of(refused) is Fault.EXPONENT_OVERFLOW
    with pytest.raises(FloatRefused):
        pack_lossy(rain(INT224_MAX + 1, EXPONENT_MAX))


def test_only_thirty_two_bytes_are_a_float() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        unpack(b"\x00" * 31)


def test_an_unsigned_integer_beyond_the_signed_range_loses_its_last_digit() -> None:
    assert from_fixed_decimal(2**256 - 1, decimals=18) == (rain((2**256 - 1) // 10, -17), False)
    assert from_fixed_decimal(10**77, decimals=0) == (rain(10**76, 1), True)
    with pytest.raises(FloatRefused):
        from_fixed_decimal(-1, decimals=0)


def test_a_fixed_decimal_is_cut_and_says_so() -> None:
    assert to_fixed_decimal(rain(12349, -3), decimals=2) == (1234, False)
    assert to_fixed_decimal(rain(1, -78), decimals=0) == (0, False)
    assert to_fixed_decimal(rain(7, 2), decimals=1) == (7000, True)


@pytest.mark.parametrize("value", [rain(1, 78), rain(2, 77), rain(INT224_MAX, 10)])
def test_a_fixed_decimal_above_256_bits_is_refused(value: RainFloat) -> None:
    with pytest.raises(FloatRefused) as refused:
        to_fixed_decimal(value, decimals=0)
    assert fault_of(refused) is Fault.FIXED_DECIMAL_OVERFLOW


def test_an_amount_has_eighteen_integer_digits_and_is_cut_at_thirty_six_decimals() -> None:
    longest = "123456789012345678.123456789012345678901234567890123456"
    assert decimal_cut(float_of_text(longest)) == Decimal(longest)
    assert str(decimal_cut(rain(20, 3))) == "20000"
    assert decimal_cut(divide(rain(10, 0), rain(3, 0))) == Decimal("3." + "3" * 36)
    assert decimal_cut(divide(rain(-2, 0), rain(3, 0))) == Decimal("-0." + "6" * 36)
    assert decimal_cut(rain(19, -37)) == Decimal("1e-36")
    assert [decimal_cut(below) for below in (rain(9, -37), rain(-9, -37), rain(1, EXPONENT_MIN))] == [0, 0, 0]
    for beyond in (rain(1, 18), rain(1, EXPONENT_MAX)):
        with pytest.raises(NumberRefused):
            decimal_cut(beyond)


def test_trailing_zeros_do_not_count_against_an_amount() -> None:
    assert decimal_cut(rain(25 * 10**60, -61)) == Decimal("2.5")


@pytest.mark.parametrize("text", ["", "-", ".5", "5.", "1e", "0x10", "\u0661", " 1", "1 ", "--1", "NaN", "9" * 2000])
def test_a_text_that_is_no_decimal_is_refused(text: str) -> None:
    with pytest.raises(FloatRefused) as refused:
        float_of_text(text)
    assert fault_of(refused) is Fault.NOT_A_NUMBER


def test_a_text_with_more_digits_than_fit_is_refused() -> None:
    with pytest.raises(FloatRefused) as refused:
        float_of_text("1." + "1" * 70)
    assert fault_of(refused) is Fault.COEFFICIENT_OVERFLOW


def test_a_plain_text_is_bounded_and_a_scientific_one_is_not() -> None:
    assert text_of_float(rain(-5, -1000)) == "-0." + "0" * 999 + "5"
    assert text_of_float(rain(-15, EXPONENT_MIN), scientific=True) == "-1.5e-2147483647"
    with pytest.raises(FloatRefused) as refused:
        text_of_float(rain(1, 1001))
    assert fault_of(refused) is Fault.UNFORMATABLE_EXPONENT


def test_a_number_that_is_far_smaller_is_dropped_from_a_sum() -> None:
    assert text_of_float(add(rain(1, 0), rain(1, -100))) == "1"
    assert text_of_float(subtract(rain(1, 0), rain(1, -200))) == "1"
    assert text_of_float(add(rain(0, 0), rain(3, -2))) == "0.03"


def test_a_quotient_keeps_sixty_seven_digits_and_cuts_the_rest() -> None:
    third = divide(rain(1, 0), rain(3, 0))
    assert text_of_float(third) == "0." + "3" * 67
    assert text_of_float(divide(rain(-2, 0), rain(3, 0))) == "-0." + "6" * 67
    assert text_of_float(invert(rain(8, 0))) == "0.125"
    for divisor in (rain(0, 0), rain(0, 5)):
        with pytest.raises(FloatRefused) as refused:
            divide(rain(1, 0), divisor)
        assert fault_of(refused) is Fault.DIVISION_BY_ZERO


def test_a_product_of_wide_coefficients_keeps_its_most_significant_digits() -> None:
    nines = rain(10**60 - 1, 0)
    square = multiply(nines, nines)
    assert text_of_float(square, scientific=True) == "9." + "9" * 58 + "8e119"


def test_parts_of_a_negative_number() -> None:
    value = float_of_text("-3.14")
    assert [text_of_float(part) for part in (integer_part(value), fraction_part(value))] == ["-3", "-0.14"]
    assert [text_of_float(part) for part in (floor(value), ceil(value))] == ["-4", "-3"]
    assert [text_of_float(part) for part in (minus(value), absolute(value))] == ["3.14", "3.14"]
    assert text_of_float(floor(rain(-1, -(2**31)))) == "-1"
    assert text_of_float(floor(rain(5, -1))) == "0"


def test_comparison_is_by_value_at_any_distance() -> None:
    assert compare(rain(1, 0), rain(10**6, -6)) == 0
    assert compare(rain(1, EXPONENT_MAX), rain(1, EXPONENT_MIN)) == 1
    assert compare(rain(-1, EXPONENT_MAX), rain(1, EXPONENT_MIN)) == -1
    assert compare(rain(-2, 0), rain(-30, 0)) == 1
    assert compare(rain(0, 5), rain(0, -5)) == 0
    assert (smaller(rain(1, 0), rain(2, 0)), larger(rain(1, 0), rain(2, 0))) == (rain(1, 0), rain(2, 0))
