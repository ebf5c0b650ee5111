"""The paths of the simulated Bybit.

Source: Bybit V5 documentation: Market, Trade, Position, Account, User.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from flatbook.sim.exchange.bybit import market_pages, pages
from flatbook.sim.exchange.bybit.calls import Act, Call, Route, placing_of
from flatbook.sim.exchange.bybit.words import LOGGED, NO_ORDER, REFUSALS, Refused, flow_word, ms, wrong
from flatbook.sim.exchange.orders import BookedOrder, Execution, Refusal
from flatbook.sim.exchange.terms import MARGIN_WALLET, Kind, Market
from flatbook.sim.exchange.wholes import is_whole, whole_of
from flatbook.values.instants import NS_PER_S
from flatbook.values.money import plain

BATCH_MAX = {Kind.SPOT: 10, Kind.PERP: 20}
WINDOW_S = (3, 300)
INTERVALS = {"1": 1, "3": 3, "5": 5, "15": 15, "30": 30, "60": 60, "240": 240, "D": 1_440}


def place(call: Call) -> object:
    """Places an order; what becomes of it is told by the streams and by reads."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    placing = placing_of(call, market)
    if isinstance(placing, Refused):
        return placing
    order = call.exchange.place(placing, call.now)
    if isinstance(order, Refusal):
        return REFUSALS[market.kind][order]
    is_strange = call.exchange.faults.names_neighbour("POST /v5/order/create")
    neighbour = call.exchange.orders.get(order.id - 1, order) if is_strange else order
    return {"orderId": pages.order_id(call.exchange, neighbour), "orderLinkId": order.client_id}


def amend(call: Call) -> object:
    """Changes the price or the quantity of an order."""
    order = _order(call)
    if isinstance(order, Refused):
        return order
    price, qty = call.number("price"), call.number("qty")
    if isinstance(price, Refused) or isinstance(qty, Refused):
        return wrong("price or qty invalid")
    refused = call.exchange.amend(order, price, qty, call.now)
    return _named(call, order) if refused is None else REFUSALS[order.market.kind][refused]


def cancel(call: Call) -> object:
    """Cancels an order."""
    order = _order(call)
    if isinstance(order, Refused):
        return order
    refused = call.exchange.cancel(order, call.now)
    return _named(call, order) if refused is None else NO_ORDER[order.market.kind]


def cancel_all(call: Call) -> object:
    """Cancels all open orders of a category, a market or a settlement coin."""
    markets = call.markets()
    if isinstance(markets, Refused):
        return markets
    if call.text("category") == "linear" and not any(call.text(each) for each in ("symbol", "baseCoin", "settleCoin")):
        return wrong("symbol, baseCoin or settleCoin is required")
    names = [market.name for market in markets if call.text("settleCoin") in ("", market.quote)]
    orders = [each for each in call.exchange.open_orders(call.account.name) if each.market.name in names]
    for order in orders:
        call.exchange.cancel(order, call.now)
    return {"list": [_named(call, order) for order in orders], "success": "1"}


def _several(act: Act) -> Act:
    """Returns what does an act for each of a list; each has a code of its own."""

    def acted(call: Call) -> object:
        kind, asked = call.kind(), call.words.get("request")
        if isinstance(kind, Refused) or not isinstance(asked, list) or len(asked) > BATCH_MAX[kind]:
            return kind if isinstance(kind, Refused) else wrong("request invalid")
        shared = {"category": call.text("category")}
        told = [act(msgspec.structs.replace(call, words={**shared, **each})) for each in asked]
        rows = [{"category": call.text("category"), **({} if isinstance(each, Refused) else each)} for each in told]  # type: ignore[dict-item]
        codes = [
            {"code": each.code, "msg": each.msg} if isinstance(each, Refused) else {"code": 0, "msg": "OK"}
            for each in told
        ]
        return {"list": rows, "codes": codes}

    return acted


