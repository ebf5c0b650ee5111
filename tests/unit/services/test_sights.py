"""What a desk sees of its markets, as whoever looks at it is told."""

from __future__ import annotations

from flatbook.market.quotes import Market
from flatbook.services.live_books import FIT
from flatbook.services.sights import LEVELS_MAX, market_seen
from flatbook.values.instants import text_of_instant
from tests.unit.engine.quote_scene import SPOT, START, Scene, decision


def scene() -> Scene:
    """Returns a seat at a book."""
    made = Scene(lambda _view, _params: decision())
    made.begin(bid=999, ask=1001)
    return made


def test_a_book_is_told_in_prices_with_its_spread_and_what_stands_up_to_each_level() -> None:
    made = scene()
    made.book.replace([(999, 5), (998, 7)], [(1001, 2), (1003, 4)])
    seen = market_seen(made.rules, Market(made.seen), made.seen, {SPOT.id: FIT}, (SPOT.id,), START)
    (book,) = seen.books
    assert seen.instruments == [SPOT.id]
    assert (book.instrument, book.unfit, book.spread_bps) == (SPOT.id, None, "20")
    assert (book.bid, book.ask, book.mid, book.bid_qty) == ("99.9", "100.1", "100", "0.005")
    assert [(level.price, level.total) for level in book.bids] == [("99.9", "0.005"), ("99.8", "0.012")]
    assert book.seen_at == text_of_instant(START)


def test_a_tick_between_two_high_prices_is_not_told_as_none() -> None:
    made = scene()
    made.book.replace([(1_234_567, 5)], [(1_234_568, 2)])
    seen = market_seen(made.rules, Market(made.seen), made.seen, {SPOT.id: FIT}, (SPOT.id,), START)
    assert seen.books[0].spread_bps == "0.0081"


def test_a_book_that_must_not_be_read_shows_no_price() -> None:
    made = scene()
    made.seen.saw_book(SPOT.id, START, is_fit=False)
    seen = market_seen(made.rules, Market(made.seen), made.seen, {SPOT.id: "gap"}, (), START)
    (book,) = seen.books
    assert (book.unfit, book.bid, book.ask, book.mid, book.spread_bps, book.bids) == ("gap", None, None, None, None, [])


def test_no_more_than_the_best_levels_are_told() -> None:
    made = scene()
    made.book.replace([(999 - each, 1) for each in range(50)], [(1001 + each, 1) for each in range(50)])
    seen = market_seen(made.rules, Market(made.seen), made.seen, {SPOT.id: FIT}, (SPOT.id,), START)
    assert [len(seen.books[0].bids), len(seen.books[0].asks)] == [LEVELS_MAX, LEVELS_MAX]
