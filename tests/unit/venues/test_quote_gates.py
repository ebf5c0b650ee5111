"""Which quotes are sound: narrow, uncrossed, with both sides, and young."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.values.instants import instant_of_text, later
from flatbook.venues.quote_gates import QuoteGates, middle_of, price_of

NOW = instant_of_text("2026-06-02T14:00:00Z")
GATES = QuoteGates(age_ms_max=2_000, spread_bps_max=50)


def middle(bid: str, ask: str, *, age_ms: int = 0) -> object:
    quote = middle_of(Decimal(bid), Decimal(ask), later(NOW, ms=-age_ms), gates=GATES, now=NOW)
    return None if quote is None else str(quote.price)


@pytest.mark.parametrize(
    ("bid", "ask", "price"),
    [
        ("199.50", "200.50", "200.000"),
        ("199.49", "200.51", None),
        ("200", "200", "200.0"),
        ("200.01", "200", None),
        ("0", "200", None),
        ("88.00", "0", None),
        ("117.65", "155.25", None),
        ("-1", "1", None),
    ],
)
def test_a_middle_is_given_where_both_sides_stand_close_together(bid: str, ask: str, price: str | None) -> None:
    assert middle(bid, ask) == price


def test_a_quote_that_is_older_than_allowed_is_none() -> None:
    assert middle("200", "200", age_ms=2_000) == "200.0"
    assert middle("200", "200", age_ms=2_001) is None


def test_a_price_is_above_zero_young_and_within_bounds() -> None:
    assert price_of(Decimal("12.5"), NOW, gates=GATES, now=NOW) is not None
    assert price_of(Decimal(0), NOW, gates=GATES, now=NOW) is None
    assert price_of(Decimal("12.5"), later(NOW, seconds=-3), gates=GATES, now=NOW) is None
    for absurd in ("NaN", "1e30", "1e999"):
        with pytest.raises(ValueError, match=r"."):
            price_of(Decimal(absurd), NOW, gates=GATES, now=NOW)


def test_gates_of_nothing_are_refused() -> None:
    for age_ms, spread in ((0, 50), (2_000, 0)):
        with pytest.raises(ValueError, match="above zero"):
            QuoteGates(age_ms_max=age_ms, spread_bps_max=spread)
