"""The paths of the simulated Binance USD-M: orders, account, positions and user streams.

Source: Binance documentation of USD-M Futures, REST API.
"""

from __future__ import annotations

import msgspec

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.binance import lists
from flatbook.sim.exchange.binance import usdm_pages as pages
from flatbook.sim.exchange.binance.calls import SIDES, Act, Call, Needs, Route, placing_of
from flatbook.sim.exchange.binance.market_routes import market_routes
from flatbook.sim.exchange.binance.words import NOT_OPEN, USDM, Refused, fixed, missing, ms
from flatbook.sim.exchange.orders import BookedOrder, Refusal, Status
from flatbook.sim.exchange.terms import MARGIN_WALLET, SPOT_WALLET, Life
from flatbook.sim.exchange.wholes import is_whole
from flatbook.values.money import ZERO, plain

LIVES = {"GTC": Life.GTC, "IOC": Life.IOC, "FOK": Life.FOK, "GTX": Life.MAKER, "GTD": Life.GTC}
BATCH_MAX = 5
CANCELED_BATCH_MAX = 10
DONE = {"code": 200, "msg": "success"}
NO_CHANGE = Refused(code=-4059, msg="No need to change position side.")


def place(call: Call) -> object:
    """Places an order."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    if call.text("positionSide") not in ("", "BOTH"):
        return Refused(code=-4061, msg="Order's position side does not match user's setting.")
    placing = placing_of(call, market, LIVES)
    if isinstance(placing, Refused):
        return placing
    order = call.exchange.place(placing, call.now)
    if isinstance(order, Refusal):
        return USDM[order]
    is_result = call.text("newOrderRespType") == "RESULT"
    return pages.order_page(order, None if is_result else Status.NEW)


def place_several(call: Call) -> object:
    """Places up to five orders; each has an answer of its own."""
    try:
        asked = msgspec.json.decode(call.text("batchOrders"), type=list[dict[str, str | bool | float]])
    except msgspec.MsgspecError:
        return missing("batchOrders")
    if len(asked) > BATCH_MAX:
        return Refused(code=-4082, msg="Invalid number of batch place orders.")
    return [_answered(place(_with(call, each))) for each in asked]


def _with(call: Call, asked: dict[str, str | bool | float]) -> Call:
    words = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in asked.items()}
    return msgspec.structs.replace(call, params=words)


def _answered(told: object) -> object:
    return {"code": told.code, "msg": told.msg} if isinstance(told, Refused) else told


def amend(call: Call) -> object:
    """Changes the price and the quantity of an order."""
    order = _order(call)
    if isinstance(order, Refused):
        return order
    price, qty = call.number("price"), call.number("quantity")
    if isinstance(price, Refused) or isinstance(qty, Refused):
        return price if isinstance(price, Refused) else qty
    if SIDES.get(call.text("side")) != order.sign:
        return missing("side")
    refused = call.exchange.amend(order, price, qty, call.now)
    return pages.order_page(order) if refused is None else USDM[refused]


def query(call: Call) -> object:
    """Tells an order."""
    order = _order(call)
    return order if isinstance(order, Refused) else pages.order_page(order)


def query_open(call: Call) -> object:
    """Tells an order while it is open."""
    order = _order(call)
    if isinstance(order, Refused) or order.is_open:
        return order if isinstance(order, Refused) else pages.order_page(order)
    return Refused(code=-2013, msg="Order does not exist.")


def cancel(call: Call) -> object:
    """Cancels an order."""
    order = _order(call)
    if isinstance(order, Refused):
        return NOT_OPEN if order.code == -2013 else order
    refused = call.exchange.cancel(order, call.now)
    return NOT_OPEN if refused is not None else pages.order_page(order)


def cancel_several(call: Call) -> object:
    """Cancels up to ten orders; each has an answer of its own."""
    by_id, by_client_id = call.text("orderIdList"), call.text("origClientOrderIdList")
    try:
        ids = msgspec.json.decode(by_id or by_client_id, type=list[int | str])
    except msgspec.MsgspecError:
        return missing("orderIdList")
    if len(ids) > CANCELED_BATCH_MAX:
        return Refused(code=-4083, msg="Invalid number of batch cancel orders.")
    name = "orderId" if by_id else "origClientOrderId"
    words = {"symbol": call.text("symbol")}
    return [_answered(cancel(msgspec.structs.replace(call, params={**words, name: str(each)}))) for each in ids]


def cancel_all(call: Call) -> object:
    """Cancels all open orders of a market."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    for order in call.exchange.open_orders(call.account.name, market):
        call.exchange.cancel(order, call.now)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def count_down(call: Call) -> object:
    """Cancels all open orders of a market later, unless asked again before; 0 stops that."""
    market, wait = call.market(), call.text("countdownTime")
    if isinstance(market, Refused) or not is_whole(wait):
        return market if isinstance(market, Refused) else missing("countdownTime")
    call.exchange.count_down(call.account.name, market, int(wait))
    return {"symbol": market.symbol, "countdownTime": wait}


