"""Which change follows a book, by the numbers of the venue: spot and USD-M number differently."""

from __future__ import annotations

import pytest

from flatbook.market.depth import Depth, Follows
from flatbook.venues.binance.books import futures_rule, spot_rule

NEXT, OLD, GAP = Follows.NEXT, Follows.OLD, Follows.GAP


@pytest.mark.parametrize(
    ("is_fresh", "first", "last", "follows"),
    [
        (True, 90, 100, OLD),
        (True, 90, 101, NEXT),
        (True, 101, 105, NEXT),
        (True, 102, 105, GAP),
        (False, 101, 105, NEXT),
        (False, 100, 105, GAP),
        (False, 102, 105, GAP),
        (False, 95, 100, OLD),
    ],
)
def test_a_change_of_spot_covers_the_number_after_the_book_and_each_later_one_begins_there(
    is_fresh: bool, first: int, last: int, follows: Follows
) -> None:
    assert spot_rule(100, is_fresh, Depth([], [], first, last)) is follows


@pytest.mark.parametrize(
    ("is_fresh", "first", "last", "before", "follows"),
    [
        (True, 90, 99, 89, OLD),
        (True, 90, 100, 89, NEXT),
        (True, 100, 105, 98, NEXT),
        (True, 101, 105, 99, GAP),
        (True, 103, 105, 100, NEXT),
        (False, 101, 105, 100, NEXT),
        (False, 101, 105, 99, GAP),
        (False, 90, 100, 89, OLD),
    ],
)
def test_a_change_of_usd_m_covers_the_number_of_the_book_and_each_later_one_names_the_one_before_it(
    is_fresh: bool, first: int, last: int, before: int, follows: Follows
) -> None:
    assert futures_rule(100, is_fresh, Depth([], [], first, last, before)) is follows
