"""Requests to Bybit's v5 API as method, path, query and body, and what proves them.

Source: bybit-exchange.github.io/docs/v5/guide, and the page of each path under v5/order, v5/position, v5/account.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import msgspec

from flatbook.engine.ports import ApprovedOrder, Clock
from flatbook.events.orders import OrderStyle
from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.instruments import Side, TradingRules, is_multiple
from flatbook.values.money import plain
from flatbook.venues.bybit.signing import request_headers, signature_of, stream_message
from flatbook.venues.http import Request, query_text

URL = "https://api.bybit.com"
STREAM_URL = "wss://stream.bybit.com"
TESTNET_URL, TESTNET_STREAM_URL = "https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com"
DEMO_URL, DEMO_STREAM_URL = "https://api-demo.bybit.com", "wss://stream-demo.bybit.com"

RECV_WINDOW = "X-BAPI-RECV-WINDOW"
RECV_WINDOW_MS = 5_000
AUTH_S = 10
EXECUTIONS_MAX = 100  # Source: v5/order/execution, limit
ORDERS_MAX = 50  # Source: v5/order/open-order, limit
POSITIONS_MAX = 200  # Source: v5/position, limit
LOG_MAX = 50  # Source: v5/account/transaction-log, limit
WINDOW_DAYS = 7  # Source: v5/order/execution, endTime - startTime
DEAD_MAN_S_MIN, DEAD_MAN_S_MAX = 3, 300  # Source: v5/order/dcp, timeWindow


class Category(Enum):
    """A kind of market as Bybit divides them; each is asked on its own."""

    SPOT = "spot"
    LINEAR = "linear"


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order is: category and symbol, without which Bybit takes no cancel. `coin` is what it settles in."""

    category: Category
    symbol: str
    coin: str


class Ahead:
    """By how much the clock of Bybit is ahead of ours, as it was measured last.

    Units: nanoseconds, below zero where ours is ahead.
    """

    def __init__(self) -> None:
        self.ns = 0


class TheirClock:
    """The clock of Bybit, as it was measured last: what is asked for up to now ends by it, and not by ours."""

    def __init__(self, clock: Clock, ahead: Ahead) -> None:
        self._clock, self._ahead = clock, ahead

    def now(self) -> Instant:
        """Returns the present instant there."""
        return Instant(self._clock.now() + self._ahead.ns)

    async def sleep_until(self, instant: Instant) -> None:
        """Sleeps until an instant there."""
        await self._clock.sleep_until(Instant(instant - self._ahead.ns))


def signer(reveal: Callable[[], tuple[str, str]], clock: Clock, ahead: Ahead) -> Callable[[Request], Request]:
    """Returns what signs requests, in the time of Bybit's clock.

    Needs: `reveal` returns key and secret. A request may state a window of its own in its headers.
    """

    def sign(request: Request) -> Request:
        key, secret = reveal()
        window_ms = int(dict(request.headers).get(RECV_WINDOW, str(RECV_WINDOW_MS)))
        headers = request_headers(
            key=key,
            secret=secret,
            timestamp_ms=(clock.now() + ahead.ns) // NS_PER_MS,
            recv_window_ms=window_ms,
            payload=query_text(request) if request.method == "GET" else request.body.decode(),
        )
        return msgspec.structs.replace(request, headers=tuple(headers.items()))

    return sign


def auth_text(reveal: Callable[[], tuple[str, str]], now: Instant) -> str:
    """Returns what opens the private stream. Source: v5/ws/connect, Authentication."""
    key, secret = reveal()
    expires_ms = later(now, seconds=AUTH_S) // NS_PER_MS
    signature = signature_of(stream_message(expires_ms=expires_ms), secret=secret)
    return _text({"op": "auth", "args": [key, expires_ms, signature]})


def subscribe_text(topics: tuple[str, ...]) -> str:
    """Returns what subscribes to topics of the private stream."""
    return _text({"op": "subscribe", "args": list(topics)})


def flaw_of_order(order: ApprovedOrder, rules: TradingRules) -> str | None:
    """Returns why Bybit would refuse the numbers of an order whatever the market does, None when it would not."""
    if not is_multiple(order.qty, rules.lot):
        return f"quantity {plain(order.qty)} is not a multiple of {plain(rules.lot)} above zero"
    if order.limit is not None and not is_multiple(order.limit, rules.tick):
        return f"limit {plain(order.limit)} is not a multiple of {plain(rules.tick)} above zero"
    return None


