"""The pages of the simulated Bybit about an account: orders, executions, positions, the wallet.

Source: Bybit V5 documentation: Get Open & Closed Orders, Get Trade History, Get Position Info, Get Wallet Balance.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.accounts import Account, Position
from flatbook.sim.exchange.bybit.words import (
    NAMES,
    SIDES,
    STP_WORDS,
    TIFS,
    ZERO,
    cancel_word,
    executed_word,
    logged_word,
    long_id,
    made_word,
    ms,
    reason_word,
    status_word,
)
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Execution, Flow
from flatbook.sim.exchange.terms import MARGIN_WALLET, Kind
from flatbook.values.money import cut, divide_cut, plain

Page = dict[str, object]
USD_DECIMALS = 8


def order_id(exchange: Exchange, order: BookedOrder) -> str:
    """Returns the id of an order."""
    return long_id(exchange.terms.seed, "order", order.id)


def order_page(exchange: Exchange, order: BookedOrder) -> Page:
    """Writes an order."""
    average = plain(order.average) if order.filled else ""
    left = order.left if order.is_open else ZERO
    fees = sum((each.fee for each in order.executions), ZERO)
    market = order.market
    return {
        "orderId": order_id(exchange, order),
        "orderLinkId": order.client_id,
        "blockTradeId": "",
        "symbol": market.symbol,
        "price": plain(order.price or ZERO),
        "qty": plain(order.qty),
        "side": SIDES[order.sign],
        "isLeverage": "0" if market.kind is Kind.SPOT else "",
        "positionIdx": 0,
        "orderStatus": status_word(order),
        "createType": made_word(order),
        "cancelType": cancel_word(order),
        "rejectReason": reason_word(order),
        "avgPrice": average,
        "leavesQty": plain(left),
        "leavesValue": plain(market.worth(left, order.price or ZERO)),
        "cumExecQty": plain(order.filled),
        "cumExecValue": plain(order.spent),
        "cumExecFee": plain(fees),
        "timeInForce": TIFS[order.life],
        "orderType": "Market" if order.price is None else "Limit",
        "stopOrderType": "",
        "orderIv": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "triggerDirection": 0,
        "triggerBy": "",
        "lastPriceOnCreated": "",
        "reduceOnly": order.reduces,
        "closeOnTrigger": False,
        "smpType": STP_WORDS[order.stp],
        "smpGroup": 0,
        "smpOrderId": "",
        **({"tpslMode": ""} if market.kind is Kind.PERP else {}),
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "placeType": "",
        "marketUnit": order.words.get("marketUnit", ""),
        "createdTime": str(ms(order.created_at)),
        "updatedTime": str(ms(order.updated_at)),
    }


def execution_page(exchange: Exchange, order: BookedOrder, execution: Execution) -> Page:
    """Writes an execution."""
    market = order.market
    mark = margin.mark(exchange, market) or ZERO
    before = sum((each.qty for each in order.executions if each.trade_id <= execution.trade_id), ZERO)
    closed = execution.qty if execution.realised else ZERO
    return {
        "symbol": market.symbol,
        "orderId": order_id(exchange, order),
        "orderLinkId": order.client_id,
        "side": SIDES[order.sign],
        "orderPrice": plain(order.price or ZERO),
        "orderQty": plain(order.qty),
        "leavesQty": plain(max(order.qty - before, ZERO)),
        "createType": made_word(order),
        "orderType": "Market" if order.price is None else "Limit",
        "stopOrderType": "UNKNOWN",
        "execFee": plain(execution.fee),
        "execFeeV2": "",
        "execId": long_id(exchange.terms.seed, order.account, execution.trade_id * 2 + (order.sign > 0)),
        "execPrice": plain(execution.price),
        "execQty": plain(execution.qty),
        "execType": executed_word(order),
        "execValue": plain(execution.notional),
        "execTime": str(ms(execution.at)),
        "execPnl": plain(execution.realised),
        "feeCurrency": execution.fee_coin,
        "isMaker": execution.is_maker,
        "feeRate": plain(market.maker_rate if execution.is_maker else market.taker_rate),
        "tradeIv": "",
        "markIv": "",
        "markPrice": plain(mark),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": plain(closed),
        "seq": execution.trade_id,
        "isLeverage": "0",
    }


def polled_page(exchange: Exchange, order: BookedOrder, execution: Execution) -> Page:
    """Writes an execution as a list of them has it: without what it realised."""
    page = execution_page(exchange, order, execution)
    return {name: value for name, value in page.items() if name != "execPnl"}


def traded_page(exchange: Exchange, order: BookedOrder, execution: Execution) -> Page:
    """Writes what a trade of a perpetual brought, as the log has it."""
    page = execution_page(exchange, order, execution)
    return {
        "id": f"trade-{page['execId']}",
        "symbol": page["symbol"],
        "category": "linear",
        "side": page["side"],
        "type": logged_word(order),
        "currency": order.market.quote,
        "qty": page["execQty"],
        "tradePrice": page["execPrice"],
        "funding": "",
        "fee": page["execFee"],
        "cashFlow": page["execPnl"],
        "change": plain(execution.realised - execution.fee),
        "tradeId": page["execId"],
        "orderId": page["orderId"],
        "orderLinkId": page["orderLinkId"],
        "transactionTime": page["execTime"],
    }


def funding_page(exchange: Exchange, flow: Flow) -> Page:
    """Writes a settlement of funding as one execution, which it is here: its fee is above zero where it was paid."""
    return {
        "symbol": flow.market,
        "orderId": long_id(exchange.terms.seed, "funding", flow.id),
        "orderLinkId": "",
        "side": "Sell" if flow.qty < 0 else "Buy",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "createType": "",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "execFee": plain(-flow.amount),
        "execId": long_id(exchange.terms.seed, "funding execution", flow.id),
        "execPrice": plain(flow.price),
        "execQty": plain(abs(flow.qty)),
        "execType": "Funding",
        "execValue": plain(abs(flow.qty) * flow.price),
        "execTime": str(ms(flow.at)),
        "execPnl": "",
        "feeCurrency": flow.coin,
        "isMaker": False,
        "feeRate": "",
        "markPrice": plain(flow.price),
        "closedSize": "",
        "seq": flow.id,
    }


def position_page(exchange: Exchange, position: Position) -> Page:
    """Writes a position."""
    market, size = position.market, abs(position.qty)
    mark = margin.mark(exchange, market) or ZERO
    worth = market.worth(size, mark)
    needed = divide_cut(worth, Decimal(position.leverage), decimals=USD_DECIMALS)
    return {
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "symbol": market.symbol,
        "side": SIDES[1 if position.qty > 0 else -1] if position.qty else "",
        "size": plain(size),
        "avgPrice": plain(position.entry),
        "positionValue": plain(abs(position.cost)),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0,
        "leverage": str(position.leverage),
        "positionBalance": plain(needed),
        "markPrice": plain(mark),
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": plain(cut(market.maintenance_of(worth), decimals=USD_DECIMALS)),
        "positionIM": plain(needed),
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "sessionAvgPrice": "",
        "unrealisedPnl": plain(position.gain(mark)) if position.qty else "",
        "curRealisedPnl": plain(position.realised),
        "cumRealisedPnl": plain(position.realised),
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": str(ms(position.opened_at)),
        "updatedTime": str(ms(position.updated_at)),
        "seq": 1,
    }


def wallet_page(exchange: Exchange, account: Account, coins: tuple[str, ...] = ()) -> Page:
    """Writes the wallet, of some coins or of all."""
    wallet = account.wallets[MARGIN_WALLET]
    named = [coin for coin in wallet.coins() if coin in (coins or wallet.coins())]
    rows = [_coin(exchange, account, coin) for coin in named]
    worth = sum((wallet.total(coin) * _in_usd(exchange, coin) for coin in wallet.coins()), ZERO)
    gained = margin.gains(exchange, account, "USDT")
    needed = margin.initial(exchange, account, "USDT")
    return {
        "accountType": "UNIFIED",
        "accountIMRate": "0",
        "accountMMRate": "0",
        "accountLTV": "0",
        "totalEquity": _usd(worth + gained),
        "totalWalletBalance": _usd(worth),
        "totalMarginBalance": _usd(worth + gained),
        "totalAvailableBalance": _usd(worth + gained - needed),
        "totalPerpUPL": _usd(gained),
        "totalInitialMargin": _usd(needed),
        "totalMaintenanceMargin": _usd(margin.maintenance(exchange, account, "USDT")),
        "coin": rows,
    }


def _coin(exchange: Exchange, account: Account, coin: str) -> Page:
    wallet, gained = account.wallets[MARGIN_WALLET], margin.gains(exchange, account, coin)
    equity = wallet.total(coin) + gained
    return {
        "coin": coin,
        "equity": _usd(equity),
        "usdValue": _usd(equity * _in_usd(exchange, coin)),
        "walletBalance": _usd(wallet.total(coin)),
        "free": "",
        "locked": _usd(wallet.locked.get(coin, ZERO)),
        "borrowAmount": "0",
        "spotBorrow": "0",
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "accruedInterest": "0",
        "totalOrderIM": "0",
        "totalPositionIM": _usd(margin.initial(exchange, account, coin)),
        "totalPositionMM": _usd(margin.maintenance(exchange, account, coin)),
        "unrealisedPnl": _usd(gained),
        "cumRealisedPnl": _usd(
            sum((each.realised for each in account.positions.values() if each.market.quote == coin), ZERO)
        ),
        "bonus": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
    }


def _usd(value: Decimal) -> str:
    return plain(cut(value, decimals=USD_DECIMALS))


def _in_usd(exchange: Exchange, coin: str) -> Decimal:
    if coin == "USDT":
        return Decimal(1)
    market = exchange.terms.market(Kind.SPOT, f"{coin}USDT") or exchange.terms.market(Kind.PERP, f"{coin}USDT")
    return (margin.mark(exchange, market) if market is not None else None) or ZERO


def category_of(order: BookedOrder) -> str:
    """Returns the category of an order."""
    return NAMES[order.market.kind]
