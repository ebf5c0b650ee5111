"""What the simulated Bybit tells everybody.

Source: Bybit V5 documentation: Get Instruments Info, Get Orderbook, Get Tickers, Get Public Recent Trading History.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.bybit.words import NAMES, SIDES, ZERO, ms
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import Print
from flatbook.sim.exchange.terms import Kind, Market
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import plain

Page = dict[str, object]
MINUTES_PER_HOUR = 60
DAY_NS = 86_400 * NS_PER_S


def rules_page(market: Market) -> Page:
    """Writes the rules of a market."""
    shared: Page = {
        "symbol": market.symbol,
        "baseCoin": market.coin,
        "quoteCoin": market.quote,
        "status": "Trading" if market.trades else "Closed",
        "symbolType": "",
    }
    lots = {"minOrderQty": plain(market.qty_min), "maxOrderQty": plain(market.qty_max)}
    if market.kind is Kind.SPOT:
        spot_lots = {
            "basePrecision": plain(market.lot),
            "quotePrecision": "0.00000001",
            **lots,
            "minOrderAmt": plain(market.notional_min),
            "maxOrderAmt": "4000000",
            "maxLimitOrderQty": plain(market.qty_max),
            "maxMarketOrderQty": plain(market.qty_max),
            "postOnlyMaxLimitOrderSize": plain(market.qty_max),
        }
        more: Page = {"innovation": "0", "marginTrading": "none", "stTag": "0", "lotSizeFilter": spot_lots}
        return {**shared, **more, "priceFilter": {"tickSize": plain(market.tick)}}
    perp_lots = {
        **lots,
        "qtyStep": plain(market.lot),
        "postOnlyMaxOrderQty": plain(market.qty_max),
        "maxMktOrderQty": plain(market.qty_max),
        "minNotionalValue": plain(market.notional_min),
    }
    most = plain(Decimal(market.leverage_max))
    return {
        **shared,
        "contractType": "LinearPerpetual",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": most, "leverageStep": "0.01"},
        "priceFilter": {"minPrice": plain(market.tick), "maxPrice": "1999999.8", "tickSize": plain(market.tick)},
        "lotSizeFilter": perp_lots,
        "unifiedMarginTrade": True,
        "fundingInterval": market.funding_h * MINUTES_PER_HOUR,
        "settleCoin": market.quote,
        "copyTrading": "none",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
    }


def level(market: Market, ticks: int, lots: int) -> list[str]:
    """Writes one level of a book."""
    return [plain(market.tick * ticks), plain(market.lot * lots)]


def ticker_page(exchange: Exchange, market: Market) -> Page:
    """Writes touch, marks, funding and the day of a market."""
    pit, prints = exchange.pits[market.name], exchange.prints[market.name]
    day = [each for each in prints if each.at > exchange.now - DAY_NS]
    prices = [each.price for each in day] or [ZERO]
    page: Page = {"symbol": market.symbol}
    for name, sign in (("bid1", 1), ("ask1", -1)):
        price = pit.best(sign)
        told = ["", ""] if price is None else level(market, price, pit.levels[sign][price])
        page |= {f"{name}Price": told[0], f"{name}Size": told[1]}
    page |= {
        "lastPrice": plain(prices[-1]),
        "prevPrice24h": plain(prices[0]),
        "price24hPcnt": "0",
        "highPrice24h": plain(max(prices)),
        "lowPrice24h": plain(min(prices)),
        "volume24h": plain(sum((each.qty for each in day), ZERO)),
        "turnover24h": plain(sum((each.qty * each.price for each in day), ZERO)),
    }
    mark = margin.mark(exchange, market) or ZERO
    if market.kind is Kind.SPOT:
        return {**page, "usdIndexPrice": plain(mark)}
    rules = exchange.markets[market.name]
    return {
        **page,
        "markPrice": plain(mark),
        "indexPrice": plain(mark),
        "openInterest": "0",
        "openInterestValue": "0",
        "fundingRate": plain(rules.funding_rate),
        "fundingIntervalHour": str(rules.funding_h),
        "nextFundingTime": str(ms(margin.next_funding(rules, exchange.now))),
        "basis": "",
        "deliveryTime": "0",
        "predictedDeliveryPrice": "",
    }


def trade_page(market: Market, trade: Print) -> Page:
    """Writes a trade."""
    return {
        "execId": str(trade.trade_id),
        "symbol": market.symbol,
        "price": plain(trade.price),
        "size": plain(trade.qty),
        "side": SIDES[trade.sign],
        "time": str(ms(trade.at)),
        "isBlockTrade": False,
        "seq": str(trade.trade_id),
    }


def trade_event(market: Market, trade: Print) -> Page:
    """Writes a trade as the stream tells it."""
    return {
        "T": ms(trade.at),
        "s": market.symbol,
        "S": SIDES[trade.sign],
        "v": plain(trade.qty),
        "p": plain(trade.price),
        "L": "ZeroPlusTick",
        "i": str(trade.trade_id),
        "BT": False,
        "seq": trade.trade_id,
    }


def candle_rows(exchange: Exchange, market: Market, minutes: int) -> list[list[str]]:
    """Writes the candles of the trades that are kept, newest first."""
    span = minutes * 60_000
    by_open: dict[int, list[Print]] = {}
    for each in exchange.prints[market.name]:
        by_open.setdefault(ms(each.at) // span * span, []).append(each)
    return [_candle(opened, prints) for opened, prints in sorted(by_open.items(), reverse=True)]


def _candle(opened: int, prints: list[Print]) -> list[str]:
    prices = [each.price for each in prints]
    volume = sum((each.qty for each in prints), ZERO)
    worth = sum((each.qty * each.price for each in prints), ZERO)
    return [str(opened), *(plain(each) for each in (prices[0], max(prices), min(prices), prices[-1], volume, worth))]


def category(market: Market) -> str:
    """Returns the category of a market."""
    return NAMES[market.kind]


def funding_row(market: Market, at: Instant) -> Page:
    """Writes a rate of funding that was settled."""
    return {"symbol": market.symbol, "fundingRate": plain(market.funding_rate), "fundingRateTimestamp": str(ms(at))}
