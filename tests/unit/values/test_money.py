"""Money is exact: what would lose a digit raises, and the roundings that may lose one have names."""

from __future__ import annotations

import decimal
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.values import money
from flatbook.values.money import (
    NumberRefused,
    Quantity,
    cents_of,
    check_chain_number,
    check_number,
    cut,
    divide_cut,
    from_base_units,
    lower_to,
    parse_number,
    plain,
    raise_to,
    scaled_integer,
    significant_decimals,
    to_base_units,
)

LOSSES: dict[str, Callable[[], object]] = {
    "a third": lambda: Decimal(1) / 3,
    "a root": lambda: Decimal(2).sqrt(),
    "a quantize that drops a digit": lambda: Decimal("1.05").quantize(Decimal("0.1")),
    "a product of 79 digits": lambda: Decimal("1" * 40) * Decimal("1" * 40),
    "a float made decimal": lambda: Decimal(0.1),  # noqa: RUF032
    "a float compared": lambda: Decimal(1) < 1.5,
    "a float added": lambda: Decimal(1) + 0.5,  # type: ignore[operator]
    "a NaN compared": lambda: Decimal("NaN") < 1,
    "a division by zero": lambda: Decimal(1) / 0,
    "a sum of 79 digits": lambda: Decimal("1e78") + Decimal("0.1"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_an_operation_that_would_lose_a_digit_raises(name: str) -> None:
    with pytest.raises((ArithmeticError, TypeError)):
        LOSSES[name]()


@pytest.mark.parametrize("name", LOSSES)
def test_an_operation_that_would_lose_a_digit_raises_in_a_new_thread(name: str) -> None:
    seen: list[BaseException | None] = []

    def run() -> None:
        try:
            LOSSES[name]()
            seen.append(None)
        except (ArithmeticError, TypeError) as error:
            seen.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert isinstance(seen[0], (ArithmeticError, TypeError))


def test_the_threads_of_a_pool_have_the_trapping_context() -> None:
    with ThreadPoolExecutor(max_workers=1) as pool:
        assert pool.submit(lambda: decimal.getcontext().prec).result() == 78
        assert pool.submit(lambda: decimal.getcontext().traps[decimal.Inexact]).result()


def test_the_context_has_78_digits_and_five_traps() -> None:
    context = money.trapping_context()
    assert context.prec == 78
    assert sorted(signal.__name__ for signal, on in context.traps.items() if on) == [
        "DivisionByZero",
        "FloatOperation",
        "Inexact",
        "InvalidOperation",
        "Overflow",
    ]


def test_a_named_rounding_leaves_the_context_as_it_was() -> None:
    cut(Decimal("1.009"), decimals=2)
    with pytest.raises(decimal.Inexact):
        Decimal(1) / 3


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", "0"), ("-0.5", "-0.5"), ("+1", "1"), ("1e-8", "1E-8"), ("1E3", "1E+3"), (".5", "0.5"), ("5.", "5")],
)
def test_a_number_of_the_wire_is_read_exactly(text: str, number: str) -> None:
    assert parse_number(text).as_tuple() == Decimal(number).as_tuple()


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1 ", " 1", "NaN", "nan", "sNaN", "-NaN", "Infinity", "-inf", "1_000", "1,000", "0x10", "١٢",
        "1e", "e5", ".", "--1", "1e99999", "1e400", "1" * 39, "0.1234567890123456789", "1" * 97, "1e-19",
    ],
)  # fmt: skip
def test_what_is_no_number_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(NumberRefused):
        parse_number(text)


@pytest.mark.parametrize("thing", [1, 1.5, None, b"1", Decimal(1)])
def test_a_number_must_come_as_text(thing: object) -> None:
    with pytest.raises(NumberRefused, match="text"):
        parse_number(thing)  # type: ignore[arg-type]


def test_a_number_of_67_digits_is_refused_and_named() -> None:
    digits = "1" * 67
    with pytest.raises(NumberRefused, match="67 integer digits"):
        parse_number(digits)
    with pytest.raises(NumberRefused):
        check_number(Decimal(digits))


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_refused(number: str) -> None:
    for check in (check_number, check_chain_number):
        with pytest.raises(NumberRefused, match="finite"):
            check(Decimal(number))


@pytest.mark.parametrize(
    "number", ["1" * 38, "0." + "1" * 18, "1" * 20 + "." + "1" * 18, "1E+37", "0E-400", "1." + "0" * 60]
)
def test_a_number_within_38_digits_and_18_decimals_passes_unchanged(number: str) -> None:
    assert check_number(Decimal(number)).as_tuple() == Decimal(number).as_tuple()


@pytest.mark.parametrize("number", ["1" * 39, "0." + "0" * 18 + "1", "1" * 21 + "." + "1" * 18, "1E+38"])
def test_a_number_beyond_38_digits_or_18_decimals_is_refused(number: str) -> None:
    with pytest.raises(NumberRefused, match="out of bounds"):
        check_number(Decimal(number))


