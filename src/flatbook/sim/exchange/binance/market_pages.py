"""What the simulated Binance tells everybody, of spot and of USD-M alike.

Source: Binance documentation, Market Data of Spot and of USD-M Futures.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange.binance.words import fixed, like, ms
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import Print
from flatbook.sim.exchange.terms import ExchangeTerms, Kind, Market
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import plain

Page = dict[str, object]
ZERO = Decimal(0)
ONBOARD_MS = 1_569_398_400_000
DELIVERY_MS = 4_133_404_800_000
MINUTE_MS = 60_000
SPANS_MS = {"1m": MINUTE_MS, "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS, "1h": 60 * MINUTE_MS, "1d": 1_440 * MINUTE_MS}


def rules_page(exchange: Exchange, markets: list[Market], kind: Kind, at: Instant) -> Page:
    """Writes the rules of markets."""
    symbols = [_spot_rules(each) if kind is Kind.SPOT else _perp_rules(each) for each in markets]
    page: Page = {
        "timezone": "UTC",
        "serverTime": ms(at),
        "rateLimits": _limits(exchange.terms, kind),
        "exchangeFilters": [],
        "symbols": symbols,
    }
    if kind is Kind.PERP:
        page["assets"] = [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}]
    return page


def _limits(terms: ExchangeTerms, kind: Kind) -> list[Page]:
    orders = "ORDERS"
    weights = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    return [
        {**weights, "limit": terms.weight_per_minute},
        {"rateLimitType": orders, "interval": "SECOND", "intervalNum": 10, "limit": terms.orders_per_10s},
        *(
            [{"rateLimitType": orders, "interval": "DAY", "intervalNum": 1, "limit": 200_000}]
            if kind is Kind.SPOT
            else []
        ),
    ]


def _filters(market: Market) -> list[Page]:
    tick, lot, most = plain(market.tick), plain(market.lot), plain(market.qty_max)
    lots = {"minQty": plain(market.qty_min), "maxQty": most, "stepSize": lot}
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", **lots},
        {"filterType": "MARKET_LOT_SIZE", **lots},
    ]


def _spot_rules(market: Market) -> Page:
    return {
        "symbol": market.symbol,
        "status": "TRADING" if market.trades else "BREAK",
        "baseAsset": market.coin,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            *_filters(market),
            {
                "filterType": "NOTIONAL",
                "minNotional": plain(market.notional_min),
                "applyMinToMarket": True,
                "maxNotional": "9000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _perp_rules(market: Market) -> Page:
    return {
        "symbol": market.symbol,
        "pair": market.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": DELIVERY_MS,
        "onboardDate": ONBOARD_MS,
        "status": "TRADING" if market.trades else "SETTLING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.coin,
        "quoteAsset": market.quote,
        "marginAsset": market.quote,
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            *_filters(market),
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": plain(market.notional_min)},
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def depth_page(exchange: Exchange, market: Market, limit: int, at: Instant) -> Page:
    """Writes the book of a market with the number of its last update."""
    pit = exchange.pits[market.name]
    page: Page = {"lastUpdateId": pit.update_id, **levels_page(exchange, market, limit, ("bids", "asks"))}
    return page if market.kind is Kind.SPOT else {**page, "E": ms(at), "T": ms(exchange.now)}


def levels_page(exchange: Exchange, market: Market, limit: int, names: tuple[str, str]) -> Page:
    """Writes so many levels of both sides."""
    pit = exchange.pits[market.name]
    sides = {name: (sign, pit.prices(sign)[:limit]) for name, sign in zip(names, (1, -1), strict=True)}
    return {
        name: [level(market, price, pit.levels[sign][price]) for price in prices]
        for name, (sign, prices) in sides.items()
    }


def level(market: Market, ticks: int, lots: int) -> list[str]:
    """Writes one level of a book."""
    price, qty = market.tick * ticks, market.lot * lots
    if market.kind is Kind.SPOT:
        return [fixed(price), fixed(qty)]
    return [like(price, market.tick), like(qty, market.lot)]


def depth_event(
    market: Market, first_id: int, last_id: int, changed: dict[tuple[int, int], int], times: tuple[Instant, Instant]
) -> Page:
    """Writes a change of a book. `times` are those of the telling and of the change."""
    sides = {
        name: [level(market, price, lots) for (of, price), lots in changed.items() if of == sign]
        for name, sign in (("b", 1), ("a", -1))
    }
    page: Page = {"e": "depthUpdate", "E": ms(times[0]), "s": market.symbol, "U": first_id, "u": last_id, **sides}
    return page if market.kind is Kind.SPOT else {**page, "T": ms(times[1]), "pu": first_id - 1}


def touch_page(exchange: Exchange, market: Market, at: Instant) -> Page:
    """Writes the best bid and ask."""
    pit = exchange.pits[market.name]
    best: dict[str, str] = {}
    for name, sign in (("bid", 1), ("ask", -1)):
        price = pit.best(sign)
        row = ["0", "0"] if price is None else level(market, price, pit.levels[sign][price])
        best |= {f"{name}Price": row[0], f"{name}Qty": row[1]}
    page: Page = {"symbol": market.symbol, **best}
    return page if market.kind is Kind.SPOT else {**page, "lastUpdateId": pit.update_id, "time": ms(at)}


def touch_event(exchange: Exchange, market: Market, at: Instant) -> Page:
    """Writes the best bid and ask as the stream tells them."""
    page = touch_page(exchange, market, at)
    short = {
        "s": page["symbol"],
        "b": page["bidPrice"],
        "B": page["bidQty"],
        "a": page["askPrice"],
        "A": page["askQty"],
    }
    told: Page = {"u": exchange.pits[market.name].update_id, **short}
    return told if market.kind is Kind.SPOT else {"e": "bookTicker", "E": ms(at), "T": ms(exchange.now), **told}


def trade_row(market: Market, trade: Print) -> Page:
    """Writes a trade."""
    return {
        "id": trade.trade_id,
        "price": like(trade.price, market.tick),
        "qty": like(trade.qty, market.lot),
        "quoteQty": plain(trade.qty * trade.price),
        "time": ms(trade.at),
        "isBuyerMaker": trade.sign < 0,
        "isBestMatch": True,
    }


def aggregate_row(market: Market, trade: Print) -> Page:
    """Writes a trade as one aggregate."""
    return {
        "a": trade.trade_id,
        "p": like(trade.price, market.tick),
        "q": like(trade.qty, market.lot),
        "f": trade.trade_id,
        "l": trade.trade_id,
        "T": ms(trade.at),
        "m": trade.sign < 0,
        "M": True,
    }


def trade_event(market: Market, trade: Print, at: Instant, *, aggregate: bool) -> Page:
    """Writes a trade as a stream tells it."""
    head: Page = {"e": "aggTrade" if aggregate else "trade", "E": ms(at), "s": market.symbol}
    if aggregate:
        return {**head, **aggregate_row(market, trade)}
    row = {"t": trade.trade_id, "p": like(trade.price, market.tick), "q": like(trade.qty, market.lot)}
    more = {"M": True} if market.kind is Kind.SPOT else {"X": "MARKET"}
    return {**head, **row, "T": ms(trade.at), "m": trade.sign < 0, **more}


def price_page(exchange: Exchange, market: Market) -> Page:
    """Writes the last price."""
    prints = exchange.prints[market.name]
    return {"symbol": market.symbol, "price": like(prints[-1].price if prints else ZERO, market.tick)}


def day_page(exchange: Exchange, market: Market, at: Instant) -> Page:
    """Writes what a day of a market came to."""
    prints = [each for each in exchange.prints[market.name] if each.at > at - 86_400 * NS_PER_S]
    prices = [each.price for each in prints] or [ZERO]
    volume = sum((each.qty for each in prints), ZERO)
    worth = sum((each.qty * each.price for each in prints), ZERO)
    touch = touch_page(exchange, market, at) if market.kind is Kind.SPOT else {}
    return {
        "symbol": market.symbol,
        "priceChange": like(prices[-1] - prices[0], market.tick),
        "priceChangePercent": "0.000",
        "weightedAvgPrice": like(prices[-1], market.tick),
        "lastPrice": like(prices[-1], market.tick),
        "lastQty": like(prints[-1].qty if prints else ZERO, market.lot),
        **touch,
        "openPrice": like(prices[0], market.tick),
        "highPrice": like(max(prices), market.tick),
        "lowPrice": like(min(prices), market.tick),
        "volume": plain(volume),
        "quoteVolume": plain(worth),
        "openTime": ms(at) - 86_400_000,
        "closeTime": ms(at),
        "firstId": prints[0].trade_id if prints else 0,
        "lastId": prints[-1].trade_id if prints else 0,
        "count": len(prints),
    }


def candle_rows(exchange: Exchange, market: Market, interval: str, limit: int) -> list[list[object]]:
    """Writes the candles of the trades that are kept."""
    span = SPANS_MS.get(interval, MINUTE_MS)
    by_open: dict[int, list[Print]] = {}
    for each in exchange.prints[market.name]:
        by_open.setdefault(ms(each.at) // span * span, []).append(each)
    return [_candle(market, opened, span, prints) for opened, prints in sorted(by_open.items())][-limit:]


def _candle(market: Market, opened: int, span: int, prints: list[Print]) -> list[object]:
    prices = [each.price for each in prints]
    bought = [each for each in prints if each.sign > 0]
    return [
        opened,
        *(like(each, market.tick) for each in (prices[0], max(prices), min(prices), prices[-1])),
        plain(sum((each.qty for each in prints), ZERO)),
        opened + span - 1,
        plain(sum((each.qty * each.price for each in prints), ZERO)),
        len(prints),
        plain(sum((each.qty for each in bought), ZERO)),
        plain(sum((each.qty * each.price for each in bought), ZERO)),
        "0",
    ]
