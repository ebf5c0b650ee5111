"""The pages and events of the simulated Binance USD-M.

Source: Binance documentation of USD-M Futures: New Order, Query Order, Account Trade List, Position Information V3,
Account Information V3, Futures Account Balance V3, Get Income History, User Data Streams.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.accounts import Account, Position
from flatbook.sim.exchange.binance.words import fixed, like, ms
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Change, Execution, Flow, Forced, Status
from flatbook.sim.exchange.terms import MARGIN_WALLET, Kind, Market
from flatbook.values.instants import Instant
from flatbook.values.money import divide_cut, plain

Page = dict[str, object]
ZERO = Decimal(0)
SIDES = {1: "BUY", -1: "SELL"}


def average(order: BookedOrder) -> str:
    """Writes the average price of an order."""
    return like(order.average, order.market.tick * Decimal("0.001"))


def order_page(order: BookedOrder, status: Status | None = None) -> Page:
    """Writes an order; with a status, as it was when it was accepted."""
    market, accepted = order.market, status is not None
    kind = order.words.get("type", "MARKET")
    filled, spent = (ZERO, ZERO) if accepted else (order.filled, order.spent)
    return {
        "orderId": order.id,
        "symbol": market.symbol,
        "status": (status or order.status).value,
        "clientOrderId": order.client_id,
        "price": like(order.price or ZERO, market.tick),
        "avgPrice": "0.00" if accepted else average(order),
        "origQty": like(order.qty, market.lot),
        "executedQty": like(filled, market.lot),
        "cumQty": like(filled, market.lot),
        "cumQuote": fixed(spent, 5),
        "timeInForce": order.words.get("timeInForce", "GTC"),
        "type": kind,
        "reduceOnly": order.reduces,
        "closePosition": False,
        "side": SIDES[order.sign],
        "positionSide": "BOTH",
        "stopPrice": "0.00",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": order.stp.value,
        "goodTillDate": 0,
        "time": ms(order.created_at),
        "updateTime": ms(order.created_at if accepted else order.updated_at),
    }


def trade_page(order: BookedOrder, execution: Execution) -> Page:
    """Writes an execution."""
    return {
        "symbol": order.market.symbol,
        "id": execution.trade_id,
        "orderId": order.id,
        "side": SIDES[order.sign],
        "price": like(execution.price, order.market.tick),
        "qty": like(execution.qty, order.market.lot),
        "realizedPnl": fixed(execution.realised),
        "quoteQty": plain(execution.notional),
        "commission": fixed(execution.fee),
        "commissionAsset": execution.fee_coin,
        "time": ms(execution.at),
        "positionSide": "BOTH",
        "buyer": order.sign > 0,
        "maker": execution.is_maker,
    }


def position_page(exchange: Exchange, position: Position) -> Page:
    """Writes a position as its own path tells it."""
    market = position.market
    mark = margin.mark(exchange, market) or ZERO
    worth = market.worth(abs(position.qty), mark)
    needed = divide_cut(worth, Decimal(position.leverage), decimals=8)
    return {
        "symbol": market.symbol,
        "positionSide": "BOTH",
        "positionAmt": like(position.qty, market.lot),
        "entryPrice": fixed(position.entry),
        "breakEvenPrice": fixed(position.entry),
        "markPrice": fixed(mark),
        "unRealizedProfit": fixed(position.gain(mark)),
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": fixed(market.worth(position.qty, mark)),
        "marginAsset": market.quote,
        "isolatedWallet": "0",
        "initialMargin": fixed(needed),
        "maintMargin": fixed(market.maintenance_of(worth)),
        "positionInitialMargin": fixed(needed),
        "openOrderInitialMargin": "0",
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": ms(position.updated_at),
    }


def old_position_page(exchange: Exchange, position: Position) -> Page:
    """Writes a position as the second version of its path tells it."""
    return {
        **position_page(exchange, position),
        "marginType": "cross",
        "isAutoAddMargin": "false",
        "leverage": str(position.leverage),
        "maxNotionalValue": "20000000",
    }


def account_page(exchange: Exchange, account: Account, *, full: bool) -> Page:
    """Writes an account; `full` as the second version does, with all markets and what it may do."""
    coin = "USDT"
    wallet = account.wallets[MARGIN_WALLET]
    positions = [position for position in account.positions.values() if full or position.qty]
    totals: Page = {
        "totalInitialMargin": fixed(margin.initial(exchange, account, coin)),
        "totalMaintMargin": fixed(margin.maintenance(exchange, account, coin)),
        "totalWalletBalance": fixed(wallet.total(coin)),
        "totalUnrealizedProfit": fixed(margin.gains(exchange, account, coin)),
        "totalMarginBalance": fixed(margin.equity(exchange, account, coin)),
        "totalPositionInitialMargin": fixed(margin.initial(exchange, account, coin)),
        "totalOpenOrderInitialMargin": "0",
        "totalCrossWalletBalance": fixed(wallet.total(coin)),
        "totalCrossUnPnl": fixed(margin.gains(exchange, account, coin)),
        "availableBalance": fixed(margin.available(exchange, account, coin)),
        "maxWithdrawAmount": fixed(margin.available(exchange, account, coin)),
        "assets": [_asset(exchange, account, each) for each in wallet.coins()],
        "positions": [_held(exchange, each) for each in positions],
    }
    may: Page = {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True, "multiAssetsMargin": False}
    return {**may, **totals} if full else totals


def _held(exchange: Exchange, position: Position) -> Page:
    page = old_position_page(exchange, position)
    return {**page, "unrealizedProfit": page["unRealizedProfit"], "isolated": False}


def _asset(exchange: Exchange, account: Account, coin: str) -> Page:
    return {
        "asset": coin,
        "walletBalance": fixed(account.wallets[MARGIN_WALLET].total(coin)),
        "unrealizedProfit": fixed(margin.gains(exchange, account, coin)),
        "marginBalance": fixed(margin.equity(exchange, account, coin)),
        "maintMargin": fixed(margin.maintenance(exchange, account, coin)),
        "initialMargin": fixed(margin.initial(exchange, account, coin)),
        "positionInitialMargin": fixed(margin.initial(exchange, account, coin)),
        "openOrderInitialMargin": "0.00000000",
        "crossWalletBalance": fixed(account.wallets[MARGIN_WALLET].total(coin)),
        "crossUnPnl": fixed(margin.gains(exchange, account, coin)),
        "availableBalance": fixed(margin.available(exchange, account, coin)),
        "maxWithdrawAmount": fixed(margin.available(exchange, account, coin)),
        "marginAvailable": True,
        "updateTime": ms(exchange.now),
    }


def balance_page(exchange: Exchange, account: Account, coin: str) -> Page:
    """Writes the balance of a coin."""
    return {
        "accountAlias": "SgsR",
        "asset": coin,
        "balance": fixed(account.wallets[MARGIN_WALLET].total(coin)),
        "crossWalletBalance": fixed(account.wallets[MARGIN_WALLET].total(coin)),
        "crossUnPnl": fixed(margin.gains(exchange, account, coin)),
        "availableBalance": fixed(margin.available(exchange, account, coin)),
        "maxWithdrawAmount": fixed(margin.available(exchange, account, coin)),
        "marginAvailable": True,
        "updateTime": ms(exchange.now),
    }


def income_page(flow: Flow) -> Page:
    """Writes a change of the wallet that is no trade."""
    return {
        "symbol": flow.market,
        "incomeType": flow.kind,
        "income": fixed(flow.amount),
        "asset": flow.coin,
        "info": flow.kind,
        "time": ms(flow.at),
        "tranId": flow.id,
        "tradeId": "",
    }


EXECUTION_WORDS = {
    Change.NEW: "NEW",
    Change.TRADE: "TRADE",
    Change.CANCELED: "CANCELED",
    Change.EXPIRED: "EXPIRED",
    Change.REJECTED: "EXPIRED",
    Change.AMENDED: "AMENDMENT",
    Change.PREVENTED: "EXPIRED",
    Change.FORCED: "CALCULATED",
}


def order_event(order: BookedOrder, change: Change, execution: Execution | None, at: Instant) -> Page:
    """Writes what happened to an order as the stream of its account tells it."""
    market, kind = order.market, order.words.get("type", "MARKET")
    if order.forced is Forced.LIQUIDATION:
        kind = "LIQUIDATION"
    last_qty, last_price = (execution.qty, execution.price) if execution is not None else (ZERO, ZERO)
    content: Page = {
        "s": market.symbol,
        "c": order.client_id,
        "S": SIDES[order.sign],
        "o": kind,
        "f": order.words.get("timeInForce", "GTC" if order.forced is None else "IOC"),
        "q": like(order.qty, market.lot),
        "p": like(order.price or ZERO, market.tick),
        "ap": average(order),
        "sp": "0",
        "x": EXECUTION_WORDS[change],
        "X": order.status.value,
        "i": order.id,
        "l": like(last_qty, market.lot),
        "z": like(order.filled, market.lot),
        "L": like(last_price, market.tick),
        "n": fixed(execution.fee) if execution is not None else "0",
        "N": execution.fee_coin if execution is not None else None,
        "T": ms(order.updated_at),
        "t": execution.trade_id if execution is not None else 0,
        "b": "0",
        "a": "0",
        "m": execution is not None and execution.is_maker,
        "R": order.reduces,
        "wt": "CONTRACT_PRICE",
        "ot": kind,
        "ps": "BOTH",
        "cp": False,
        "rp": fixed(execution.realised) if execution is not None else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": order.stp.value,
        "pm": "NONE",
        "gtd": 0,
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": ms(at), "T": ms(order.updated_at), "o": content}


def lite_event(order: BookedOrder, execution: Execution, at: Instant) -> Page:
    """Writes an execution as the quicker of the two messages tells it."""
    return {
        "e": "TRADE_LITE",
        "E": ms(at),
        "T": ms(execution.at),
        "s": order.market.symbol,
        "q": like(order.qty, order.market.lot),
        "p": like(order.price or ZERO, order.market.tick),
        "m": execution.is_maker,
        "c": order.client_id,
        "S": SIDES[order.sign],
        "L": like(execution.price, order.market.tick),
        "l": like(execution.qty, order.market.lot),
        "t": execution.trade_id,
        "i": order.id,
    }


def account_event(
    exchange: Exchange, account: Account, why: str, coins: tuple[str, ...], market: str, at: Instant
) -> Page:
    """Writes that balances, and perhaps a position, changed."""
    wallet = account.wallets[MARGIN_WALLET]
    balances = [
        {"a": coin, "wb": fixed(wallet.total(coin)), "cw": fixed(wallet.total(coin)), "bc": "0"} for coin in coins
    ]
    position = account.positions.get(market)
    positions = [] if position is None or why == "FUNDING_FEE" else [_position_event(exchange, position)]
    return {"e": "ACCOUNT_UPDATE", "E": ms(at), "T": ms(exchange.now), "a": {"m": why, "B": balances, "P": positions}}


def _position_event(exchange: Exchange, position: Position) -> Page:
    mark = margin.mark(exchange, position.market) or ZERO
    return {
        "s": position.market.symbol,
        "pa": like(position.qty, position.market.lot),
        "ep": fixed(position.entry),
        "bep": fixed(position.entry),
        "cr": fixed(position.realised),
        "up": fixed(position.gain(mark)),
        "mt": "cross",
        "iw": "0",
        "ps": "BOTH",
    }


def premium_page(exchange: Exchange, market: Market, at: Instant) -> Page:
    """Writes mark, index and funding of a market."""
    mark = margin.mark(exchange, market) or ZERO
    spot = exchange.terms.market(Kind.SPOT, market.symbol)
    index = (margin.mark(exchange, spot) if spot is not None else None) or mark
    return {
        "symbol": market.symbol,
        "markPrice": fixed(mark),
        "indexPrice": fixed(index),
        "estimatedSettlePrice": fixed(index),
        "lastFundingRate": fixed(exchange.markets[market.name].funding_rate),
        "interestRate": "0.00010000",
        "nextFundingTime": ms(margin.next_funding(market, exchange.now)),
        "time": ms(at),
    }
