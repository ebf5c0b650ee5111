"""Orders match by price, then by time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.matcher.order_book import Match, OrderBook


def book_of(*orders: tuple[str, int, int, int]) -> OrderBook:
    book = OrderBook()
    for order in orders:
        book.rest(*order)
    return book


def test_the_best_price_is_hit_first_and_at_its_own_price() -> None:
    book = book_of(("a", -1, 102, 5), ("b", -1, 101, 3))
    assert book.take(1, 4, 102) == [Match("b", 101, 3), Match("a", 102, 1)]
    assert (book.best(-1), book.left("a"), book.left("b")) == (102, 4, 0)


def test_at_one_price_the_older_order_is_hit_first() -> None:
    book = book_of(("old", 1, 100, 2), ("new", 1, 100, 2))
    assert book.take(-1, 3, 100) == [Match("old", 100, 2), Match("new", 100, 1)]


def test_nothing_is_traded_beyond_the_limit() -> None:
    book = book_of(("a", -1, 101, 5), ("b", -1, 103, 5))
    assert book.take(1, 9, 102) == [Match("a", 101, 5)]
    assert book.take(1, 9, None) == [Match("b", 103, 5)]
    assert book.best(-1) is None


def test_a_canceled_order_is_gone_and_tells_what_was_left() -> None:
    book = book_of(("a", 1, 100, 7))
    book.take(-1, 2, 100)
    assert (book.cancel("a"), book.cancel("a"), book.best(1)) == (5, 0, None)


def test_an_order_rests_once_and_never_empty() -> None:
    book = book_of(("a", 1, 100, 7))
    with pytest.raises(ValueError, match="order a"):
        book.rest("a", 1, 100, 1)
    with pytest.raises(ValueError, match="of 0 lots"):
        book.rest("b", 1, 100, 0)


@given(st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(95, 105), st.integers(1, 9)), max_size=40))
def test_the_book_never_crosses_and_no_lot_is_lost(orders: list[tuple[int, int, int]]) -> None:
    book, traded = OrderBook(), 0
    for number, (sign, price, qty) in enumerate(orders):
        matched = sum(match.qty for match in book.take(sign, qty, price))
        traded += 2 * matched
        if qty > matched:
            book.rest(str(number), sign, price, qty - matched)
        bid, ask = book.best(1), book.best(-1)
        assert bid is None or ask is None or bid < ask
    resting = sum(book.left(str(number)) for number in range(len(orders)))
    assert resting + traded == sum(qty for _, _, qty in orders)