def open_orders(call: Call) -> object:
    """Lists open orders."""
    return [pages.order_page(order) for order in lists.open_orders(call)]


def all_orders(call: Call) -> object:
    """Lists orders of a market."""
    orders = lists.all_orders(call)
    return orders if isinstance(orders, Refused) else [pages.order_page(order) for order in orders]


def trades(call: Call) -> object:
    """Lists executions of a market."""
    found = lists.executions(call)
    return found if isinstance(found, Refused) else [pages.trade_page(order, execution) for order, execution in found]


def positions(call: Call) -> object:
    """Lists positions that are not empty."""
    held = call.account.positions
    asked = [held[market.name] for market in call.markets() if market.name in held]
    return [pages.position_page(call.exchange, each) for each in asked if each.qty]


def old_positions(call: Call) -> object:
    """Lists the positions of all markets, empty or not."""
    asked = [call.account.position(market) for market in call.markets()]
    return [pages.old_position_page(call.exchange, each) for each in asked]


def income(call: Call) -> object:
    """Lists changes of the wallet, such as funding."""
    (start, end), kind, symbol = call.since(), call.text("incomeType"), call.text("symbol")
    flows = [
        flow
        for flow in call.exchange.flows
        if flow.account == call.account.name
        and kind in ("", flow.kind)
        and symbol in ("", flow.market)
        and start <= ms(flow.at) <= end
    ]
    return [pages.income_page(flow) for flow in flows[: call.rows()]]


def set_leverage(call: Call) -> object:
    """Sets the leverage of a market."""
    market, leverage = call.market(), call.text("leverage")
    if isinstance(market, Refused):
        return market
    if not is_whole(leverage) or not 0 < int(leverage) <= market.leverage_max:
        return Refused(code=-4028, msg=f"Leverage {leverage} is not valid")
    call.account.position(market).leverage = int(leverage)
    return {"leverage": int(leverage), "maxNotionalValue": "1000000", "symbol": market.symbol}


def set_margin_type(call: Call) -> object:
    """Takes cross margin, which is what there is."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    if call.text("marginType") == "CROSSED":
        return Refused(code=-4046, msg="No need to change margin type.")
    return Refused(code=-4048, msg="Margin type cannot be changed if there exists position.")


def set_mode(call: Call) -> object:
    """Takes one-way mode, which is what there is."""
    if call.text("dualSidePosition").lower() == "false":
        return NO_CHANGE
    return Refused(code=-4067, msg="Position side cannot be changed if there exists open orders.")


def funding_rates(call: Call) -> object:
    """Lists what funding was settled at."""
    seen = {(flow.market, ms(flow.at)) for flow in call.exchange.flows if flow.kind == "FUNDING_FEE"}
    rates = {market.symbol: market.funding_rate for market in call.markets()}
    return [
        {"symbol": symbol, "fundingTime": at, "fundingRate": fixed(rates[symbol]), "markPrice": ""}
        for symbol, at in sorted(seen)
        if symbol in rates
    ]


def premium(call: Call) -> object:
    """Tells mark and funding of one market, or of all."""
    rows = [pages.premium_page(call.exchange, market, call.told_at) for market in call.markets()]
    return rows[0] if call.text("symbol") and rows else rows


def brackets(call: Call) -> object:
    """Tells up to which notional which leverage may be had."""
    return [
        {
            "symbol": market.symbol,
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": market.leverage_max,
                    "notionalCap": 10_000_000,
                    "notionalFloor": 0,
                    "maintMarginRatio": float(market.maintenance_rate),
                    "cum": 0.0,
                }
            ],
        }
        for market in call.markets()
    ]


def commission(call: Call) -> object:
    """Tells the fees of a market."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    maker, taker = plain(market.maker_rate), plain(market.taker_rate)
    return {"symbol": market.symbol, "makerCommissionRate": maker, "takerCommissionRate": taker}


