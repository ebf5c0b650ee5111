"""Payloads of Bybit as its documentation and its clients' tests show them, and a carrier that answers with them.

Source: the payloads of the tests of Bybit.Net (MIT License, Jan Korf), JKorf/Bybit.Net@d84528f2394b Bybit.UnitTests,
which are samples of bybit-exchange.github.io/docs/v5; ids and numbers changed where a test needs it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

from flatbook.engine.ports import ApprovedOrder
from flatbook.events.orders import OrderStyle
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying
from flatbook.values.instants import NS_PER_MS, Instant, instant_of_text, later
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.values.money import Price, Quantity
from flatbook.venues.bybit.pacing import new_budget
from flatbook.venues.bybit.stream import PrivateStream
from flatbook.venues.bybit.venue import BybitAccount, BybitVenue, BybitWay
from flatbook.venues.bybit.wire import Ahead, Category
from flatbook.venues.http import Carried, Reply, Request
from tests.clocks import StillClock

Answer = TypeVar("Answer")
MAIN = AccountId("main")
PERP, SPOT = InstrumentId("bybit:BTCUSDT-PERP"), InstrumentId("bybit:BTCUSDT")
OURS = OrderId("fbaaaaaaaaaaaaaaaaaaaaaaaa")
THEIRS = "c6f055d9-7f21-4079-913d-e6523a9cfffa"
NOW = instant_of_text("2026-11-28T08:00:00Z")
NOW_MS = NOW // NS_PER_MS
JSON = "application/json; charset=utf-8"

LINEAR_INSTRUMENT = Instrument(
    id=PERP,
    account=MAIN,
    symbol="BTCUSDT",
    underlying=Underlying("BTC"),
    quote=AssetId("USDT"),
    rules=TradingRules(tick=Decimal("0.1"), lot=Decimal("0.001"), qty_min=Decimal("0.001"), notional_min=Decimal(5)),
    product=Product.LINEAR_PERP,
)
SPOT_INSTRUMENT = Instrument(
    id=SPOT,
    account=MAIN,
    symbol="BTCUSDT",
    underlying=Underlying("BTC"),
    quote=AssetId("USDT"),
    rules=TradingRules(
        tick=Decimal("0.01"), lot=Decimal("0.000001"), qty_min=Decimal("0.000001"), notional_min=Decimal(5)
    ),
)
SYMBOLS = {(Category.LINEAR, "BTCUSDT"): LINEAR_INSTRUMENT, (Category.SPOT, "BTCUSDT"): SPOT_INSTRUMENT}


def approved(**changes: Any) -> ApprovedOrder:
    """An order of ours, with changes."""
    fields: dict[str, Any] = {
        "order_id": OURS,
        "account": MAIN,
        "instrument": PERP,
        "side": Side.BUY,
        "qty": Quantity(Decimal("0.003")),
        "limit": Price(Decimal("26864.4")),
        "reduce_only": False,
        "style": OrderStyle.LIMIT,
        "attempt": 0,
        "good_until": later(NOW, seconds=60),
    }
    return ApprovedOrder(**fields | changes)


def order(**changes: Any) -> dict[str, Any]:
    """An order as Bybit writes it, with changes."""
    fields = {
        "orderId": THEIRS,
        "orderLinkId": OURS,
        "blockTradeId": "",
        "symbol": "BTCUSDT",
        "price": "26864.40",
        "qty": "0.003",
        "side": "Buy",
        "isLeverage": "",
        "positionIdx": 0,
        "orderStatus": "New",
        "cancelType": "UNKNOWN",
        "rejectReason": "EC_NoError",
        "avgPrice": "0",
        "leavesQty": "0.003",
        "cumExecQty": "0.000",
        "cumExecValue": "0",
        "cumExecFee": "0",
        "timeInForce": "GTC",
        "orderType": "Limit",
        "stopOrderType": "UNKNOWN",
        "reduceOnly": False,
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(NOW_MS),
        "updatedTime": str(NOW_MS + 2),
    }
    return fields | changes


def execution(number: int, qty: str, **changes: Any) -> dict[str, Any]:
    """An execution as Bybit writes it, with changes."""
    fields = {
        "symbol": "BTCUSDT",
        "orderType": "Limit",
        "orderLinkId": OURS,
        "side": "Buy",
        "orderId": THEIRS,
        "stopOrderType": "UNKNOWN",
        "leavesQty": "0",
        "execTime": str(NOW_MS + number),
        "feeCurrency": "",
        "isMaker": False,
        "execFee": "0.071409",
        "feeRate": "0.0006",
        "execId": f"e0cbe81d-0f18-5866-9415-cf319b5dab3{number}",
        "blockTradeId": "",
        "execPrice": "26864.40",
        "orderQty": "0.003",
        "execValue": "119.015",
        "execType": "Trade",
        "execQty": qty,
        "closedSize": "0",
        "seq": 4688002127,
    }
    return fields | changes


def position(**changes: Any) -> dict[str, Any]:
    """A position as Bybit writes it, with changes."""
    fields = {
        "positionIdx": 0,
        "symbol": "BTCUSDT",
        "side": "Sell",
        "size": "0.300",
        "avgPrice": "27464.50441675",
        "positionStatus": "Normal",
        "adlRankIndicator": 2,
        "unrealisedPnl": "-0.00029413",
        "createdTime": "1676538056258",
        "updatedTime": "1697673600012",
    }
    return fields | changes


def coin(name: str, balance: str, locked: str = "0") -> dict[str, Any]:
    """A coin of the wallet as Bybit writes it."""
    return {"coin": name, "walletBalance": balance, "locked": locked, "equity": balance, "borrowAmount": "0.0"}


def wallet(*coins: dict[str, Any]) -> dict[str, Any]:
    """The wallet of a unified account."""
    return {"list": [{"accountType": "UNIFIED", "totalEquity": "3.31216591", "coin": list(coins)}]}


def booked(**changes: Any) -> dict[str, Any]:
    """A line of the transaction log as Bybit writes it, with changes."""
    fields = {
        "id": "592324_XRPUSDT_161440249321",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "funding": "-0.003676",
        "orderLinkId": "",
        "orderId": "1672128000-8-592324-1-2",
        "fee": "0.00000000",
        "change": "-0.003676",
        "cashFlow": "0",
        "transactionTime": str(NOW_MS),
        "type": "SETTLEMENT",
        "feeRate": "0.0001",
        "size": "100",
        "qty": "100",
        "cashBalance": "5086.55825002",
        "currency": "USDT",
        "category": "linear",
        "tradePrice": "0.3676",
        "tradeId": "534c0003-4bf7-486f-aa02-78cee36825e4",
    }
    return fields | changes


KEY = {
    "readOnly": 0,
    "permissions": {
        "ContractTrade": ["Order", "Position"],
        "Spot": ["SpotTrade"],
        "Wallet": ["AccountTransfer"],
        "Derivatives": [],
    },
    "ips": ["*"],
    "userID": 24617703,
    "unified": 0,
    "uta": 1,
}
ACCOUNT = {"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 5, "dcpStatus": "OFF", "timeWindow": 10}
LINEAR_LISTED = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
    "lotSizeFilter": {"maxOrderQty": "1190.000", "minOrderQty": "0.001", "qtyStep": "0.001", "minNotionalValue": "5"},
}
SPOT_LISTED = {
    "symbol": "BTCUSDT",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "lotSizeFilter": {
        "basePrecision": "0.000001",
        "quotePrecision": "0.00000001",
        "minOrderQty": "0.000001",
        "minOrderAmt": "5",
    },
    "priceFilter": {"tickSize": "0.01"},
}


def reply(result: Any, *, code: int = 0, message: str = "OK", status: int = 200, **headers: str) -> Reply:
    """Returns a reply of Bybit; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": NOW_MS + 7}
    return Reply(status=status, headers={"content-type": JSON} | named, body=json.dumps(content).encode())


