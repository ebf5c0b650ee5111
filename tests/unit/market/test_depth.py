"""Numbers on a grid, and books that follow a stream: what is held back, dropped, lost and mended."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.market.depth import (
    HELD_MAX,
    TEXT_KNOWN_MAX,
    TEXTS_KNOWN_MAX,
    Books,
    BookSync,
    Depth,
    Follows,
    Grid,
    OffGrid,
    Unfit,
    Update,
    _Prices,
    crc_of,
    in_one_row,
    levels,
    scaled,
    text_of,
)

GRID = Grid(1, 0)


def one_by_one(last: int, _is_fresh: bool, change: Depth) -> Follows:
    if change.last <= last:
        return Follows.OLD
    return Follows.NEXT if change.last == last + 1 else Follows.GAP


def sync() -> BookSync:
    return BookSync(GRID, one_by_one)


def whole(last: int) -> Update:
    return Update("X", True, Depth([(100, 1)], [(102, 1)], last, last))


def change(last: int, price: int = 99, size: int = 5) -> Update:
    return Update("X", False, Depth([(price, size)], [], last, last))


@given(units=st.integers(0, 10**18), decimals=st.integers(0, 12))
def test_a_number_of_the_grid_is_read_as_it_is_written(units: int, decimals: int) -> None:
    text = text_of(units, decimals)
    assert (scaled(text, decimals), Decimal(text)) == (units, Decimal(units).scaleb(-decimals))
    assert scaled(text + ("0" if decimals else ""), decimals) == units


@pytest.mark.parametrize("text", ["", ".", "-1", "+1", "1e5", "1.05", "NaN", "1_0", " 1", "1,0", "٣", "0x1", "1.0.0"])
def test_what_is_no_plain_number_of_the_grid_is_refused(text: str) -> None:
    with pytest.raises(OffGrid, match="is no number with at most 1 decimals"):
        scaled(text, 1)


def test_a_number_with_more_digits_than_can_be_is_off_the_grid_and_raises_nothing_else() -> None:
    assert scaled("9" * 37 + ".5", 1) == 10**38 - 5
    for digits in (38, 5_000):
        with pytest.raises(OffGrid):
            scaled("9" * digits, 1)


def test_rows_are_read_on_their_own_grid_again_and_again() -> None:
    rows = [["100.5", "7"], ["100.50", "0"]]
    for _ in range(2):
        assert levels(rows, Grid(1, 0)) == [(1005, 7), (1005, 0)]
        assert levels(rows, Grid(3, 2)) == [(100_500, 700), (100_500, 0)]


def test_a_price_of_nothing_or_off_the_grid_is_refused_each_time_it_is_told() -> None:
    for _ in range(2):
        with pytest.raises(OffGrid, match="a price of zero is none"):
            levels([["0.0", "1"]], GRID)
        with pytest.raises(OffGrid, match="with at most 0 decimals"):
            levels([["1.0", "1.5"]], GRID)


def test_a_text_of_many_zeros_is_read_and_not_remembered() -> None:
    prices = _Prices(1)
    assert [prices["7.5"], prices["7.5" + "0" * TEXT_KNOWN_MAX]] == [75, 75]
    assert dict(prices) == {"7.5": 75}


def test_more_texts_than_are_remembered_are_read_all_the_same() -> None:
    count = TEXTS_KNOWN_MAX + 10
    rows = [[f"{number}.5", str(number)] for number in range(1, count)]
    assert levels(rows, GRID) == [(10 * number + 5, number) for number in range(1, count)]


def test_changes_before_the_whole_book_are_held_and_those_it_holds_already_are_dropped() -> None:
    book = sync()
    assert [book.take(change(last)) for last in (4, 5, 6)] == [False, False, False]
    assert book.unfit is Unfit.NO_BOOK
    assert book.take(whole(5))
    assert (book.last, book.unfit, book.dropped, list(book.book.bids())) == (6, None, 2, [(100, 1), (99, 5)])


def test_a_gap_makes_it_unfit_until_a_whole_book_comes_and_what_came_meanwhile_is_not_lost() -> None:
    book = sync()
    book.take(whole(1))
    assert not book.take(change(3))
    assert (book.unfit, book.needs_whole) == (Unfit.GAP, True)
    assert not book.take(change(4, price=98))
    assert book.take(whole(2))
    assert (book.unfit, book.last, list(book.book.bids())) == (None, 4, [(100, 1), (99, 5), (98, 5)])


def test_a_sequence_that_starts_again_changes_nothing_until_a_whole_book_of_it_comes() -> None:
    """What is not taken tells nobody that the book is young: it becomes too old to trade on, and no level is wrong."""
    book = sync()
    assert book.take(whole(1_000))
    assert book.take(change(1_001))
    assert [book.take(change(number, price=101)) for number in (0, 1, 2)] == [False] * 3
    assert (book.last, book.dropped, book.book.best_bid, book.unfit) == (1_001, 3, 100, None)
    assert book.take(whole(2))
    assert book.take(change(3, price=101))
    assert (book.last, book.book.best_bid, book.unfit) == (3, 101, None)


def test_a_crossed_book_is_not_to_be_read_and_mends_with_the_next_change() -> None:
    book = sync()
    book.take(whole(1))
    assert book.take(change(2, price=102))
    assert (book.unfit, book.needs_whole) == (Unfit.CROSSED, False)
    assert book.take(change(3, price=102, size=0))
    assert book.unfit is None


def test_a_book_that_stayed_crossed_for_too_long_is_counted_and_needs_a_whole_one() -> None:
    books = Books({"X": GRID}, one_by_one)
    for update in (whole(1), change(2, price=102)):
        books.take(update)
    books.lose_crossed("X")
    book = books.by_symbol["X"]
    assert (book.unfit, book.needs_whole, books.crossed) == (Unfit.CROSSED_TOO_LONG, True, 1)
    assert books.take(change(3, price=102, size=0)) is None
    books.take(whole(3))
    assert (book.unfit, books.crossed) == (None, 1)


def test_a_wrong_checksum_makes_it_unfit() -> None:
    book = BookSync(GRID, in_one_row, lambda held, grid: crc_of(held, grid, count=25, shown=text_of))
    depth = Depth([(100, 1)], [(102, 1)])
    book.take(Update("X", True, depth))
    right = crc_of(book.book, GRID, count=25, shown=text_of)
    book.take(Update("X", True, depth, right))
    assert book.unfit is None
    book.take(Update("X", True, depth, right + 1))
    assert book.unfit is Unfit.CHECKSUM


def test_what_is_held_has_a_bound_beyond_which_everything_is_asked_for_anew() -> None:
    book = sync()
    for last in range(HELD_MAX + 1):
        book.take(change(last + 1))
    assert book.unfit is Unfit.TOO_MANY_HELD
    book.take(whole(HELD_MAX + 1))
    assert book.unfit is None
