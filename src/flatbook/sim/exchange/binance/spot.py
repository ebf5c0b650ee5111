"""The paths of the simulated Binance spot: orders and account.

Source: Binance documentation of Spot, REST API.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange.binance import lists
from flatbook.sim.exchange.binance import spot_pages as pages
from flatbook.sim.exchange.binance.calls import Act, Call, Needs, Route, placing_of
from flatbook.sim.exchange.binance.market_routes import market_routes
from flatbook.sim.exchange.binance.words import NOT_OPEN, SPOT, Refused, ms
from flatbook.sim.exchange.orders import BookedOrder, Flow, Refusal
from flatbook.sim.exchange.terms import SPOT_WALLET, Life
from flatbook.values.instants import text_of_instant
from flatbook.values.money import plain

LIVES = {"GTC": Life.GTC, "IOC": Life.IOC, "FOK": Life.FOK}
ANSWERS = {"LIMIT": "FULL", "MARKET": "FULL", "LIMIT_MAKER": "ACK"}
NONE_TO_CANCEL = NOT_OPEN
SECOND_CHARS = 19


def place(call: Call) -> object:
    """Places an order."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    placing = placing_of(call, market, LIVES)
    if isinstance(placing, Refused):
        return placing
    order = call.exchange.place(placing, call.now)
    if isinstance(order, Refusal):
        return SPOT[order]
    return pages.placed_page(order, call.text("newOrderRespType") or ANSWERS[call.text("type")])


def try_out(call: Call) -> object:
    """Reads an order and takes none."""
    market = call.market()
    placing = market if isinstance(market, Refused) else placing_of(call, market, LIVES)
    return placing if isinstance(placing, Refused) else {}


def query(call: Call) -> object:
    """Tells an order."""
    order = _order(call)
    return order if isinstance(order, Refused) else pages.order_page(order)


def cancel(call: Call) -> object:
    """Cancels an order."""
    order = _order(call)
    if isinstance(order, Refused):
        return NOT_OPEN if order.code == -2013 else order
    refused = call.exchange.cancel(order, call.now)
    return NOT_OPEN if refused is not None else pages.canceled_page(order)


def cancel_all(call: Call) -> object:
    """Cancels all open orders of a market."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    orders = call.exchange.open_orders(call.account.name, market)
    if not orders:
        return NONE_TO_CANCEL
    for order in orders:
        call.exchange.cancel(order, call.now)
    return [pages.canceled_page(order) for order in orders]


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


def account(call: Call) -> object:
    """Tells the account."""
    return pages.account_page(call.exchange, call.account, empty=call.text("omitZeroBalances") != "true")


def fees(call: Call) -> object:
    """Tells the fees of a market."""
    market = call.market()
    if isinstance(market, Refused):
        return market
    rates = {"maker": plain(market.maker_rate), "taker": plain(market.taker_rate), "buyer": "0", "seller": "0"}
    coin = call.exchange.terms.fee_coin
    discount = {
        "enabledForAccount": call.account.pays_in_fee_coin,
        "enabledForSymbol": bool(coin),
        "discountAsset": coin,
        "discount": plain(Decimal(1) - call.exchange.terms.fee_coin_rate),
    }
    return {"symbol": market.symbol, "standardCommission": rates, "discount": discount}


def restrictions(call: Call) -> object:
    """Tells what the key may do: it never may withdraw."""
    may = call.account.opening.may_trade
    return {
        "ipRestrict": False,
        "createTime": ms(call.now),
        "enableReading": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": may,
        "permitsUniversalTransfer": True,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": may,
        "enablePortfolioMarginTrading": False,
    }


def burn(call: Call) -> object:
    """Sets whether fees are paid in the exchange's own coin."""
    if call.text("spotBNBBurn"):
        call.account.pays_in_fee_coin = call.text("spotBNBBurn") == "true"
    return {"spotBNBBurn": call.account.pays_in_fee_coin, "interestBNBBurn": False}