def working(call: Call) -> object:
    """Lists open orders, newest first; by an id also one that ended."""
    markets = call.markets()
    if isinstance(markets, Refused):
        return markets
    if call.text("orderId") or call.text("orderLinkId"):
        found = [order for market in markets if not isinstance(order := call.order(market), Refused)]
    else:
        if call.text("category") == "linear" and not any(
            call.text(each) for each in ("symbol", "baseCoin", "settleCoin")
        ):
            return wrong("symbol, baseCoin or settleCoin is required")
        names = [market.name for market in markets if call.text("settleCoin") in ("", market.quote)]
        orders = call.exchange.open_orders(call.account.name)
        found = [each for each in orders if each.market.name in names and call.shows(each.created_at)]
    return _listed(call, [pages.order_page(call.exchange, order) for order in reversed(found)])


def history(call: Call) -> object:
    """Lists orders that ended, newest first."""
    markets, (start, end) = call.markets(), call.span()
    if isinstance(markets, Refused):
        return markets
    names = [market.name for market in markets]
    found = [
        order
        for order in call.exchange.orders.values()
        if order.account == call.account.name
        and order.market.name in names
        and not order.is_open
        and call.shows(order.updated_at)
        and start <= ms(order.created_at) <= end
        and call.text("orderLinkId") in ("", order.client_id)
        and call.text("orderId") in ("", pages.order_id(call.exchange, order))
    ]
    return _listed(call, [pages.order_page(call.exchange, order) for order in reversed(found)])


def executions(call: Call) -> object:
    """Lists executions, newest first, and with them settlements of funding."""
    markets, (start, end) = call.markets(), call.span()
    if isinstance(markets, Refused):
        return markets
    names, kind = [market.name for market in markets], call.text("execType")
    rows = [
        (execution.at, pages.polled_page(call.exchange, order, execution))
        for order, execution in _executed(call, names)
    ]
    rows += [
        (flow.at, pages.funding_page(call.exchange, flow))
        for flow in call.exchange.flows
        if flow.account == call.account.name
        and flow.kind == "FUNDING_FEE"
        and f"{Kind.PERP.value}:{flow.market}" in names
        and not call.text("orderId")
        and not call.text("orderLinkId")
    ]
    shown = [(at, page) for at, page in rows if call.shows(at) and kind in ("", page["execType"])]
    told = [page for at, page in shown if start <= ms(at) <= end]
    told.sort(key=lambda page: int(str(page["execTime"])))
    return _listed(call, told[::-1], most=100)


def _executed(call: Call, names: list[str]) -> list[tuple[BookedOrder, Execution]]:
    return [
        (order, execution)
        for order in call.exchange.orders.values()
        if order.account == call.account.name
        and order.market.name in names
        and call.text("orderLinkId") in ("", order.client_id)
        and call.text("orderId") in ("", pages.order_id(call.exchange, order))
        for execution in order.executions
    ]


def positions(call: Call) -> object:
    """Lists positions: of a market also an empty one."""
    markets = call.markets()
    if isinstance(markets, Refused):
        return markets
    if not call.text("symbol") and not call.text("settleCoin"):
        return wrong("symbol or settleCoin is required")
    held = [call.account.position(market) for market in markets]
    told = [each for each in held if each.qty or call.text("symbol")]
    pages_told = [pages.position_page(call.exchange, each) for each in told]
    if call.account.two_ways:
        pages_told = [{**page, "positionIdx": side} for page in pages_told for side in (1, 2)]
    return _listed(call, pages_told, most=200)


def set_leverage(call: Call) -> object:
    """Sets the leverage of a market."""
    market, leverage = call.market(), call.text("buyLeverage").partition(".")[0]
    if isinstance(market, Refused):
        return market
    if not is_whole(leverage) or not 0 < int(leverage) <= market.leverage_max:
        return Refused(code=110013, msg="cannot set leverage due to risk limit level")
    position = call.account.position(market)
    if position.leverage == int(leverage):
        return Refused(code=110043, msg="leverage not modified")
    position.leverage = int(leverage)
    return {}


def set_mode(call: Call) -> object:
    """Takes one-way mode, which is what there is."""
    if call.text("mode") == "0":
        return Refused(code=110025, msg="Position mode is not modified")
    return Refused(code=110024, msg="You have an existing position, so position mode cannot be switched")


