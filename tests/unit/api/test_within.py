"""What a request may ask for: days that have instants, in order."""

from __future__ import annotations

from datetime import date

import pytest

from flatbook.api.problems import Code, Problem
from flatbook.api.within import scope_of


@pytest.mark.parametrize("day", [date(96, 6, 2), date(2006, 12, 31), date(2262, 1, 1), date(9999, 12, 31)], ids=str)
def test_a_day_without_instants_is_refused_and_the_years_are_told(day: date) -> None:
    for first, last in ((day, None), (None, day)):
        with pytest.raises(Problem, match="outside the years 2007 to 2261") as refused:
            scope_of(None, None, first, last)
        assert refused.value.code is Code.INVALID


def test_days_at_the_ends_of_the_years_are_taken() -> None:
    scope = scope_of(None, None, date(2007, 1, 1), date(2261, 12, 31))
    assert (scope.first, scope.last) == (date(2007, 1, 1), date(2261, 12, 31))


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(Problem, match="the last day is before the first"):
        scope_of(None, None, date(2025, 12, 9), date(2025, 12, 3))
