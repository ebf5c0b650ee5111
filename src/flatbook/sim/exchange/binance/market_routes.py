"""The paths on which the simulated Binance tells everybody the same, under /api/v3 and under /fapi/v1."""

from __future__ import annotations

from collections.abc import Callable

from flatbook.sim.exchange.binance import market_pages as pages
from flatbook.sim.exchange.binance.calls import Call, Route
from flatbook.sim.exchange.binance.words import NO_SYMBOL, Refused, ms
from flatbook.sim.exchange.terms import Market
from flatbook.sim.exchange.wholes import whole_of

DEPTH = 100


def market_routes(root: str) -> dict[tuple[str, str], Route]:
    """Returns the routes of market data under a root."""
    acts: dict[str, tuple[Callable[[Call], object], int]] = {
        "ping": (lambda _call: {}, 1),
        "time": (lambda call: {"serverTime": ms(call.told_at)}, 1),
        "exchangeInfo": (_rules, 1),
        "depth": (_depth, 5),
        "trades": (_trades, 5),
        "aggTrades": (_aggregates, 20),
        "klines": (_candles, 2),
        "ticker/24hr": (
            lambda call: _each(call, lambda market: pages.day_page(call.exchange, market, call.told_at)),
            1,
        ),
        "ticker/price": (lambda call: _each(call, lambda market: pages.price_page(call.exchange, market)), 1),
        "ticker/bookTicker": (
            lambda call: _each(call, lambda market: pages.touch_page(call.exchange, market, call.told_at)),
            2,
        ),
    }
    return {("GET", f"{root}/{path}"): Route(act=act, weight=weight) for path, (act, weight) in acts.items()}


def _rules(call: Call) -> object:
    markets = call.markets()
    if not markets:
        return NO_SYMBOL
    return pages.rules_page(call.exchange, markets, call.kind, call.told_at)


def _depth(call: Call) -> object:
    market, limit = call.market(), call.text("limit")
    if isinstance(market, Refused):
        return market
    return pages.depth_page(call.exchange, market, whole_of(limit, DEPTH), call.told_at)


def _trades(call: Call) -> object:
    market = call.market()
    if isinstance(market, Refused):
        return market
    prints = call.exchange.prints[market.name][-call.rows() :]
    return [pages.trade_row(market, each) for each in prints]


def _aggregates(call: Call) -> object:
    market = call.market()
    if isinstance(market, Refused):
        return market
    prints = call.exchange.prints[market.name][-call.rows() :]
    return [pages.aggregate_row(market, each) for each in prints]


def _candles(call: Call) -> object:
    market = call.market()
    if isinstance(market, Refused):
        return market
    return pages.candle_rows(call.exchange, market, call.text("interval"), call.rows())


def _each(call: Call, page: Callable[[Market], pages.Page]) -> object:
    """Tells one market where one is named, else all."""
    markets = call.markets()
    if call.text("symbol"):
        return page(markets[0]) if markets else NO_SYMBOL
    return [page(market) for market in markets]
