"""The two markets of Binance that are traded here: where their resources stand, and what requests cost.

Source: developers.binance.com, Spot REST API and USD-M futures REST API: paths, weights, rate limits; testnet and demo
hosts of both. USD-M streams of an account stand under /private since 2026-04-23.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.values.instruments import Product
from flatbook.venues.rate_budget import Gauge

WEIGHT = "weight-1m"
ORDERS_10S = "orders-10s"
ORDERS_1M = "orders-1m"
ORDERS_1D = "orders-1d"
HEADERS: Mapping[str, str] = {
    "x-mbx-used-weight-1m": WEIGHT,
    "x-mbx-order-count-10s": ORDERS_10S,
    "x-mbx-order-count-1m": ORDERS_1M,
    "x-mbx-order-count-1d": ORDERS_1D,
}
RIGHTS_PATH = "/sapi/v1/account/apiRestrictions"


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """What requests weigh against the limit of the address; an order of USD-M weighs nothing there."""

    order: int
    cancel: int
    find: int
    open_orders: int
    open_of_symbol: int
    trades: int
    trades_of_order: int
    rules: int


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One market: its name, product, paths and limits."""

    name: str
    product: Product
    time: str
    rules: str
    order: str
    open_orders: str
    all_open_orders: str
    trades: str
    weights: Weights
    gauges: dict[str, Gauge]


SPOT = Market(
    name="binance",
    product=Product.SPOT,
    time="/api/v3/time",
    rules="/api/v3/exchangeInfo",
    order="/api/v3/order",
    open_orders="/api/v3/openOrders",
    all_open_orders="/api/v3/openOrders",
    trades="/api/v3/myTrades",
    weights=Weights(
        order=1, cancel=1, find=4, open_orders=80, open_of_symbol=6, trades=20, trades_of_order=5, rules=20
    ),
    gauges={
        WEIGHT: Gauge(limit=6000, window_s=60),
        ORDERS_10S: Gauge(limit=100, window_s=10),
        ORDERS_1D: Gauge(limit=200_000, window_s=86_400),
    },
)
USD_M = Market(
    name="binanceusdm",
    product=Product.LINEAR_PERP,
    time="/fapi/v1/time",
    rules="/fapi/v1/exchangeInfo",
    order="/fapi/v1/order",
    open_orders="/fapi/v1/openOrders",
    all_open_orders="/fapi/v1/allOpenOrders",
    trades="/fapi/v1/userTrades",
    weights=Weights(order=0, cancel=1, find=1, open_orders=40, open_of_symbol=1, trades=5, trades_of_order=5, rules=1),
    gauges={
        WEIGHT: Gauge(limit=2400, window_s=60),
        ORDERS_10S: Gauge(limit=300, window_s=10),
        ORDERS_1M: Gauge(limit=1200, window_s=60),
    },
)


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """Where one environment is reached. `rights` states what a key may do; None where nothing does."""

    rest: str
    stream: str
    rights: str | None


SPOT_LIVE = "https://api.binance.com"
HOSTS: Mapping[tuple[str, str], Hosts] = {
    ("binance", "live"): Hosts(rest=SPOT_LIVE, stream="wss://ws-api.binance.com", rights=SPOT_LIVE),
    ("binance", "testnet"): Hosts(
        rest="https://testnet.binance.vision", stream="wss://ws-api.testnet.binance.vision", rights=None
    ),
    ("binanceusdm", "live"): Hosts(
        rest="https://fapi.binance.com", stream="wss://fstream.binance.com", rights=SPOT_LIVE
    ),
    ("binanceusdm", "testnet"): Hosts(
        rest="https://demo-fapi.binance.com", stream="wss://demo-fstream.binance.com", rights=None
    ),
}
