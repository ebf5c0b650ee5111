"""What a venue may state as an amount, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.venues.amounts import Stated, above_zero, amount_of, not_negative


@pytest.mark.parametrize("stated", ["2.50", Decimal("2.50")])
def test_a_number_is_read_exactly_from_a_text_or_a_decimal(stated: Stated) -> None:
    assert [str(read(stated)) for read in (amount_of, above_zero, not_negative)] == ["2.50"] * 3


def test_whole_numbers_and_those_below_zero_are_amounts_too() -> None:
    assert (amount_of(7), amount_of("-0.5"), not_negative("0")) == (Decimal(7), Decimal("-0.5"), Decimal(0))


@pytest.mark.parametrize("stated", ["0", "-1", 0, Decimal(0), "", "NaN", "1,000", Decimal("Infinity"), "0." + "1" * 19])
def test_what_is_not_above_zero_or_no_number_that_can_be_kept_is_refused(stated: Stated) -> None:
    with pytest.raises(ValueError, match=r"."):
        above_zero(stated)


@pytest.mark.parametrize("stated", ["-0.000001", Decimal(-1)])
def test_what_is_below_zero_is_refused_where_nothing_may_be(stated: Stated) -> None:
    with pytest.raises(ValueError, match="below zero"):
        not_negative(stated)
