"""Laws of Rain Float, against Python's own exact integers and fractions."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from flatbook.venues.raindex.rain_float import (
    EXPONENT_MAX,
    EXPONENT_MIN,
    FloatRefused,
    RainFloat,
    add,
    ceil,
    compare,
    divide,
    float_of_text,
    floor,
    fraction_part,
    from_fixed_decimal,
    integer_part,
    minus,
    multiply,
    pack,
    pack_lossy,
    subtract,
    text_of_float,
    to_fixed_decimal,
    unpack,
)

KEPT = Fraction(1, 10**66)
raws = st.binary(min_size=32, max_size=32)
coefficients = st.integers(-(2**223), 2**223 - 1)
small = st.builds(
    lambda c, e: RainFloat(coefficient=c, exponent=e), st.integers(-(10**40), 10**40), st.integers(-60, 60)
)
near = st.builds(lambda c, e: RainFloat(coefficient=c, exponent=e), st.integers(-(10**20), 10**20), st.integers(-18, 6))


def exact(value: RainFloat) -> Fraction:
    return Fraction(value.coefficient) * Fraction(10) ** value.exponent


def is_cut(found: RainFloat, wanted: Fraction) -> bool:
    """True when `found` is `wanted` with only digits beyond the 66th cut toward zero."""
    lost = abs(wanted) - abs(exact(found))
    return 0 <= lost <= abs(wanted) * KEPT and (not wanted or (exact(found) < 0) == (wanted < 0))


@given(raws)
def test_every_thirty_two_bytes_are_a_number_and_pack_to_the_same_bytes(raw: bytes) -> None:
    value = unpack(raw)
    assert pack(value) == raw or (value.coefficient == 0 and pack(value) == bytes(32))


@given(coefficients, st.integers(EXPONENT_MIN, EXPONENT_MAX))
def test_what_fits_survives_packing(coefficient: int, exponent: int) -> None:
    value = unpack(pack(RainFloat(coefficient=coefficient, exponent=exponent)))
    assert (value.coefficient, value.exponent) == (coefficient, exponent if coefficient else 0)


@given(st.integers(-(2**255), 2**255 - 1), st.integers(-100, 100))
def test_packing_only_cuts_toward_zero_and_says_so(coefficient: int, exponent: int) -> None:
    stated = RainFloat(coefficient=coefficient, exponent=exponent)
    raw, lossless = pack_lossy(stated)
    assert is_cut(unpack(raw), exact(stated))
    assert not lossless or unpack(raw) == stated or coefficient == 0


@given(st.integers(0, 2**256 - 1), st.integers(0, 77))
def test_fixed_decimals_come_back_up_to_what_was_cut(value: int, decimals: int) -> None:
    found, lossless = from_fixed_decimal(value, decimals=decimals)
    back, _ = to_fixed_decimal(found, decimals=decimals)
    assert back == value if lossless else 0 <= value - back < 10


@given(st.one_of(small, st.builds(unpack, raws)))
def test_a_text_states_the_same_number_again(value: RainFloat) -> None:
    text = text_of_float(value, scientific=True)
    try:
        back = float_of_text(text)
    except FloatRefused:
        assume(False)
        return
    assert compare(back, value) == 0
    assert text_of_float(back, scientific=True) == text


@given(small)
def test_plain_and_scientific_text_state_one_number(value: RainFloat) -> None:
    assert Fraction(text_of_float(value)) == Fraction(text_of_float(value, scientific=True)) == exact(value)


@given(near, near)
def test_sums_and_differences_that_fit_are_exact(a: RainFloat, b: RainFloat) -> None:
    assert exact(add(a, b)) == exact(a) + exact(b)
    assert exact(subtract(a, b)) == exact(a) - exact(b)


@given(small, small)
def test_products_lose_only_the_last_digits(a: RainFloat, b: RainFloat) -> None:
    assert is_cut(multiply(a, b), exact(a) * exact(b))


@given(small, small)
def test_quotients_lose_only_the_last_digits(a: RainFloat, b: RainFloat) -> None:
    assume(b.coefficient)
    assert is_cut(divide(a, b), exact(a) / exact(b))


@given(small, small)
def test_comparison_agrees_with_exact_numbers(a: RainFloat, b: RainFloat) -> None:
    left, right = exact(a), exact(b)
    assert compare(a, b) == (left > right) - (left < right)


@given(st.builds(unpack, raws), st.builds(unpack, raws))
def test_any_two_numbers_can_be_compared_and_the_order_turns_with_them(a: RainFloat, b: RainFloat) -> None:
    assert compare(a, b) == -compare(b, a) == compare(minus(b), minus(a))


@given(near)
def test_parts_make_the_whole_and_the_borders_enclose_it(value: RainFloat) -> None:
    whole, rest = exact(integer_part(value)), exact(fraction_part(value))
    assert whole + rest == exact(value)
    assert whole.denominator == 1
    assert abs(rest) < 1
    assert exact(floor(value)) <= exact(value) <= exact(ceil(value))
    assert exact(ceil(value)) - exact(floor(value)) in (0, 1)
