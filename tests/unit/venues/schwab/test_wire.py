"""The requests, byte for byte, and the orders that Schwab would refuse."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.schwab import wire
from tests.unit.venues.schwab.sample import HASH, ORDERS, REGULAR, THEIRS, approved


def test_a_limit_order_is_a_day_order_of_one_leg_with_its_price_as_text() -> None:
    request = wire.place_request(HASH, approved(), symbol="GME", instruction="BUY", session="NORMAL")
    assert (request.method, request.path, request.query) == ("POST", ORDERS, ())
    assert json.loads(request.body) == {
        "orderType": "LIMIT",
        "session": "NORMAL",
        "duration": "DAY",
        "orderStrategyType": "SINGLE",
        "orderLegCollection": [
            {"instruction": "BUY", "quantity": 10, "instrument": {"symbol": "GME", "assetType": "EQUITY"}}
        ],
        "price": "22.73",
    }


def test_an_order_at_the_market_states_no_price() -> None:
    order = approved(limit=None, qty=Quantity(Decimal("3.000")))
    body = json.loads(wire.place_request(HASH, order, symbol="GME", instruction="SELL", session="NORMAL").body)
    assert body["orderType"] == "MARKET"
    assert "price" not in body
    assert body["orderLegCollection"][0]["quantity"] == 3


@pytest.mark.parametrize(
    ("side", "held", "instruction"),
    [
        (Side.BUY, "0", "BUY"),
        (Side.BUY, "5", "BUY"),
        (Side.BUY, "-10", "BUY_TO_COVER"),
        (Side.BUY, "-9", None),
        (Side.SELL, "10", "SELL"),
        (Side.SELL, "9", None),
        (Side.SELL, "0", "SELL_SHORT"),
        (Side.SELL, "-3", "SELL_SHORT"),
    ],
)
def test_no_order_goes_through_zero_because_that_takes_two(side: Side, held: str, instruction: str | None) -> None:
    assert wire.instruction_of(approved(side=side), Quantity(Decimal(held))) == instruction


@pytest.mark.parametrize(
    ("qty", "limit", "is_sound"),
    [
        ("1", None, True),
        ("1.5", None, False),
        ("0", None, False),
        ("-1", None, False),
        ("1", "22.7", True),
        ("1", "22.705", False),
        ("1", "0.1234", True),
        ("1", "0.12345", False),
        ("1", "0", False),
    ],
)
def test_numbers_that_schwab_does_not_take_are_told_before(qty: str, limit: str | None, is_sound: bool) -> None:
    order = approved(qty=Quantity(Decimal(qty)), limit=None if limit is None else Price(Decimal(limit)))
    assert (wire.flaw_of_order(order) is None) == is_sound


def test_a_list_of_orders_is_asked_for_by_instants_with_three_digits() -> None:
    request = wire.orders_request(
        HASH, entered_from=instant_of_text("2025-12-01T14:59:58Z"), entered_to=REGULAR, status="WORKING"
    )
    assert (request.method, request.path) == ("GET", ORDERS)
    assert dict(request.query) == {
        "fromEnteredTime": "2025-12-01T14:59:58.000Z",
        "toEnteredTime": "2025-12-01T15:00:00.000Z",
        "maxResults": "3000",
        "status": "WORKING",
    }
    assert "status" not in dict(wire.orders_request(HASH, entered_from=REGULAR, entered_to=REGULAR).query)


def test_the_other_requests_name_their_things() -> None:
    assert wire.account_numbers_request().path == "/trader/v1/accounts/accountNumbers"
    assert wire.order_request(HASH, THEIRS).path == f"{ORDERS}/{THEIRS}"
    assert (wire.cancel_request("a/b", THEIRS).method, wire.cancel_request("a/b", THEIRS).path) == (
        "DELETE",
        f"/trader/v1/accounts/a%2Fb/orders/{THEIRS}",
    )
    assert (wire.account_request(HASH).path, wire.account_request(HASH).query) == (
        f"/trader/v1/accounts/{HASH}",
        (("fields", "positions"),),
    )
    hours = wire.hours_request(date(2025, 12, 1))
    assert (hours.path, hours.query) == ("/marketdata/v1/markets/equity", (("date", "2025-12-01"),))
