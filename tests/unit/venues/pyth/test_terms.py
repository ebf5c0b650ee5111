"""When a price of the oracle is doubted."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events.prices import PriceDoubt
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.venues.pyth.price import OraclePrice
from flatbook.venues.pyth.terms import Feed, doubts_of
from tests.unit.venues.pyth.sample import AT, COIN, ETH, TERMS

OPEN = instant_of_text("2025-12-02T14:30:00Z")
CLOSE = instant_of_text("2025-12-02T21:00:00Z")


def doubts(published_at: Instant, at: Instant, *, feed: str = COIN, **changes: object) -> tuple[PriceDoubt, ...]:
    stated = {"price": Decimal(250), "confidence": Decimal("0.25"), "is_average": False, **changes}
    return doubts_of(OraclePrice(feed=feed, published_at=published_at, **stated), at, TERMS)  # type: ignore[arg-type]


def test_a_fresh_price_of_the_session_is_not_doubted() -> None:
    assert doubts(AT, AT) == ()
    assert doubts(later(AT, seconds=-60), AT) == ()
    assert doubts(later(AT, seconds=5), AT) == ()


def test_a_price_is_stale_beyond_its_bound_and_in_the_future_beyond_a_few_seconds() -> None:
    assert doubts(Instant(later(AT, seconds=-60) - 1), AT) == (PriceDoubt.STALE,)
    assert doubts(Instant(later(AT, seconds=5) + 1), AT) == (PriceDoubt.IN_FUTURE,)


@pytest.mark.parametrize(
    ("published_at", "at"),
    [
        (later(CLOSE, seconds=-1), CLOSE),
        (later(CLOSE, seconds=10), later(CLOSE, seconds=12)),
        (later(OPEN, seconds=-1), OPEN),
    ],
)
def test_the_price_of_a_share_counts_in_the_session_it_was_published_in(published_at: Instant, at: Instant) -> None:
    """Seconds apart, so that age alone would not tell: the last regular price stands still after the close."""
    assert doubts(published_at, at) == (PriceDoubt.OTHER_SESSION,)
    assert doubts(published_at, at, feed=ETH) == ()


def test_the_regular_price_of_friday_is_old_and_of_another_session_on_sunday() -> None:
    friday, sunday = (instant_of_text(f"2025-12-{day}Z") for day in ("05T20:59:59", "07T23:30:00"))
    assert doubts(friday, sunday) == (PriceDoubt.STALE, PriceDoubt.OTHER_SESSION)


def test_a_day_beyond_the_calendar_is_of_no_known_session() -> None:
    at = instant_of_text("2100-01-04T15:00:00Z")
    assert doubts(at, at) == (PriceDoubt.OTHER_SESSION,)


def test_a_wide_price_an_average_and_one_at_zero_are_doubted() -> None:
    assert doubts(AT, AT, confidence=Decimal("1.25")) == ()
    assert doubts(AT, AT, confidence=Decimal("1.26")) == (PriceDoubt.WIDE,)
    assert doubts(AT, AT, is_average=True) == (PriceDoubt.AVERAGE,)
    assert doubts(AT, AT, price=Decimal(0)) == (PriceDoubt.WIDE, PriceDoubt.NOT_POSITIVE)
    assert doubts(AT, AT, price=Decimal(-250)) == (PriceDoubt.NOT_POSITIVE,)


def test_a_feed_has_an_id_of_32_bytes() -> None:
    with pytest.raises(ValueError, match="is no id"):
        Feed(id="0x" + "AB" * 32)