def coins(call: Call) -> object:
    """Lists the coins."""
    wallet = call.account.wallets[SPOT_WALLET]
    return [
        {
            "coin": coin,
            "name": coin,
            "free": plain(wallet.free.get(coin, Decimal(0))),
            "locked": plain(wallet.locked.get(coin, Decimal(0))),
            "depositAllEnable": True,
            "withdrawAllEnable": False,
            "isLegalMoney": False,
            "trading": True,
            "networkList": [],
        }
        for coin in wallet.coins()
    ]


def deposits(call: Call) -> object:
    """Lists what came in from outside."""
    return [
        {
            "id": str(flow.id),
            "amount": plain(flow.amount),
            "coin": flow.coin,
            "network": flow.coin,
            "status": 1,
            "txId": f"tx-{flow.id}",
            "insertTime": ms(flow.at),
            "completeTime": ms(flow.at),
            "transferType": 0,
            "walletType": 0,
        }
        for flow in _flows(call, "DEPOSIT")
    ]


def withdrawals(call: Call) -> object:
    """Lists what left."""
    return [
        {
            "id": str(flow.id),
            "amount": plain(-flow.amount),
            "transactionFee": "0",
            "coin": flow.coin,
            "status": 6,
            "network": flow.coin,
            "applyTime": text_of_instant(flow.at)[:SECOND_CHARS].replace("T", " "),
            "walletType": 0,
        }
        for flow in _flows(call, "WITHDRAW")
    ]


def transfers(call: Call) -> object:
    """Lists what went between the wallets of the account, by its way."""
    way = {"MAIN_UMFUTURE": 1, "UMFUTURE_MAIN": -1}.get(call.text("type"), 0)
    rows = [
        {
            "asset": flow.coin,
            "amount": plain(abs(flow.amount)),
            "type": call.text("type"),
            "status": "CONFIRMED",
            "tranId": flow.id,
            "timestamp": ms(flow.at),
        }
        for flow in _flows(call, "TRANSFER")
        if way * flow.amount > 0
    ]
    return {"total": len(rows), "rows": rows} if rows else {"total": 0}


def _flows(call: Call, kind: str) -> list[Flow]:
    start, end = call.since()
    return [
        flow
        for flow in call.exchange.flows
        if (flow.account, flow.kind) == (call.account.name, kind) and start <= ms(flow.at) <= end
    ]


def _order(call: Call) -> BookedOrder | Refused:
    market = call.market()
    return market if isinstance(market, Refused) else call.order(market)


def _signed(act: Act, weight: int = 1, *, places: bool = False) -> Route:
    return Route(act=act, needs=Needs.SIGNATURE, weight=weight, places=places)


ROUTES: dict[tuple[str, str], Route] = {
    **market_routes("/api/v3"),
    ("POST", "/api/v3/order"): _signed(place, places=True),
    ("POST", "/api/v3/order/test"): _signed(try_out),
    ("GET", "/api/v3/order"): _signed(query, 4),
    ("DELETE", "/api/v3/order"): _signed(cancel),
    ("GET", "/api/v3/openOrders"): _signed(open_orders, 6),
    ("DELETE", "/api/v3/openOrders"): _signed(cancel_all),
    ("GET", "/api/v3/allOrders"): _signed(all_orders, 20),
    ("GET", "/api/v3/myTrades"): _signed(trades, 20),
    ("GET", "/api/v3/account"): _signed(account, 20),
    ("GET", "/api/v3/account/commission"): _signed(fees, 20),
    ("GET", "/sapi/v1/account/apiRestrictions"): _signed(restrictions),
    ("GET", "/sapi/v1/capital/deposit/hisrec"): _signed(deposits),
    ("GET", "/sapi/v1/capital/withdraw/history"): _signed(withdrawals),
    ("GET", "/sapi/v1/asset/transfer"): _signed(transfers),
    ("GET", "/sapi/v1/bnbBurn"): _signed(burn),
    ("POST", "/sapi/v1/bnbBurn"): _signed(burn),
    ("GET", "/sapi/v1/capital/config/getall"): _signed(coins, 10),
    ("GET", "/sapi/v1/margin/allPairs"): Route(act=lambda _call: [], needs=Needs.KEY),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): Route(act=lambda _call: [], needs=Needs.KEY),
}
