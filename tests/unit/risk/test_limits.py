"""Which limits an operator may set: those that there are, and none looser than it is configured."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.risk.limits import Limits, tightened, why_not_told

LIMITS = Limits(
    order_notional_usd_max=Decimal(25_000),
    order_shares_max=Decimal(50),
    collar_bps_max=150,
    second_bps_max=1_200,
    price_age_s_max=300,
    day_loss_usd_max=Decimal(10_000),
    open_orders_max=60,
    orders_per_minute_max=400,
)

LOOSER = "order_shares_max must be above zero and at most 50, as configured: more needs a new start"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("order_shares_max", "50", None),
        ("order_shares_max", "0.5", None),
        ("open_orders_max", "1", None),
        ("order_shares_max", "50.1", LOOSER),
        ("order_shares_max", "0", LOOSER),
        ("open_orders_max", "1.5", "open_orders_max is counted: it must be a whole number"),
        ("order_shares_max", "configured", "order_shares_max is as it is configured already"),
        ("collar_bps_max", "configured", None),
    ],
)
def test_a_limit_is_set_within_what_is_configured(name: str, text: str, why: str | None) -> None:
    assert why_not_told(LIMITS, {"collar_bps_max": Decimal(100)}, name, text) == why


def test_what_is_no_limit_or_no_number_is_named() -> None:
    assert (why_not_told(LIMITS, {}, "nothing", "1") or "").startswith("no limit is called 'nothing': order_notional")
    assert (why_not_told(LIMITS, {}, "order_shares_max", "many") or "").startswith("to must be a number, or configured")


def test_a_limit_that_was_told_counts_where_it_is_the_smaller_one() -> None:
    told = tightened(LIMITS, {"order_shares_max": Decimal(5), "open_orders_max": Decimal(600)})
    assert (told.order_shares_max, told.open_orders_max) == (Decimal(5), 60)