def place_request(order: ApprovedOrder, market: Market, now: Instant) -> Request:
    """Returns the request that places an order, which Bybit drops when it comes after `good_until`.

    Gives: what would trade with an order of our own cancels that one; nothing is borrowed; quantities are in the base
    coin, those of a market order to buy on spot too, which Bybit would else take for an amount of the quote coin.
    Source: v5/order/create-order; v5/smp.
    """
    body: dict[str, object] = {
        "category": market.category.value,
        "symbol": market.symbol,
        "side": "Buy" if order.side is Side.BUY else "Sell",
        "orderType": "Market" if order.limit is None else "Limit",
        "qty": plain(order.qty),
        "timeInForce": time_in_force(order),
        "orderLinkId": order.order_id,
        "smpType": "CancelMaker",
    }
    if order.limit is not None:
        body["price"] = plain(order.limit)
    if market.category is Category.LINEAR:
        body |= {"positionIdx": 0, "reduceOnly": order.reduce_only}
    else:
        body["isLeverage"] = 0
        body |= {"marketUnit": "baseCoin"} if order.limit is None else {}
    left_ms = max(1, (order.good_until - now) // NS_PER_MS)
    window = ((RECV_WINDOW, str(min(RECV_WINDOW_MS, left_ms))),)
    return msgspec.structs.replace(_post("/v5/order/create", body), headers=window)


def time_in_force(order: ApprovedOrder) -> str:
    """Returns Bybit's word for how long an order works."""
    if order.style is OrderStyle.POST_ONLY:
        return "PostOnly"
    return "IOC" if order.style is OrderStyle.IOC or order.limit is None else "GTC"


def cancel_request(market: Market, order_id: OrderId) -> Request:
    """Returns the request that asks to cancel an order, by our id: an answer may have named that of another order."""
    body = {"category": market.category.value, "symbol": market.symbol, "orderLinkId": order_id}
    return _post("/v5/order/cancel", body)


def cancel_all_request(category: Category, coin: str) -> Request:
    """Returns the request that cancels all orders of a category, those of a settle coin where it has such."""
    scope = {"settleCoin": coin} if category is Category.LINEAR else {}
    return _post("/v5/order/cancel-all", {"category": category.value, **scope})


def dead_man_request(category: Category, seconds: int) -> Request:
    """Returns the request that sets after how long without our stream all orders are canceled. Units: seconds."""
    product = "DERIVATIVES" if category is Category.LINEAR else "SPOT"
    return _post("/v5/order/disconnected-cancel-all", {"product": product, "timeWindow": seconds})


def open_orders_request(category: Category, coin: str, cursor: str) -> Request:
    """Returns the request for a page of open orders: of a settle coin, or of all spot."""
    scope = (("settleCoin", coin),) if category is Category.LINEAR else ()
    page = (("openOnly", "0"), ("limit", str(ORDERS_MAX)), *_cursor(cursor))
    return _get("/v5/order/realtime", ("category", category.value), *scope, *page)


def find_request(path: str, category: Category, coin: str, order_id: OrderId) -> Request:
    """Returns the request for an order by our client id, among the present or the past ones."""
    scope = (("settleCoin", coin),) if category is Category.LINEAR else ()
    return _get(path, ("category", category.value), *scope, ("orderLinkId", order_id))


def executions_request(category: Category, span: tuple[Instant, Instant], cursor: str) -> Request:
    """Returns the request for a page of the executions from one instant to another, newest first."""
    page = (("limit", str(EXECUTIONS_MAX)), *_cursor(cursor))
    return _get("/v5/execution/list", ("category", category.value), *_span(span), *page)


def executions_of_order_request(
    category: Category, venue_order_id: VenueOrderId, span: tuple[Instant, Instant], cursor: str
) -> Request:
    """Returns the request for a page of the executions of one order."""
    named, page = (("orderId", venue_order_id),), (("limit", str(EXECUTIONS_MAX)), *_cursor(cursor))
    return _get("/v5/execution/list", ("category", category.value), *named, *_span(span), *page)


def positions_request(coin: str, cursor: str) -> Request:
    """Returns the request for a page of the positions that settle in a coin; those of zero are left out."""
    page = (("settleCoin", coin), ("limit", str(POSITIONS_MAX)), *_cursor(cursor))
    return _get("/v5/position/list", ("category", "linear"), *page)


def position_request(symbol: str) -> Request:
    """Returns the request for the position in a symbol, which is answered for a position of zero too."""
    return _get("/v5/position/list", ("category", "linear"), ("symbol", symbol))


def wallet_request() -> Request:
    """Returns the request for all coins of the account."""
    return _get("/v5/account/wallet-balance", ("accountType", "UNIFIED"))


def log_request(kind: str, span: tuple[Instant, Instant], cursor: str) -> Request:
    """Returns the request for a page of what was booked of one kind; empty: of all kinds."""
    page = (("limit", str(LOG_MAX)), *_cursor(cursor))
    of = (("type", kind),) if kind else ()
    return _get("/v5/account/transaction-log", ("accountType", "UNIFIED"), *of, *_span(span), *page)


def traded_request(kind: str, span: tuple[Instant, Instant], cursor: str) -> Request:
    """Returns the request for a page of what trades of perpetuals brought, those of orders or forced ones."""
    page = (("limit", str(LOG_MAX)), *_cursor(cursor))
    of = (("accountType", "UNIFIED"), ("category", Category.LINEAR.value), ("type", kind))
    return _get("/v5/account/transaction-log", *of, *_span(span), *page)


def instrument_request(category: Category, symbol: str) -> Request:
    """Returns the request for the trading rules of a symbol."""
    return _get("/v5/market/instruments-info", ("category", category.value), ("symbol", symbol))


def time_request() -> Request:
    """Returns the request for Bybit's clock."""
    return _get("/v5/market/time")


def account_request() -> Request:
    """Returns the request for the mode of the account."""
    return _get("/v5/account/info")


def key_request() -> Request:
    """Returns the request for what the key may do."""
    return _get("/v5/user/query-api")


def _span(span: tuple[Instant, Instant]) -> tuple[tuple[str, str], ...]:
    start, end = (str(at // NS_PER_MS) for at in span)
    return ("startTime", start), ("endTime", end)


def _cursor(cursor: str) -> tuple[tuple[str, str], ...]:
    return (("cursor", cursor),) if cursor else ()


def _get(path: str, *query: tuple[str, str]) -> Request:
    return Request(method="GET", path=path, query=query)


def _post(path: str, body: dict[str, object] | dict[str, str]) -> Request:
    return Request(method="POST", path=path, body=msgspec.json.encode(body))


def _text(content: object) -> str:
    return msgspec.json.encode(content).decode()
