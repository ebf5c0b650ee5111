"""Requests to Charles Schwab's Trader API as method, path, query and body.

JSON over HTTPS, a bearer token in each request. An account stands in paths as a hash that Schwab tells, never as its
number. There are no client ids: an order is recognised by what it is, see `fingerprints`.
"""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

import msgspec

from flatbook.engine.ports import ApprovedOrder
from flatbook.values.ids import VenueOrderId
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, ZERO, Quantity, plain, scaled_integer, significant_decimals
from flatbook.venues.http import Request

URL = "https://api.schwabapi.com"
TRADER = "/trader/v1/accounts"
PRICE_DECIMALS_MAX = 2  # Source: developer.schwab.com, Place Order Samples: from one dollar on
PRICE_DECIMALS_BELOW_ONE_MAX = 4  # Source: the same page: below one dollar
ORDERS_MAX = 3000  # Source: Trader API, GET orders: the default of maxResults
WORKING = "WORKING"


def account_numbers_request() -> Request:
    """Returns the request for the numbers of our accounts and the hashes that stand for them."""
    return Request(method="GET", path=f"{TRADER}/accountNumbers")


def flaw_of_order(order: ApprovedOrder) -> str | None:
    """Returns why Schwab would refuse the numbers of an order whatever the market does, None when it would not."""
    if not order.qty > ZERO or significant_decimals(order.qty) > 0:
        return f"quantity {plain(order.qty)} is not a whole number of shares above zero"
    if order.limit is None:
        return None
    decimals_max = PRICE_DECIMALS_MAX if order.limit >= ONE else PRICE_DECIMALS_BELOW_ONE_MAX
    if not order.limit > ZERO or significant_decimals(order.limit) > decimals_max:
        return f"limit {plain(order.limit)} is not above zero with at most {decimals_max} decimals"
    return None


def instruction_of(order: ApprovedOrder, held: Quantity) -> str | None:
    """Returns what an order is at Schwab given the shares held; None where it would take them through zero.

    Units: held in shares, below zero for short. Selling what is held and selling short are two orders there.
    """
    if order.side is Side.BUY:
        if held >= ZERO:
            return "BUY"
        return "BUY_TO_COVER" if order.qty <= -held else None
    if held <= ZERO:
        return "SELL_SHORT"
    return "SELL" if order.qty <= held else None


def place_request(account_hash: str, order: ApprovedOrder, *, symbol: str, instruction: str, session: str) -> Request:
    """Returns the request that places an order for this day. Needs: `flaw_of_order` found none."""
    body: dict[str, object] = {
        "orderType": "MARKET" if order.limit is None else "LIMIT",
        "session": session,
        "duration": "DAY",
        "orderStrategyType": "SINGLE",
        "orderLegCollection": [
            {
                "instruction": instruction,
                "quantity": scaled_integer(order.qty, decimals=0),
                "instrument": {"symbol": symbol, "assetType": "EQUITY"},
            }
        ],
    }
    if order.limit is not None:
        body["price"] = plain(order.limit)
    return Request(method="POST", path=_orders(account_hash), body=msgspec.json.encode(body))


def cancel_request(account_hash: str, venue_order_id: VenueOrderId) -> Request:
    """Returns the request that asks to cancel an order."""
    return Request(method="DELETE", path=_path_of_order(account_hash, venue_order_id))


def order_request(account_hash: str, venue_order_id: VenueOrderId) -> Request:
    """Returns the request for one order."""
    return Request(method="GET", path=_path_of_order(account_hash, venue_order_id))


def orders_request(account_hash: str, *, entered_from: Instant, entered_to: Instant, status: str = "") -> Request:
    """Returns the request for the orders that were entered in a span, those of one status where it is given."""
    query = (
        ("fromEnteredTime", _text_of_ms(entered_from)),
        ("toEnteredTime", _text_of_ms(entered_to)),
        ("maxResults", str(ORDERS_MAX)),
    )
    return Request(method="GET", path=_orders(account_hash), query=(*query, ("status", status)) if status else query)


def account_request(account_hash: str) -> Request:
    """Returns the request for balances and positions."""
    return Request(method="GET", path=f"{TRADER}/{quote(account_hash, safe='')}", query=(("fields", "positions"),))


def history_request(account_hash: str, *, since: Instant, until: Instant, types: tuple[str, ...]) -> Request:
    """Returns the request for what was booked on an account in a span."""
    query = (("startDate", _text_of_ms(since)), ("endDate", _text_of_ms(until)), ("types", ",".join(types)))
    path = f"{TRADER}/{quote(account_hash, safe='')}/transactions"
    return Request(method="GET", path=path, query=query)


def hours_request(day: date) -> Request:
    """Returns the request for the hours of the stock market on a day."""
    return Request(method="GET", path="/marketdata/v1/markets/equity", query=(("date", day.isoformat()),))


def _orders(account_hash: str) -> str:
    return f"{TRADER}/{quote(account_hash, safe='')}/orders"


def _path_of_order(account_hash: str, venue_order_id: VenueOrderId) -> str:
    return f"{_orders(account_hash)}/{quote(venue_order_id, safe='')}"


def _text_of_ms(at: Instant) -> str:
    """Returns an instant with exactly three digits of a second, the one form that Schwab documents."""
    seconds, rest = divmod(at, NS_PER_S)
    return f"{text_of_instant(Instant(seconds * NS_PER_S))[:-1]}.{rest // NS_PER_MS:03d}Z"
