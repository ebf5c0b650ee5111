"""The requests, byte for byte, and the numbers that Alpaca would refuse."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.alpaca import wire
from flatbook.venues.alpaca.wire import broker_api, flaw_of_order, place_request, trading_api
from flatbook.venues.http import Request
from tests.unit.venues.alpaca.sample import ACCOUNT_ID, BROKER, OURS, THEIRS, approved

TRADING = trading_api()
WEEK_AGO = instant_of_text("2025-11-24T15:00:00.5Z")


def test_a_limit_order_of_the_broker_api() -> None:
    request = place_request(BROKER, approved(side=Side.SELL), symbol="AAPL", extended_hours=True)
    assert (request.method, request.path) == ("POST", f"/v1/trading/accounts/{ACCOUNT_ID}/orders")
    assert json.loads(request.body) == {
        "symbol": "AAPL",
        "qty": "10.5",
        "side": "sell",
        "type": "limit",
        "limit_price": "210.25",
        "time_in_force": "day",
        "extended_hours": True,
        "client_order_id": OURS,
    }


def test_a_market_order_of_the_trading_api_never_asks_for_extended_hours() -> None:
    request = place_request(TRADING, approved(limit=None), symbol="AAPL", extended_hours=True)
    assert (request.method, request.path) == ("POST", "/v2/orders")
    assert json.loads(request.body) == {
        "symbol": "AAPL",
        "qty": "10.5",
        "side": "buy",
        "type": "market",
        "time_in_force": "day",
        "extended_hours": False,
        "client_order_id": OURS,
    }


def test_a_small_quantity_is_written_without_an_exponent() -> None:
    small = approved(qty=Quantity(Decimal("1E-9")), limit=Price(Decimal("5E+2")))
    body = json.loads(place_request(TRADING, small, symbol="AAPL", extended_hours=False).body)
    assert (body["qty"], body["limit_price"]) == ("0.000000001", "500")


@pytest.mark.parametrize(
    ("request_", "method", "path", "query"),
    [
        (wire.cancel_request(TRADING, VenueOrderId(THEIRS)), "DELETE", f"/v2/orders/{THEIRS}", ()),
        (wire.cancel_request(TRADING, VenueOrderId("../a?b")), "DELETE", "/v2/orders/..%2Fa%3Fb", ()),
        (wire.order_request(TRADING, VenueOrderId(THEIRS)), "GET", f"/v2/orders/{THEIRS}", ()),
        (
            wire.find_request(TRADING, OrderId("fbone")),
            "GET",
            "/v2/orders:by_client_order_id",
            (("client_order_id", "fbone"),),
        ),
        (
            wire.fills_request(TRADING, cursor="", first_from=WEEK_AGO),
            "GET",
            "/v2/account/activities/FILL",
            (("direction", "asc"), ("page_size", "100"), ("after", "2025-11-24T15:00:00Z")),
        ),
        (
            wire.fills_request(BROKER, cursor="2025::8efc", first_from=WEEK_AGO),
            "GET",
            "/v1/accounts/activities/FILL",
            (("account_id", ACCOUNT_ID), ("direction", "asc"), ("page_size", "100"), ("page_token", "2025::8efc")),
        ),
        (
            wire.fills_of_order_request(BROKER, VenueOrderId(THEIRS)),
            "GET",
            "/v1/accounts/activities/FILL",
            (("account_id", ACCOUNT_ID), ("order_id", THEIRS), ("direction", "desc"), ("page_size", "100")),
        ),
        (
            wire.open_orders_request(TRADING),
            "GET",
            "/v2/orders",
            (("status", "open"), ("limit", "500"), ("direction", "asc"), ("nested", "false")),
        ),
        (wire.positions_request(BROKER), "GET", f"/v1/trading/accounts/{ACCOUNT_ID}/positions", ()),
        (wire.account_request(TRADING), "GET", "/v2/account", ()),
    ],
)
def test_requests_without_a_body(request_: Request, method: str, path: str, query: tuple[tuple[str, str], ...]) -> None:
    assert request_ == Request(method=method, path=path, query=query, body=b"")


def test_an_account_id_cannot_leave_its_place_in_the_path() -> None:
    assert broker_api("a/../b").orders == "/v1/trading/accounts/a%2F..%2Fb/orders"


def test_the_two_ways_to_prove_who_calls() -> None:
    assert wire.broker_headers("key", "word") == {"Authorization": "Basic a2V5OndvcmQ="}
    assert wire.trading_headers("key", "word") == {"APCA-API-KEY-ID": "key", "APCA-API-SECRET-KEY": "word"}


@pytest.mark.parametrize(
    ("qty", "limit", "flaw"),
    [
        ("1", "210", None),
        ("0.000000001", "210.12", None),
        ("1", "0.9999", None),
        ("1", "1.00", None),
        ("1", None, None),
        ("0.0000000001", "210", "quantity 0.0000000001 is not above zero with at most 9 decimals"),
        ("0", "210", "quantity 0 is not above zero with at most 9 decimals"),
        ("1", "210.123", "limit 210.123 is not above zero with at most 2 decimals"),
        ("1", "1.001", "limit 1.001 is not above zero with at most 2 decimals"),
        ("1", "0.12345", "limit 0.12345 is not above zero with at most 4 decimals"),
        ("1", "0", "limit 0 is not above zero with at most 4 decimals"),
    ],
)
def test_numbers_that_alpaca_does_not_take_are_known_before_sending(
    qty: str, limit: str | None, flaw: str | None
) -> None:
    stated = approved(qty=Quantity(Decimal(qty)), limit=None if limit is None else Price(Decimal(limit)))
    assert flaw_of_order(stated) == flaw
