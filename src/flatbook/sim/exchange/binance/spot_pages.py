"""The pages and events of the simulated Binance spot.

Source: Binance documentation of Spot: Trading and Account Endpoints, User Data Stream.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.binance.words import fixed, ms
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Change, Ending, Execution
from flatbook.sim.exchange.terms import SPOT_WALLET
from flatbook.values.instants import Instant

Page = dict[str, object]
ZERO = Decimal(0)
SIDES = {1: "BUY", -1: "SELL"}


def order_page(order: BookedOrder) -> Page:
    """Writes an order as a query tells it."""
    return {
        "symbol": order.market.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": fixed(order.price or ZERO),
        "origQty": fixed(order.qty),
        "executedQty": fixed(order.filled),
        "origQuoteOrderQty": fixed(order.asked.spend or ZERO),
        "cummulativeQuoteQty": fixed(order.spent),
        "status": order.status.value,
        "timeInForce": order.words.get("timeInForce", "GTC"),
        "type": order.words.get("type", "LIMIT"),
        "side": SIDES[order.sign],
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": ms(order.created_at),
        "updateTime": ms(order.updated_at),
        "isWorking": True,
        "workingTime": ms(order.created_at),
        "selfTradePreventionMode": order.stp.value,
    }


def placed_page(order: BookedOrder, answer: str) -> Page:
    """Writes an order as the answer to its placing tells it: ACK, RESULT or FULL."""
    page = order_page(order)
    head = {name: page[name] for name in ("symbol", "orderId", "orderListId", "clientOrderId")}
    head["transactTime"] = ms(order.updated_at)
    if answer == "ACK":
        return head
    words = ("price", "origQty", "executedQty", "origQuoteOrderQty", "cummulativeQuoteQty", "status", "timeInForce")
    more = ("type", "side", "workingTime", "selfTradePreventionMode")
    told = {**head, **{name: page[name] for name in (*words, *more)}}
    if answer == "FULL":
        told["fills"] = [
            {
                "price": fixed(each.price),
                "qty": fixed(each.qty),
                "commission": fixed(each.fee),
                "commissionAsset": each.fee_coin,
                "tradeId": each.trade_id,
            }
            for each in order.executions
        ]
    return told


def canceled_page(order: BookedOrder) -> Page:
    """Writes an order as the answer to its cancel tells it."""
    told = placed_page(order, "RESULT")
    cancel_id = f"cancel{order.id}"
    return {**told, "origClientOrderId": order.client_id, "clientOrderId": cancel_id}


def trade_page(order: BookedOrder, execution: Execution) -> Page:
    """Writes an execution."""
    return {
        "symbol": order.market.symbol,
        "id": execution.trade_id,
        "orderId": order.id,
        "orderListId": -1,
        "price": fixed(execution.price),
        "qty": fixed(execution.qty),
        "quoteQty": fixed(execution.notional),
        "commission": fixed(execution.fee),
        "commissionAsset": execution.fee_coin,
        "time": ms(execution.at),
        "isBuyer": order.sign > 0,
        "isMaker": execution.is_maker,
        "isBestMatch": True,
    }


def account_page(exchange: Exchange, account: Account, *, empty: bool) -> Page:
    """Writes an account with its balances, those of nothing too where `empty` says so."""
    wallet = account.wallets[SPOT_WALLET]
    balances = [
        {"asset": coin, "free": fixed(wallet.free.get(coin, ZERO)), "locked": fixed(wallet.locked.get(coin, ZERO))}
        for coin in wallet.coins()
        if empty or wallet.total(coin)
    ]
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": "0.00100000", "taker": "0.00100000", "buyer": "0.0", "seller": "0.0"},
        "canTrade": account.opening.may_trade,
        "canWithdraw": False,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": ms(exchange.now),
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": 354_937_868,
    }


EXECUTION_WORDS = {
    Change.NEW: "NEW",
    Change.TRADE: "TRADE",
    Change.CANCELED: "CANCELED",
    Change.EXPIRED: "EXPIRED",
    Change.REJECTED: "REJECTED",
    Change.AMENDED: "REPLACED",
    Change.PREVENTED: "EXPIRED",
    Change.FORCED: "TRADE",
}


def order_event(order: BookedOrder, change: Change, execution: Execution | None, at: Instant) -> Page:
    """Writes what happened to an order as the stream of its account tells it."""
    reason = "NONE" if order.ending is not Ending.REJECTED_LATE else "UNKNOWN_ERROR"
    canceled = change is Change.CANCELED and order.ending is Ending.ASKED
    return {
        "e": "executionReport",
        "E": ms(at),
        "s": order.market.symbol,
        "c": f"cancel{order.id}" if canceled else order.client_id,
        "S": SIDES[order.sign],
        "o": order.words.get("type", "LIMIT"),
        "f": order.words.get("timeInForce", "GTC"),
        "q": fixed(order.qty),
        "p": fixed(order.price or ZERO),
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": order.client_id if canceled else "",
        "x": EXECUTION_WORDS[change],
        "X": order.status.value,
        "r": reason,
        "i": order.id,
        "l": fixed(ZERO if execution is None else execution.qty),
        "z": fixed(order.filled),
        "L": fixed(ZERO if execution is None else execution.price),
        "n": "0" if execution is None else fixed(execution.fee),
        "N": None if execution is None else execution.fee_coin,
        "T": ms(order.updated_at),
        "t": -1 if execution is None else execution.trade_id,
        "I": order.id * 10,
        "w": order.is_open and order.price is not None,
        "m": execution is not None and execution.is_maker,
        "M": execution is not None,
        "O": ms(order.created_at),
        "Z": fixed(order.spent),
        "Y": fixed(ZERO if execution is None else execution.notional),
        "Q": fixed(order.asked.spend or ZERO),
        "W": ms(order.created_at),
        "V": order.stp.value,
    }


def account_event(account: Account, coins: tuple[str, ...], at: Instant) -> Page:
    """Writes balances that changed."""
    wallet = account.wallets[SPOT_WALLET]
    rows = [
        {"a": coin, "f": fixed(wallet.free.get(coin, ZERO)), "l": fixed(wallet.locked.get(coin, ZERO))}
        for coin in coins
    ]
    return {"e": "outboundAccountPosition", "E": ms(at), "u": ms(at), "B": rows}
