"""A book that lies too far from the mark of its venue is not quoted on, and neither is one without a fresh mark."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.engine.observe import Observations, Sight
from flatbook.market.orderbook import OrderBook, Touch
from flatbook.strategies.decision import Series
from flatbook.strategies.quoting import Seat
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Product
from tests.unit.engine.quote_scene import LIMITS, OWNER, START, instrument, rules_of

PERP = instrument(Product.LINEAR_PERP)


class Seen:
    """What a seat with a band of 100 basis points sees of a market at 1000."""

    def __init__(self, band_bps: int | None = 100) -> None:
        self.book = OrderBook()
        seat = Seat(owner=OWNER, instruments=(PERP,), params=None, decide=lambda *_: None)  # type: ignore[arg-type]
        rules = rules_of(seat, replace(LIMITS, sanity_bps_max=band_bps))
        self.sights = Observations(rules, {PERP.id: self.book})
        self.now: Instant = START

    def show(self, bid: int, ask: int, *, after_s: int = 0) -> Touch | None:
        self.now = later(self.now, seconds=after_s)
        self.book.replace([(bid, 1)], [(ask, 1)])
        self.sights.saw_book(PERP.id, self.now)
        return self.sights.touch(PERP.id)

    def mark(self, ticks: int) -> None:
        self.sights.saw_value(PERP.id, Series.MARK, ticks)


def test_a_book_is_shown_within_the_band_and_at_its_edge_and_not_beyond() -> None:
    seen = Seen()
    assert seen.show(999, 1_001) is None
    seen.mark(1_000)
    assert seen.show(999, 1_001) == Touch(999, 1, 1_001, 1)
    assert seen.show(1_009, 1_011) == Touch(1_009, 1, 1_011, 1)
    assert seen.show(1_010, 1_011) is None
    assert seen.show(988, 991) is None
    assert seen.show(989, 991) == Touch(989, 1, 991, 1)


def test_a_mark_that_is_old_is_none() -> None:
    seen = Seen()
    seen.show(999, 1_001)
    seen.mark(1_000)
    assert seen.show(999, 1_001, after_s=30) is not None
    assert seen.show(999, 1_001, after_s=1) is None
    seen.mark(1_000)
    assert seen.show(999, 1_001) is not None


def test_without_a_band_nothing_is_compared() -> None:
    assert Seen(band_bps=None).show(999, 1_001) == Touch(999, 1, 1_001, 1)


@given(bid=st.integers(1, 10**9), width=st.integers(1, 1_000), mark=st.integers(1, 10**9), bps=st.integers(1, 10_000))
def test_the_band_is_that_of_the_middle_around_the_mark(bid: int, width: int, mark: int, bps: int) -> None:
    sight = Sight(OrderBook(), 1)
    sight.band_bps, sight.values = bps, {Series.MARK: mark}
    middle = Fraction(2 * bid + width, 2)
    assert sight.is_sane(bid, bid + width, Instant(0)) == (abs(middle - mark) <= Fraction(mark * bps, 10_000))