def guard(call: Call) -> object:
    """Sets after how long without a stream orders are canceled."""
    window = call.text("timeWindow")
    if not is_whole(window) or not WINDOW_S[0] <= int(window) <= WINDOW_S[1]:
        return wrong("timeWindow invalid")
    call.account.guards[call.text("product") or "OPTIONS"] = int(window)
    return {}


def wallet(call: Call) -> object:
    """Tells the wallet."""
    if call.text("accountType") != "UNIFIED":
        return wrong("accountType only support UNIFIED.")
    coins = tuple(coin for coin in call.text("coin").split(",") if coin)
    return {"list": [pages.wallet_page(call.exchange, call.account, coins)]}


def ledger(call: Call) -> object:
    """Lists what changed the wallet, newest first."""
    (start, end), wanted = call.span(), call.text("type")
    rows: list[pages.Page] = [
        {
            "id": f"flow-{flow.id}",
            "symbol": flow.market,
            "category": "linear",
            "type": flow_word(flow),
            "currency": flow.coin,
            "funding": plain(flow.amount) if flow.kind == "FUNDING_FEE" else "",
            "cashFlow": "0" if flow.kind == "FUNDING_FEE" else plain(flow.amount),
            "change": plain(flow.amount),
            "fee": "0",
            "transactionTime": str(ms(flow.at)),
        }
        for flow in call.exchange.flows
        if flow.account == call.account.name and start <= ms(flow.at) <= end
    ]
    if wanted in ("", *LOGGED.values()):
        names = [market.name for market in call.exchange.markets.values() if market.kind is Kind.PERP]
        rows += [
            pages.traded_page(call.exchange, order, execution)
            for order, execution in _executed(call, names)
            if start <= ms(execution.at) <= end
        ]
    rows.sort(key=lambda row: int(str(row["transactionTime"])), reverse=True)
    return call.page([row for row in rows if wanted in ("", row["type"])])


def key_of(call: Call) -> object:
    """Tells what the key may do: it never may withdraw."""
    may = call.account.opening.may_trade
    return {
        "id": "13770661",
        "note": "flatbook",
        "apiKey": call.account.opening.key,
        "readOnly": 0 if may else 1,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"] if may else [],
            "Spot": ["SpotTrade"] if may else [],
            "Wallet": [],
            "Options": [],
            "Derivatives": ["DerivativesTrade"] if may else [],
            "Exchange": [],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 83,
        "expiredAt": "2027-05-16T02:20:36Z",
        "createdAt": "2026-05-16T02:20:36Z",
        "unified": 0,
        "uta": 1,
        "userID": 24617703,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "isMaster": True,
        "parentUid": "0",
    }


