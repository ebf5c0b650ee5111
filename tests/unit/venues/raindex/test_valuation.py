"""Shares, prices and ratios at the borders of their digits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.values.money import NumberRefused
from flatbook.venues.raindex.valuation import RatioRefused, price_of, ratio_of_wrapper, shares_of


def test_a_wrapper_states_its_ratio_in_base_units() -> None:
    assert ratio_of_wrapper(1_050_000_000_000_000_000) == Decimal("1.05")
    assert ratio_of_wrapper(1) == Decimal("1e-18")


@pytest.mark.parametrize("answer", [0, -1, 10**24, 2**256 - 1])
def test_a_ratio_that_cannot_be_is_refused(answer: int) -> None:
    with pytest.raises(RatioRefused):
        ratio_of_wrapper(answer)


def test_the_widest_amount_at_the_widest_ratio_is_exact() -> None:
    tokens = Decimal("12345678901234.123456789012345678901234567890123456")
    assert shares_of(tokens, Decimal("999999.999999999999999999")) == Decimal("12345678901234123456.789")


def test_shares_with_too_many_digits_are_refused() -> None:
    with pytest.raises(NumberRefused):
        shares_of(Decimal(999999999999999999), Decimal("999999.000000000000000001"))


def test_a_price_is_cut_and_never_rounded_up() -> None:
    assert price_of(Decimal(100), Decimal(9), Decimal(1)) == Decimal("11.111111111111111111")
    assert price_of(Decimal(2), Decimal(3), Decimal(1)) == Decimal("0.666666666666666666")
    with pytest.raises(NumberRefused):
        price_of(Decimal(10**17), Decimal("1e-18"), Decimal("0.0001"))
