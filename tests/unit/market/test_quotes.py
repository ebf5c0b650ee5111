"""The newest quote of each source is kept, whatever a source says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.market.quotes import Market, Quote
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant, instant_of_seconds, later
from flatbook.values.money import Price

COIN, BARS, POOL = Underlying("COIN"), SourceId("bars"), SourceId("pool")
AT = instant_of_seconds(1_764_685_800)


def quote(price: str, seconds: int = 0, seen_after_s: int = 0) -> Quote:
    happened_at = later(AT, seconds=seconds)
    return Quote(
        price=Price(Decimal(price)), happened_at=happened_at, seen_at=Instant(later(happened_at, seconds=seen_after_s))
    )


def test_an_older_quote_does_not_replace_a_newer_one() -> None:
    market = Market()
    assert market.write(COIN, BARS, quote("250", 10))
    assert not market.write(COIN, BARS, quote("249", 9))
    assert market.write(COIN, BARS, quote("251", 10))
    assert market.quote(COIN, BARS) == quote("251", 10)


def test_each_source_and_underlying_has_its_own_quote() -> None:
    market = Market()
    market.write(COIN, BARS, quote("250"))
    market.write(Underlying("HOOD"), BARS, quote("110"))
    market.write(COIN, POOL, quote("251"))
    assert market.quote(COIN, BARS) == quote("250")
    assert market.quote(COIN, SourceId("none")) is None


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "sNaN", "Infinity", "1e12", "1" * 67, "0.0000000000000000001"])
def test_a_price_that_cannot_be_is_refused_and_the_held_one_stays(price: str) -> None:
    market = Market()
    market.write(COIN, BARS, quote("250"))
    with pytest.raises(ValueError, match=r"out of bounds|finite"):
        market.write(COIN, BARS, quote(price, 1))
    assert market.quote(COIN, BARS) == quote("250")


def test_a_quote_from_the_future_is_not_kept_for_it_would_never_grow_old() -> None:
    market = Market()
    assert market.write(COIN, BARS, quote("250", 0, seen_after_s=-5))
    assert not market.write(COIN, BARS, quote("1", 3600, seen_after_s=-6))
    assert market.write(COIN, BARS, quote("251", 1))