def settings(call: Call) -> object:
    """Tells the settings of the account."""
    return {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": str(ms(call.now)),
        "unifiedMarginStatus": 5,
        "dcpStatus": "ON" if call.account.guards else "OFF",
        "timeWindow": next(iter(call.account.guards.values()), 10),
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def coins(call: Call) -> object:
    """Lists the coins, none of which may be withdrawn."""
    chain = {"chain": "ETH", "chainType": "ETH", "chainDeposit": "1", "chainWithdraw": "0", "minAccuracy": "8"}
    more = {"withdrawFee": "", "depositMin": "0", "withdrawMin": "0", "withdrawPercentageFee": "0"}
    held = call.account.wallets[MARGIN_WALLET].coins()
    return {"rows": [{"coin": each, "name": each, "remainAmount": "0", "chains": [{**chain, **more}]} for each in held]}


def fees(call: Call) -> object:
    """Tells the fees of markets."""
    markets = call.markets()
    if isinstance(markets, Refused):
        return markets
    shared = {"baseCoin": ""}
    return {
        "list": [
            {
                "symbol": each.symbol,
                "takerFeeRate": plain(each.taker_rate),
                "makerFeeRate": plain(each.maker_rate),
                **shared,
            }
            for each in markets
        ]
    }


def time_told(call: Call) -> object:
    """Tells the time."""
    return {"timeSecond": str(call.told_at // NS_PER_S), "timeNano": str(call.told_at)}


def depth(call: Call) -> object:
    """Tells the book of a market."""
    market, limit = call.market(), call.text("limit")
    if isinstance(market, Refused):
        return market
    pit = call.exchange.pits[market.name]
    count = whole_of(limit, 25)
    sides = {
        name: [market_pages.level(market, price, pit.levels[sign][price]) for price in pit.prices(sign)[:count]]
        for name, sign in (("b", 1), ("a", -1))
    }
    at = ms(call.told_at)
    return {"s": market.symbol, **sides, "ts": at, "u": pit.flushes, "seq": pit.update_id, "cts": ms(call.now)}


def _each(page: Callable[[Call, Market], object], *, most: int = 1_000) -> Act:
    def acted(call: Call) -> object:
        markets = call.markets()
        return (
            markets
            if isinstance(markets, Refused)
            else _listed(call, [page(call, each) for each in markets], most=most)
        )

    return acted


def recent(call: Call) -> object:
    """Lists trades, newest first."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    prints = call.exchange.prints[market.name][::-1]
    return _listed(call, [market_pages.trade_page(market, each) for each in prints], most=1_000)


def candles(call: Call) -> object:
    """Lists candles, newest first."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    rows = market_pages.candle_rows(call.exchange, market, INTERVALS.get(call.text("interval"), 1))
    return {"category": call.text("category"), "symbol": market.symbol, "list": rows}


def funding_rates(call: Call) -> object:
    """Lists what funding was settled at."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    seen = {flow.at: None for flow in call.exchange.flows if (flow.kind, flow.market) == ("FUNDING_FEE", market.symbol)}
    return _listed(call, [market_pages.funding_row(market, at) for at in sorted(seen, reverse=True)], most=200)


def _listed(call: Call, rows: list[object] | list[pages.Page], *, most: int = 50) -> object:
    return {"category": call.text("category"), **call.page(rows, most=most)}


def _order(call: Call) -> BookedOrder | Refused:
    market = call.market()
    return market if isinstance(market, Refused) else call.order(market)


def _named(call: Call, order: BookedOrder) -> object:
    return {"orderId": pages.order_id(call.exchange, order), "orderLinkId": order.client_id}


def _open(act: Act) -> Route:
    return Route(act=act, signed=False, per_s=100)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/v5/market/time"): _open(time_told),
    ("GET", "/v5/market/instruments-info"): _open(_each(lambda _call, market: market_pages.rules_page(market))),
    ("GET", "/v5/market/tickers"): _open(_each(lambda call, market: market_pages.ticker_page(call.exchange, market))),
    ("GET", "/v5/market/orderbook"): _open(depth),
    ("GET", "/v5/market/recent-trade"): _open(recent),
    ("GET", "/v5/market/kline"): _open(candles),
    ("GET", "/v5/market/funding/history"): _open(funding_rates),
    ("POST", "/v5/order/create"): Route(act=place, per_s=20),
    ("POST", "/v5/order/amend"): Route(act=amend),
    ("POST", "/v5/order/cancel"): Route(act=cancel, per_s=20),
    ("POST", "/v5/order/cancel-all"): Route(act=cancel_all),
    ("POST", "/v5/order/create-batch"): Route(act=_several(place)),
    ("POST", "/v5/order/cancel-batch"): Route(act=_several(cancel)),
    ("POST", "/v5/order/disconnected-cancel-all"): Route(act=guard),
    ("GET", "/v5/order/realtime"): Route(act=working, per_s=50),
    ("GET", "/v5/order/history"): Route(act=history, per_s=50),
    ("GET", "/v5/execution/list"): Route(act=executions, per_s=50),
    ("GET", "/v5/position/list"): Route(act=positions, per_s=50),
    ("POST", "/v5/position/set-leverage"): Route(act=set_leverage),
    ("POST", "/v5/position/switch-mode"): Route(act=set_mode),
    ("GET", "/v5/account/wallet-balance"): Route(act=wallet, per_s=50),
    ("GET", "/v5/account/info"): Route(act=settings, per_s=50),
    ("GET", "/v5/account/fee-rate"): Route(act=fees),
    ("GET", "/v5/account/transaction-log"): Route(act=ledger, per_s=30),
    ("GET", "/v5/asset/coin/query-info"): Route(act=coins),
    ("GET", "/v5/user/query-api"): Route(act=key_of),
}
