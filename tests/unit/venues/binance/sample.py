"""What tests of Binance share: recorded answers, answers of USD-M as documented, and what is traded."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import OrderStyle, UnknownReason
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.values.money import Price, Quantity
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.markets import Market
from flatbook.venues.http import Carried, Reply, Request
from flatbook.venues.rate_budget import RateBudget
from tests.clocks import StillClock

RECORDED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "recorded" / "binance" / "spot.json").read_text(encoding="utf-8")
)
D = Decimal
NOW = instant_of_text("2026-11-28T12:00:00Z")
ACCOUNT = AccountId("binance")
PERP, SPOT = InstrumentId("BTC-PERP@binance"), InstrumentId("BTC@binance")
OURS = OrderId("fbaaaaaaaaaaaaaaaaaaaaaaaa")
SYMBOLS = {"BTCUSDT": PERP}

# Source: developers.binance.com, USD-M futures, Query Order, Account Trade List, and Event: Order Update.
ORDER: dict[str, Any] = {
    "orderId": 283194212,
    "symbol": "BTCUSDT",
    "status": "NEW",
    "clientOrderId": OURS,
    "price": "50000.00",
    "avgPrice": "0.00",
    "origQty": "0.010",
    "executedQty": "0.000",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "time": 1_795_860_000_000,
    "updateTime": 1_795_860_000_123,
}
TRADE: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "id": 698759,
    "orderId": 283194212,
    "side": "SELL",
    "price": "7819.01",
    "qty": "0.002",
    "realizedPnl": "-0.91539999",
    "commission": "-0.07819010",
    "commissionAsset": "USDT",
    "time": 1_795_860_000_456,
    "positionSide": "BOTH",
    "buyer": False,
    "maker": True,
}
PUSHED: dict[str, Any] = {
    "s": "BTCUSDT",
    "c": OURS,
    "S": "SELL",
    "o": "LIMIT",
    "f": "GTC",
    "q": "0.010",
    "p": "9910",
    "ap": "9910",
    "sp": "0",
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "i": 8886774,
    "l": "0.002",
    "z": "0.002",
    "L": "9910.1",
    "n": "0.0079",
    "N": "USDT",
    "T": 1_795_860_000_789,
    "t": 12345999,
    "m": True,
    "R": False,
    "ps": "BOTH",
    "rp": "-5.67",
}


def recorded(name: str) -> Any:
    """Returns what a recorded answer or event holds."""
    return RECORDED[name]["content"]


def reply(content: Any, status: int = 200, **headers: str) -> Reply:
    """Returns an answer as it comes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Reply(status=status, headers={"content-type": "application/json", **named}, body=body)


def refused(code: int, msg: str = "", status: int = 400) -> Reply:
    """Returns a refusal as Binance writes it."""
    return reply({"code": code, "msg": msg}, status)


def instrument(product: Product = Product.LINEAR_PERP, **rules: str) -> Instrument:
    """Returns Bitcoin as it is traded at Binance."""
    grid = {"tick": "0.1", "lot": "0.001", "qty_min": "0.001", "notional_min": "100", **rules}
    return Instrument(
        id=PERP if product is Product.LINEAR_PERP else SPOT,
        account=ACCOUNT,
        symbol="BTCUSDT",
        underlying=Underlying("BTC"),
        quote=AssetId("USDT"),
        product=product,
        rules=TradingRules(
            tick=D(grid["tick"]), lot=D(grid["lot"]), qty_min=D(grid["qty_min"]), notional_min=D(grid["notional_min"])
        ),
    )


def approved(
    *,
    style: OrderStyle = OrderStyle.LIMIT,
    limit: str | None = "50000",
    qty: str = "0.010",
    reduce_only: bool = False,
    order_id: OrderId = OURS,
    good_until: Instant | None = None,
) -> ApprovedOrder:
    """Returns an order that risk approved."""
    return ApprovedOrder(
        order_id=order_id,
        account=ACCOUNT,
        instrument=PERP,
        side=Side.BUY,
        qty=Quantity(D(qty)),
        limit=None if limit is None else Price(D(limit)),
        reduce_only=reduce_only,
        style=style,
        attempt=0,
        good_until=Instant(NOW + 60_000_000_000) if good_until is None else good_until,
    )


class Answers:
    """Stands where SessionHttp stands: the answer to each path is what a test says, and what is asked is kept."""

    def __init__(self) -> None:
        self.by_path: dict[str, Reply | Unknown | NotSent] = {}
        self.asked: list[Request] = []

    def says(self, path: str, answer: Reply | Unknown | NotSent) -> None:
        self.by_path[path] = answer

    async def send(self, request: Request, timeout_at: Instant) -> Carried:
        self.asked.append(request)
        return self.by_path.get(f"{request.method} {request.path}", self.by_path.get(request.path, NOT_SAID))


NOT_SAID = Unknown(reason=UnknownReason.TIMED_OUT)


def line_to(http: Answers, market: Market, clock: StillClock) -> BinanceLine:
    """Returns a line of a key to what a test answers."""
    return BinanceLine(http, clock, BinanceKey(clock, lambda: ("key", "word")), RateBudget(market.gauges))