def test_an_onchain_amount_may_have_18_integer_and_36_fractional_digits() -> None:
    longest = Decimal("9" * 18 + "." + "9" * 36)
    assert check_chain_number(longest) is longest
    for text in ("1" * 19, "0." + "0" * 36 + "1", "1" * 18 + "." + "1" * 37):
        with pytest.raises(NumberRefused):
            check_chain_number(Decimal(text))


@pytest.mark.parametrize(
    ("number", "decimals"),
    [("0", 0), ("0.00", 0), ("10", 0), ("1E+5", 0), ("1.50", 2 - 1), ("1.05", 2), ("-0.001", 3), ("100E-1", 0)],
)
def test_trailing_zeros_are_no_decimals(number: str, decimals: int) -> None:
    assert significant_decimals(Decimal(number)) == decimals


def test_base_units_convert_exactly_both_ways() -> None:
    largest = 2**256 - 1
    assert from_base_units(10_750_000, decimals=6) == Decimal("10.75")
    assert to_base_units(Quantity(Decimal("10.75")), decimals=6) == 10_750_000
    assert to_base_units(from_base_units(largest, decimals=18), decimals=18) == largest
    assert to_base_units(from_base_units(-largest, decimals=36), decimals=36) == -largest
    assert to_base_units(Quantity(Decimal("1E+3")), decimals=0) == 1000


def test_a_quantity_with_more_decimals_than_the_token_is_not_cut_in_silence() -> None:
    with pytest.raises(NumberRefused, match="more than 6 decimals"):
        to_base_units(Quantity(Decimal("0.0000001")), decimals=6)


def test_each_rounding_goes_where_its_name_says() -> None:
    up, down = Decimal("1.009"), Decimal("-1.009")
    assert [cut(up, decimals=2), cut(down, decimals=2)] == [Decimal("1.00"), Decimal("-1.00")]
    assert [raise_to(up, decimals=2), raise_to(down, decimals=2)] == [Decimal("1.01"), Decimal("-1.00")]
    assert [lower_to(up, decimals=2), lower_to(down, decimals=2)] == [Decimal("1.00"), Decimal("-1.01")]
    assert [scaled_integer(up, decimals=2), scaled_integer(down, decimals=2)] == [100, -100]


def test_a_ratio_is_cut_toward_zero() -> None:
    assert divide_cut(Decimal(1), Decimal(3), decimals=4) == Decimal("0.3333")
    assert divide_cut(Decimal(-2), Decimal(3), decimals=4) == Decimal("-0.6666")
    assert divide_cut(Decimal(1), Decimal("-0.3"), decimals=2) == Decimal("-3.33")
    assert divide_cut(Decimal(0), Decimal("-0.3"), decimals=2) == 0
    with pytest.raises(decimal.DivisionByZero):
        divide_cut(Decimal(1), Decimal("0.00"), decimals=2)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.00", "0"),
        ("-0", "0"),
        ("1E+5", "100000"),
        ("1.500", "1.5"),
        ("100", "100"),
        ("1E-7", "0.0000001"),
        ("-2.0", "-2"),
    ],
)
def test_a_number_is_written_plainly(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_a_ratio_is_cut_to_the_digit_whatever_its_size() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        top = Decimal(chance.randrange(10 ** chance.choice((1, 9, 38)))).scaleb(-chance.choice((0, 2, 18, 30)))
        bottom = Decimal(1 + chance.randrange(10 ** chance.choice((1, 9, 38)))).scaleb(-chance.choice((0, 2, 18, 30)))
        decimals = chance.choice((0, 2, 18))
        exact = Fraction(top) / Fraction(bottom)
        if exact < 10**40:
            cut_off = divide_cut(top, -bottom, decimals=decimals)
            assert cut_off == -Decimal(int(exact * 10**decimals)).scaleb(-decimals)
            assert cut_off.as_tuple().exponent == -decimals
            assert not (cut_off == 0 and cut_off.is_signed())


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("0.004", "0.004", "0.004"), ("0.01", "0.00", "0.00")),
        (("1.006", "-0.002", "0.006"), ("1.00", "0.00", "0.01")),
        (("0.005", "-0.005"), ("0.01", "-0.01")),
        (("2.592", "-4.2735", "-2.3451558", "0"), ("2.59", "-4.27", "-2.35", "0.00")),
        (("-0.004",), ("0.00",)),
        ((), ()),
    ],
)
def test_parts_in_cents_add_up_to_their_sum_in_cents(parts: tuple[str, ...], told: tuple[str, ...]) -> None:
    assert [f"{each:f}" for each in cents_of([Decimal(part) for part in parts])] == list(told)


@given(st.lists(st.decimals(-99, 99, places=4), max_size=9))
def test_no_part_in_cents_is_further_from_itself_than_a_cent(parts: list[Decimal]) -> None:
    told = cents_of(parts)
    assert all(abs(cents - part) < Decimal("0.01") for cents, part in zip(told, parts, strict=True))
    assert abs(sum(told, Decimal(0)) - sum(parts, Decimal(0))) <= Decimal("0.005")
