"""Requests to Alpaca as method, path, query and body, for its Broker API and its Trading API.

Both speak JSON over HTTPS and share the shape of orders; they differ in paths and in how a caller proves who it is.
"""

from __future__ import annotations

import base64
from datetime import date
from urllib.parse import quote

import msgspec

from flatbook.engine.ports import ApprovedOrder
from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_S, Instant, text_of_instant
from flatbook.values.money import ONE, ZERO, plain, significant_decimals
from flatbook.venues.http import Request

QTY_DECIMALS_MAX = 9  # Source: docs.alpaca.markets, Fractional Trading: up to nine decimals
PRICE_DECIMALS_MAX = 2  # Source: docs.alpaca.markets, Orders at Alpaca, sub-penny increments: from one dollar on
PRICE_DECIMALS_BELOW_ONE_MAX = 4  # Source: the same page: below one dollar
OPEN_ORDERS_MAX = 500  # Source: docs.alpaca.markets, Get All Orders: the largest limit
PAGE_MAX = 100  # Source: docs.alpaca.markets, Account Activities: the largest page without a date

BROKER_URL = "https://broker-api.alpaca.markets"
TRADING_URL = "https://api.alpaca.markets"


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """Where the resources of one account are. `account_id` is empty where the credentials name the account.

    `meant` is the id or number that this account must then bear; empty: any.
    """

    account_id: str
    meant: str = ""
    orders: str
    positions: str
    account: str
    fills: str
    activities: str
    market: str


def broker_api(account_id: str) -> Api:
    """Returns where an account is in the Broker API. Source: docs.alpaca.markets, Broker API reference."""
    trading = f"/v1/trading/accounts/{quote(account_id, safe='')}"
    return Api(
        account_id=account_id,
        orders=f"{trading}/orders",
        positions=f"{trading}/positions",
        account=f"{trading}/account",
        fills="/v1/accounts/activities/FILL",
        activities="/v1/accounts/activities",
        market="/v1",
    )


def trading_api(meant: str = "") -> Api:
    """Returns where the account of the credentials is in the Trading API. Source: docs.alpaca.markets."""
    return Api(
        account_id="",
        meant=meant,
        orders="/v2/orders",
        positions="/v2/positions",
        account="/v2/account",
        fills="/v2/account/activities/FILL",
        activities="/v2/account/activities",
        market="/v2",
    )


def broker_headers(key: str, secret: str) -> dict[str, str]:
    """Returns the headers that prove a caller of the Broker API: HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


def trading_headers(key: str, secret: str) -> dict[str, str]:
    """Returns the headers that prove a caller of the Trading API."""
    return {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret}


def flaw_of_order(order: ApprovedOrder) -> str | None:
    """Returns why Alpaca would refuse the numbers of an order whatever the market does, None when it would not."""
    if not order.qty > ZERO or significant_decimals(order.qty) > QTY_DECIMALS_MAX:
        return f"quantity {plain(order.qty)} is not above zero with at most {QTY_DECIMALS_MAX} decimals"
    if order.limit is None:
        return None
    decimals_max = PRICE_DECIMALS_MAX if order.limit >= ONE else PRICE_DECIMALS_BELOW_ONE_MAX
    if not order.limit > ZERO or significant_decimals(order.limit) > decimals_max:
        return f"limit {plain(order.limit)} is not above zero with at most {decimals_max} decimals"
    return None


def place_request(api: Api, order: ApprovedOrder, *, symbol: str, extended_hours: bool) -> Request:
    """Returns the request that places an order for this day.

    Gives: an order without limit never asks for extended hours; Alpaca refuses that. Fractions of a share trade with
    DAY orders only, so every order is one.
    """
    body: dict[str, object] = {
        "symbol": symbol,
        "qty": plain(order.qty),
        "side": order.side.value,
        "type": "market" if order.limit is None else "limit",
        "time_in_force": "day",
        "extended_hours": extended_hours and order.limit is not None,
        "client_order_id": order.order_id,
    }
    if order.limit is not None:
        body["limit_price"] = plain(order.limit)
    return Request(method="POST", path=api.orders, body=msgspec.json.encode(body))


def cancel_request(api: Api, venue_order_id: VenueOrderId) -> Request:
    """Returns the request that asks to cancel an order; Alpaca takes its own id only."""
    return Request(method="DELETE", path=_path_of_order(api, venue_order_id))


def find_request(api: Api, order_id: OrderId) -> Request:
    """Returns the request that asks for an order by our client id."""
    return _get(f"{api.orders}:by_client_order_id", ("client_order_id", order_id))


def order_request(api: Api, venue_order_id: VenueOrderId) -> Request:
    """Returns the request that asks for an order by Alpaca's id."""
    return _get(_path_of_order(api, venue_order_id))


