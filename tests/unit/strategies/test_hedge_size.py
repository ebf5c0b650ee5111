"""What one order of a hedge may be: within risk's limits, in the account's own quote, whole where it is sold short."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.strategies.hedge import decide
from flatbook.strategies.hedge_size import OrderCaps
from flatbook.values.instants import instant_of_text, later, text_of_instant
from flatbook.values.instruments import Instrument, Product
from flatbook.values.money import Price
from flatbook.values.sessions import SessionKind
from tests.desk import HEDGE
from tests.unit.state.scene import qty
from tests.unit.strategies.scene import NOON, params, placed, quote, route, view, wanted, with_rules

OPEN = instant_of_text("2025-12-02T14:30:00Z")
EXTENDED = params(sessions=(SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE))


def caps(usd: str = "1000000", shares: str = "10000") -> OrderCaps:
    return OrderCaps(usd=Decimal(usd), shares=Decimal(shares))


# What risk lets one order be.


@pytest.mark.parametrize(
    ("cap", "lot", "answer"),
    [
        (caps("2525"), "1", "buy 10 at 252.50"),
        (caps("2524.99"), "1", "buy 9 at 252.50"),
        (caps("252.5"), "1", "buy 1 at 252.50"),
        (caps("252.49"), "1", "order_cap"),
        (caps("252.49"), "0.001", "buy 0.999 at 252.50"),
        (caps(shares="3.5"), "1", "buy 3 at 252.50"),
        (caps(shares="0.5"), "1", "order_cap"),
        (caps("505", "3"), "1", "buy 2 at 252.50"),
    ],
)
def test_an_order_is_cut_to_what_risk_lets_pass(cap: OrderCaps, lot: str, answer: str) -> None:
    assert wanted("-10", caps=cap, route=route(lot)) == answer


def test_the_tighter_cap_on_shares_counts() -> None:
    assert wanted("-10", params=params(order_shares_max=Decimal(4)), caps=caps(shares="3")) == "buy 3 at 252.50"
    assert wanted("-10", params=params(order_shares_max=Decimal(2)), caps=caps(shares="3")) == "buy 2 at 252.50"


def test_nothing_caps_an_exit() -> None:
    assert wanted("-10", caps=caps("1", "1"), flattening=True) == "buy 10 at None"


def test_a_cap_counts_contracts_by_their_shares() -> None:
    tens = msgspec.structs.replace(route().instrument, contract_size=Decimal(10))
    assert wanted("-35", caps=caps("5050"), route=route(instrument=tens)) == "buy 2 at 252.50"
    assert wanted("-35", caps=caps("2524"), route=route(instrument=tens)) == "order_cap"


# A quote that is no dollar.


@pytest.mark.parametrize(
    ("net", "mark", "answer"),
    [
        ("-10", "0.9", "buy 10 at 280.56"),
        ("10", "0.9", "sell 10 at 275.00"),
        ("-10", "1", "buy 10 at 252.50"),
        ("-10", "1.1", "buy 10 at 229.55"),
        ("10", "1.1", "sell 10 at 225.00"),
        ("-10", None, "no_mark"),
        ("10", None, "no_mark"),
    ],
)
def test_a_limit_is_in_the_quote_at_its_mark_and_without_a_mark_nothing_is_ordered(
    net: str, mark: str | None, answer: str
) -> None:
    there = route(quote_usd=None if mark is None else Price(Decimal(mark)))
    assert wanted(net, route=there) == answer


def test_cash_and_the_smallest_order_are_in_the_quote_and_the_cap_is_in_dollars() -> None:
    mark = Price(Decimal("0.9"))
    assert wanted("-10", route=route(quote_usd=mark, cash=Decimal("2805.6"))) == "buy 10 at 280.56"
    assert wanted("-10", route=route(quote_usd=mark, cash=Decimal("2805.59"))) == "buy 9 at 280.56"
    assert wanted("-10", route=route(quote_usd=mark), caps=caps("2525.04")) == "buy 10 at 280.56"
    assert wanted("-10", route=route(quote_usd=mark), caps=caps("2525.03")) == "buy 9 at 280.56"
    costly = with_rules(route().instrument, notional_min=Decimal(277))
    assert wanted("-1", route=route(quote_usd=mark, instrument=costly)) == "buy 1 at 280.56"
    costlier = with_rules(route().instrument, notional_min=Decimal(278))
    assert wanted("-1", route=route(quote_usd=mark, instrument=costlier)) == "below_lot"


def test_a_mark_that_was_used_stands_in_the_evidence() -> None:
    evidence = placed(decide(view("-2", route=route(quote_usd=Price(Decimal("0.9")))), HEDGE)).evidence
    assert evidence is not None
    assert (evidence["price"], evidence["quote_usd"]) == ("250", "0.9")


# What is sold short.


def short(instrument: Instrument, held: str) -> str:
    return wanted("10.5", params=params(shorting=True), route=route(instrument=instrument, held=qty(held)))


def test_what_is_sold_short_is_whole_and_only_after_all_that_is_held() -> None:
    fractional = route("0.001").instrument
    assert short(fractional, "4.25") == "sell 4.250 at 247.50"
    assert short(fractional, "0") == "sell 10.000 at 247.50"
    assert short(fractional, "-3") == "sell 10.000 at 247.50"
    tenths = msgspec.structs.replace(fractional, contract_size=Decimal("0.1"))
    assert short(tenths, "0") == "sell 100.000 at 247.50"
    half = params(shorting=True, threshold_shares=Decimal("0.5"))
    assert wanted("0.7", params=half, route=route("0.001", held=qty("0"))) == "below_lot"


def test_a_perpetual_is_sold_short_by_its_lot() -> None:
    perp = msgspec.structs.replace(route("0.001").instrument, product=Product.LINEAR_PERP)
    assert short(perp, "0") == "sell 10.500 at 247.50"
    assert short(perp, "-3") == "sell 10.500 at 247.50"


# A flatten after an open, and outside the regular session.


@pytest.mark.parametrize(
    ("after_s", "answer"),
    [(0, "buy 2 at 252.50"), (29, "buy 2 at 252.50"), (30, "buy 2 at None"), (3600, "buy 2 at None")],
)
def test_a_flatten_has_a_limit_until_the_session_has_found_its_prices(after_s: int, answer: str) -> None:
    assert wanted("-2", now=later(OPEN, seconds=after_s), flattening=True) == answer


def test_the_wait_of_a_flatten_is_configured() -> None:
    longer = params(open_wait_s=120)
    assert wanted("-2", now=later(OPEN, seconds=119), flattening=True, params=longer) == "buy 2 at 252.50"
    assert wanted("-2", now=later(OPEN, seconds=120), flattening=True, params=longer) == "buy 2 at None"
    assert wanted("-2", now=OPEN, flattening=True, params=params(open_wait_s=0)) == "buy 2 at None"


def test_the_limited_order_of_a_flatten_ends_when_the_wait_ends() -> None:
    intent = placed(decide(view("-2", now=later(OPEN, seconds=5), flattening=True), HEDGE))
    assert (text_of_instant(intent.good_until), intent.reduce_only) == ("2025-12-02T14:30:30Z", True)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"price": None}, "no_market"),
        ({"price": quote("250", at=later(OPEN, seconds=-200))}, "stale_quote"),
        ({"route": route(quote_usd=None)}, "no_mark"),
    ],
)
def test_a_flatten_without_a_price_right_after_the_open_waits_for_the_end_of_the_wait(
    changes: dict[str, Any], answer: str
) -> None:
    asked = {"now": later(OPEN, seconds=5), "flattening": True, **changes}
    assert wanted("-2", **asked) == answer
    assert decide(view("-2", **asked), HEDGE).wake.at == later(OPEN, seconds=30)
    assert wanted("-2", **{**asked, "now": later(OPEN, seconds=30)}) == "buy 2 at None"


@pytest.mark.parametrize("text", ["2025-12-02T12:00:00Z", "2025-12-02T22:00:00Z"])
def test_a_flatten_outside_the_regular_session_has_a_limit_all_the_time(text: str) -> None:
    at = instant_of_text(text)
    intent = placed(decide(view("-2", now=at, flattening=True, params=EXTENDED), EXTENDED))
    assert (intent.limit, intent.good_until) == (Decimal("252.50"), later(at, seconds=600))
    assert wanted("-2", now=at, flattening=True, params=EXTENDED, price=None) == "no_market"


def test_a_flatten_at_the_market_passes_over_a_second_price_that_differs() -> None:
    second = params(second_source="pool", second_bps_max=100, second_age_s_max=60)
    assert wanted("-2", now=NOON, flattening=True, params=second, second=quote("300")) == "buy 2 at None"
    early = later(OPEN, seconds=5)
    asked = {"flattening": True, "params": second, "second": quote("300", at=early)}
    assert wanted("-2", now=early, **asked) == "second_source_differs"
