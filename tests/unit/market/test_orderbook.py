"""The observed book against one that sorts everything anew after each change."""

from __future__ import annotations

from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from flatbook.market.orderbook import WALK_MAX, Cost, OrderBook, Touch

SIDES = st.sampled_from((1, -1))
CHANGES = st.lists(st.tuples(SIDES, st.integers(1, 3 * WALK_MAX), st.integers(0, 3)), max_size=80)


def filled(bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> OrderBook:
    book = OrderBook()
    book.replace(bids, asks)
    return book


BOOK = filled([(99, 5), (100, 2), (97, 1)], [(103, 4), (102, 3), (200, 9)])


@given(messages=st.lists(CHANGES, max_size=8))
def test_a_message_changes_a_book_as_its_levels_do_one_by_one(messages: list[list[tuple[int, int, int]]]) -> None:
    book, other = OrderBook(), OrderBook()
    for changes in messages:
        bids, asks = ([(price, size) for side, price, size in changes if side == sign] for sign in (1, -1))
        book.change(bids, asks)
        for price, size in bids:
            other.set_bid(price, size)
        for price, size in asks:
            other.set_ask(price, size)
        assert (list(book.bids()), list(book.asks())) == (list(other.bids()), list(other.asks()))
        assert (book.best_bid, book.best_ask) == (other.best_bid, other.best_ask)
        assert book.touch() == other.touch()


def test_prices_that_a_market_has_left_are_forgotten() -> None:
    book = filled([(1, 1)], [(10**6, 1)])
    for price in range(1_000, 9_000):
        book.change([(price, 5), (price - 1, 0)], [(price + 3, 2), (price + 2, 0)])
    assert (list(book.bids()), list(book.asks())) == ([(8_999, 5), (1, 1)], [(9_002, 2), (10**6, 1)])
    for price in range(8_999, 2_000, -1):
        book.change([(price - 1, 5), (price, 0)], [(price + 2, 2), (price + 3, 0)])
    assert (list(book.bids()), list(book.asks())) == ([(2_000, 5), (1, 1)], [(2_003, 2), (10**6, 1)])
    assert getsizeof(book._bids) < 40_000
    assert getsizeof(book._asks) < 40_000


@given(changes=CHANGES)
def test_whatever_changes_the_best_of_each_side_and_all_levels_are_those_of_a_sorted_book(
    changes: list[tuple[int, int, int]],
) -> None:
    book, plain = OrderBook(), {1: dict[int, int](), -1: dict[int, int]()}
    for sign, price, size in changes:
        (book.set_bid if sign > 0 else book.set_ask)(price, size)
        plain[sign] = {at: left for at, left in (plain[sign] | {price: size}).items() if left}
        bids, asks = sorted(plain[1].items(), reverse=True), sorted(plain[-1].items())
        assert (list(book.bids()), list(book.asks())) == (bids, asks)
        assert (book.best_bid, book.best_ask) == (bids[0][0] if bids else 0, asks[0][0] if asks else 0)
        assert book.is_crossed == bool(bids and asks and bids[0][0] >= asks[0][0])


@given(before=CHANGES, bids=CHANGES, asks=CHANGES)
def test_levels_set_at_once_leave_the_book_that_they_leave_one_by_one(
    before: list[tuple[int, int, int]], bids: list[tuple[int, int, int]], asks: list[tuple[int, int, int]]
) -> None:
    at_once, one_by_one = OrderBook(), OrderBook()
    for book in (at_once, one_by_one):
        for sign, price, size in before:
            (book.set_bid if sign > 0 else book.set_ask)(price, size)
    at_once.change([(price, size) for _, price, size in bids], [(price, size) for _, price, size in asks])
    for _, price, size in bids:
        one_by_one.set_bid(price, size)
    for _, price, size in asks:
        one_by_one.set_ask(price, size)
    at_once.set_ask(3 * WALK_MAX + 1, 1)  # what the book keeps for itself agrees as well
    one_by_one.set_ask(3 * WALK_MAX + 1, 1)
    assert (at_once.best_bid, at_once.best_ask) == (one_by_one.best_bid, one_by_one.best_ask)
    assert (list(at_once.bids()), list(at_once.asks())) == (list(one_by_one.bids()), list(one_by_one.asks()))


def test_a_snapshot_forgets_what_was_there_and_leaves_out_empty_levels() -> None:
    book = filled([(9, 9)], [(11, 11)])
    book.replace([(5, 1), (6, 0)], [(8, 2)])
    assert (list(book.bids()), list(book.asks()), book.touch()) == ([(5, 1)], [(8, 2)], Touch(5, 1, 8, 2))


def test_an_empty_side_has_no_touch() -> None:
    assert filled([(5, 1)], []).touch() is None
    assert OrderBook().touch() is None


def test_a_level_beyond_the_walk_is_found_when_the_best_goes() -> None:
    book = filled([(500, 1), (7, 2)], [(501, 1), (9_000, 3)])
    book.set_bid(500, 0)
    book.set_ask(501, 0)
    assert book.touch() == Touch(7, 2, 9_000, 3)


def test_depth_is_counted_up_to_a_distance_from_the_best() -> None:
    assert [BOOK.depth_within(1, ticks) for ticks in (0, 1, 2, 3)] == [2, 7, 7, 8]
    assert [BOOK.depth_within(-1, ticks) for ticks in (0, 1, 97, 98)] == [3, 7, 7, 16]
    assert BOOK.imbalance(1) == (7, 7)


def test_the_cost_of_an_order_is_the_exact_sum_over_the_levels_it_takes() -> None:
    assert BOOK.cost_to_fill(1, 5) == Cost(5, 3 * 102 + 2 * 103, 103)
    assert BOOK.cost_to_fill(-1, 8) == Cost(8, 2 * 100 + 5 * 99 + 97, 97)
    assert BOOK.cost_to_fill(1, 100) == Cost(16, 3 * 102 + 4 * 103 + 9 * 200, 200)
    assert OrderBook().cost_to_fill(1, 5) == Cost(0, 0, 0)