def fills_request(api: Api, *, cursor: str, first_from: Instant) -> Request:
    """Returns the request for the fills after one, oldest first; without one, for those since an instant.

    Source: docs.alpaca.markets, Account Activities: with `direction` asc, results begin immediately after the token.
    """
    start = ("page_token", cursor) if cursor else ("after", _text_of_second(first_from))
    return _get(api.fills, *_account(api), ("direction", "asc"), ("page_size", str(PAGE_MAX)), start)


def fills_of_order_request(api: Api, venue_order_id: VenueOrderId) -> Request:
    """Returns the request for the newest fills of one order, newest first.

    Source: docs.alpaca.markets, changelog of 2026-07-29: activities are filtered by `order_id`.
    """
    page = ("page_size", str(PAGE_MAX))
    return _get(api.fills, *_account(api), ("order_id", venue_order_id), ("direction", "desc"), page)


def activities_request(api: Api, *, cursor: str, first_from: Instant) -> Request:
    """Returns the request for what was booked since an instant besides executions, oldest first, after a token.

    Source: docs.alpaca.markets, Account Activities: `category` non_trade_activity.
    """
    page = ("page_size", str(PAGE_MAX))
    query = (*_account(api), ("category", "non_trade_activity"), ("direction", "asc"), page)
    after = ("after", _text_of_second(first_from))
    return _get(api.activities, *query, after, *((("page_token", cursor),) if cursor else ()))


def open_orders_request(api: Api) -> Request:
    """Returns the request for all open orders, the legs of a compound order among them."""
    limit = ("limit", str(OPEN_ORDERS_MAX))
    return _get(api.orders, ("status", "open"), limit, ("direction", "asc"), ("nested", "false"))


def positions_request(api: Api) -> Request:
    """Returns the request for all positions; those of zero are left out."""
    return _get(api.positions)


def account_request(api: Api) -> Request:
    """Returns the request for cash and buying power."""
    return _get(api.account)


def calendar_request(api: Api, day: date) -> Request:
    """Returns the request for the hours of a day."""
    return _get(f"{api.market}/calendar", ("start", day.isoformat()), ("end", day.isoformat()))


def clock_request(api: Api) -> Request:
    """Returns the request for Alpaca's clock."""
    return _get(f"{api.market}/clock")


def asset_request(api: Api, symbol: str) -> Request:
    """Returns the request for an asset."""
    return _get(f"{api.market}/assets/{quote(symbol, safe='')}")


def _get(path: str, *query: tuple[str, str]) -> Request:
    return Request(method="GET", path=path, query=query)


def _path_of_order(api: Api, venue_order_id: VenueOrderId) -> str:
    return f"{api.orders}/{quote(venue_order_id, safe='')}"


def _account(api: Api) -> tuple[tuple[str, str], ...]:
    return (("account_id", api.account_id),) if api.account_id else ()


def _text_of_second(at: Instant) -> str:
    return text_of_instant(Instant(at // NS_PER_S * NS_PER_S))