def page(*rows: dict[str, Any], cursor: str = "") -> Reply:
    """Returns a page of a list."""
    return reply({"list": list(rows), "nextPageCursor": cursor})


def refusal(code: int, message: str = "no") -> Reply:
    """Returns a refusal of Bybit."""
    return reply({}, code=code, message=message)


PLACED = reply({"orderId": THEIRS, "orderLinkId": OURS})
HTML = Reply(status=200, headers={"content-type": "text/html"}, body=b"<html>sign in</html>")
EMPTY = page()


def sound() -> dict[str, list[Carried]]:
    """What Bybit answers to the questions of a statement, for an account against which nothing speaks."""
    return {
        "/v5/market/time": [reply({"timeSecond": str(NOW // 10**9), "timeNano": str(NOW)})],
        "/v5/account/info": [reply(ACCOUNT)],
        "/v5/user/query-api": [reply(KEY)],
        "/v5/market/instruments-info": [reply({"list": [LINEAR_LISTED]}), reply({"list": [SPOT_LISTED]})],
        "/v5/position/list": [page(position(side="", size="0")), page(position())],
        "/v5/order/realtime": [page(order()), EMPTY],
        "/v5/account/wallet-balance": [reply(wallet(coin("BTC", "0.5"), coin("USDT", "9684.46297164", "100")))],
        "/v5/account/transaction-log": [page(booked()), EMPTY, EMPTY, EMPTY],
    }


class Carrier:
    """Answers each path in turn, the last answer for ever, and keeps what was asked."""

    def __init__(self, answers: dict[str, list[Carried]]) -> None:
        self.answers = {path: list(replies) for path, replies in answers.items()}
        self.requests: list[Request] = []

    async def send(self, request: Request, timeout_at: Instant) -> Carried:
        self.requests.append(request)
        replies = self.answers[request.path]
        return replies.pop(0) if len(replies) > 1 else replies[0]

    @property
    def asked(self) -> list[str]:
        """What was asked for, as method and path."""
        return [f"{request.method} {request.path}" for request in self.requests]

    def body(self, number: int = -1) -> dict[str, Any]:
        """The body of a request."""
        content: dict[str, Any] = json.loads(self.requests[number].body)
        return content


def scene(
    answers: dict[str, list[Carried]],
    *,
    stated: bool = True,
    stream: PrivateStream | None = None,
    dead_man_s: int | None = None,
) -> tuple[BybitVenue, Carrier, StillClock]:
    """Returns the adapter with what answers it; `stated` reads a statement first and forgets what was asked for it."""
    clock, carrier = StillClock(NOW), Carrier(sound() | answers if stated else answers)
    venue = BybitVenue(
        BybitWay(http=carrier, ahead=Ahead(), budget=new_budget()),
        clock,
        account=BybitAccount(
            account=MAIN,
            user_id="24617703",
            instruments=(LINEAR_INSTRUMENT, SPOT_INSTRUMENT),
            dead_man_s=dead_man_s,
        ),
        stream=stream,
    )
    if stated:
        run(venue.standing.refresh(venue._read))
        carrier.requests.clear()
        carrier.answers |= {path: list(replies) for path, replies in answers.items()}
    return venue, carrier, clock


def run(call: Coroutine[Any, Any, Answer]) -> Answer:
    """Returns what a call comes to."""
    return asyncio.run(call)
