"""The named roundings against fractions: each is the nearest value on its side, and nothing is lost on the way."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from flatbook.values.instants import Instant, instant_of_text, text_of_instant
from flatbook.values.instruments import Side, TradingRules, collared_limit, floor_to_lot, round_to_tick
from flatbook.values.money import (
    NumberRefused,
    Price,
    Quantity,
    check_number,
    cut,
    divide_cut,
    from_base_units,
    lower_to,
    parse_number,
    plain,
    raise_to,
    scaled_integer,
    to_base_units,
)

COEFFICIENTS = st.integers(-(10**38) + 1, 10**38 - 1)
NUMBERS = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), COEFFICIENTS, st.integers(0, 18))
DIGITS = st.lists(st.integers(0, 9), min_size=1, max_size=100).map(tuple)
ANY_DECIMALS = st.builds(
    lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
    st.integers(0, 1),
    DIGITS,
    st.one_of(st.integers(-60, 60), st.sampled_from(["n", "N", "F"])),
)
PLACES = st.integers(0, 18)
AMOUNTS = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 10**20), st.integers(0, 12))
STEPS = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(1, 10**4), st.integers(0, 9))


def units(number: Decimal, places: int) -> Fraction:
    return Fraction(number) * 10**places


@given(NUMBERS, PLACES)
def test_cut_goes_toward_zero_raise_up_and_lower_down(number: Decimal, places: int) -> None:
    exact = units(number, places)
    assert units(cut(number, decimals=places), places) == math.trunc(exact)
    assert units(raise_to(number, decimals=places), places) == math.ceil(exact)
    assert units(lower_to(number, decimals=places), places) == math.floor(exact)
    assert scaled_integer(number, decimals=places) == math.trunc(exact)


@given(NUMBERS, NUMBERS.filter(bool), PLACES)
def test_a_ratio_is_the_true_one_cut_toward_zero(top: Decimal, bottom: Decimal, places: int) -> None:
    exact = Fraction(top) / Fraction(bottom) * 10**places
    assert units(divide_cut(top, bottom, decimals=places), places) == math.trunc(exact)


@given(AMOUNTS, STEPS)
def test_floored_and_residue_are_the_quantity(qty: Decimal, lot: Decimal) -> None:
    rules = TradingRules(tick=Decimal(1), lot=lot, qty_min=lot, notional_min=Decimal(0))
    floored, residue = floor_to_lot(Quantity(qty), rules)
    assert floored + residue == qty
    assert 0 <= residue < lot
    assert (Fraction(floored) / Fraction(lot)).denominator == 1


@given(AMOUNTS.filter(lambda px: px > 1), STEPS, st.sampled_from(Side))
def test_a_rounded_price_is_on_the_grid_and_no_worse_for_being_filled(px: Decimal, tick: Decimal, side: Side) -> None:
    rules = TradingRules(tick=tick, lot=Decimal(1), qty_min=Decimal(1), notional_min=Decimal(0))
    try:
        rounded = round_to_tick(px, side=side, rules=rules)
    except ValueError:
        assert side is Side.SELL
        assert px < tick
        return
    assert (Fraction(rounded) / Fraction(tick)).denominator == 1
    assert 0 <= (rounded - px) * side.sign < tick


@given(AMOUNTS.filter(lambda px: px > 100), st.integers(0, 5000), st.sampled_from(Side))
def test_a_collared_limit_is_at_most_a_tick_outside_its_collar(px: Decimal, bps: int, side: Side) -> None:
    rules = TradingRules(tick=Decimal("0.01"), lot=Decimal(1), qty_min=Decimal(1), notional_min=Decimal(0))
    limit = collared_limit(Price(px), side=side, collar_bps=bps, rules=rules)
    beyond = (Fraction(limit) - Fraction(px) * (1 + Fraction(side.sign * bps, 10_000))) * side.sign
    assert 0 <= beyond < Fraction(1, 100)


@given(st.integers(-(2**256) + 1, 2**256 - 1), st.integers(0, 36))
def test_base_units_go_out_and_back(raw: int, decimals: int) -> None:
    quantity = from_base_units(raw, decimals=decimals)
    assert Fraction(quantity) == Fraction(raw, 10**decimals)
    assert to_base_units(quantity, decimals=decimals) == raw


@given(NUMBERS)
def test_what_is_written_plainly_is_read_as_the_same_number(number: Decimal) -> None:
    text = plain(number)
    assert parse_number(text) == number
    assert "E" not in text
    assert plain(parse_number(text)) == text


@given(ANY_DECIMALS)
def test_a_checked_number_is_finite_and_short_enough(number: Decimal) -> None:
    try:
        kept = check_number(number)
    except NumberRefused:
        return
    assert kept.is_finite()
    assert abs(Fraction(kept)) < 10**38  # a fraction of a NaN or an infinity raises
    assert (Fraction(kept) * 10**18).denominator == 1


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        parse_number(text)
    except NumberRefused:
        return
    assert text.isascii()


@given(st.integers(-62_135_596_800 * 10**9, 253_402_300_799 * 10**9 + 999_999_999))
def test_an_instant_goes_out_and_back(at: int) -> None:
    assert instant_of_text(text_of_instant(Instant(at))) == at