def symbol_settings(call: Call) -> object:
    """Tells leverage and margin type of markets."""
    held = [call.account.position(market) for market in call.markets()]
    shared = {"marginType": "CROSSED", "isAutoAddMargin": False, "maxNotionalValue": "1000000"}
    return [{"symbol": each.market.symbol, "leverage": each.leverage, **shared} for each in held]


def transfer(call: Call) -> object:
    """Moves coins between the wallet for spot and the one for margin."""
    way = {"MAIN_UMFUTURE": 1, "UMFUTURE_MAIN": -1}.get(call.text("type"))
    amount, coin = call.number("amount"), call.text("asset")
    if way is None or isinstance(amount, Refused) or not amount or amount < 0:
        return missing("type") if way is None else missing("amount")
    wallets = call.account.wallets
    free = wallets[SPOT_WALLET].free.get(coin, ZERO) if way > 0 else margin.available(call.exchange, call.account, coin)
    if free < amount:
        return Refused(code=-9000, msg="user have no available amount")
    wallets[SPOT_WALLET].add(coin, -way * amount)
    wallets[MARGIN_WALLET].add(coin, way * amount)
    margin.book_flow(call.exchange, call.account.name, "TRANSFER", coin, way * amount)
    return {"tranId": len(call.exchange.flows)}


def _order(call: Call) -> BookedOrder | Refused:
    market = call.market()
    return market if isinstance(market, Refused) else call.order(market)


def _balances(call: Call) -> object:
    coins = call.account.wallets[MARGIN_WALLET].coins()
    return [pages.balance_page(call.exchange, call.account, coin) for coin in coins]


def _signed(act: Act, weight: int = 1, *, places: bool = False) -> Route:
    return Route(act=act, needs=Needs.SIGNATURE, weight=weight, places=places)


ROUTES: dict[tuple[str, str], Route] = {
    **market_routes("/fapi/v1"),
    ("GET", "/fapi/v1/premiumIndex"): Route(act=premium),
    ("GET", "/fapi/v1/fundingRate"): Route(act=funding_rates),
    ("POST", "/fapi/v1/order"): _signed(place, 0, places=True),
    ("PUT", "/fapi/v1/order"): _signed(amend, places=True),
    ("GET", "/fapi/v1/order"): _signed(query),
    ("DELETE", "/fapi/v1/order"): _signed(cancel),
    ("POST", "/fapi/v1/batchOrders"): _signed(place_several, 5, places=True),
    ("DELETE", "/fapi/v1/batchOrders"): _signed(cancel_several),
    ("GET", "/fapi/v1/openOrder"): _signed(query_open),
    ("GET", "/fapi/v1/openOrders"): _signed(open_orders),
    ("GET", "/fapi/v1/allOrders"): _signed(all_orders, 5),
    ("DELETE", "/fapi/v1/allOpenOrders"): _signed(cancel_all),
    ("POST", "/fapi/v1/countdownCancelAll"): _signed(count_down, 10),
    ("GET", "/fapi/v1/userTrades"): _signed(trades, 5),
    ("GET", "/fapi/v1/income"): _signed(income, 30),
    ("GET", "/fapi/v2/positionRisk"): _signed(old_positions, 5),
    ("GET", "/fapi/v3/positionRisk"): _signed(positions, 5),
    ("GET", "/fapi/v2/account"): _signed(lambda call: pages.account_page(call.exchange, call.account, full=True), 5),
    ("GET", "/fapi/v3/account"): _signed(lambda call: pages.account_page(call.exchange, call.account, full=False), 5),
    ("GET", "/fapi/v2/balance"): _signed(_balances, 5),
    ("GET", "/fapi/v3/balance"): _signed(_balances, 5),
    ("POST", "/fapi/v1/leverage"): _signed(set_leverage),
    ("POST", "/fapi/v1/marginType"): _signed(set_margin_type),
    ("GET", "/fapi/v1/positionSide/dual"): _signed(lambda call: {"dualSidePosition": call.account.two_ways}, 30),
    ("POST", "/fapi/v1/positionSide/dual"): _signed(set_mode),
    ("GET", "/fapi/v1/multiAssetsMargin"): _signed(lambda _call: {"multiAssetsMargin": False}, 30),
    ("GET", "/fapi/v1/leverageBracket"): _signed(brackets),
    ("GET", "/fapi/v1/commissionRate"): _signed(commission, 20),
    ("GET", "/fapi/v1/symbolConfig"): _signed(symbol_settings, 5),
    ("POST", "/sapi/v1/asset/transfer"): _signed(transfer),
}
