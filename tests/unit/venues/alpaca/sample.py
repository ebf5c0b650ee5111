"""Payloads of Alpaca as its documentation and its clients' tests show them, and a carrier that answers with them.

Source: the payloads of the tests of alpaca-py (Apache License 2.0, AlpacaDB, Inc.), tests/trading/trading_client, and
of the page Account Activities of docs.alpaca.markets; ids and numbers changed where a test needs it.
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
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Instrument, Side, TradingRules
from flatbook.values.money import Price, Quantity
from flatbook.venues.alpaca.venue import AlpacaAccount, AlpacaVenue
from flatbook.venues.alpaca.wire import Api, broker_api
from flatbook.venues.http import Carried, Reply, Request
from tests.clocks import StillClock

Answer = TypeVar("Answer")
MAIN = AccountId("main")
AAPL = InstrumentId("alpaca:AAPL")
SYMBOLS = {"AAPL": AAPL}
ACCOUNT_ID = "904837e3-3b76-47ec-b432-046db621571b"
BROKER = broker_api(ACCOUNT_ID)
OURS = OrderId("fbaaaaaaaaaaaaaaaaaaaaaaaa")
THEIRS = "61e69015-8549-4bfd-b9c3-01e75843f47d"
JSON = "application/json; charset=UTF-8"
REGULAR = instant_of_text("2025-12-01T15:00:00Z")

INSTRUMENT = Instrument(
    id=AAPL,
    account=MAIN,
    symbol="AAPL",
    underlying=Underlying("AAPL"),
    quote=AssetId("USD"),
    rules=TradingRules(
        tick=Decimal("0.01"),
        lot=Decimal("0.000000001"),
        qty_min=Decimal("0.000000001"),
        notional_min=Decimal(1),
        tick_below_one=Decimal("0.0001"),
    ),
)


def approved(**changes: Any) -> ApprovedOrder:
    fields: dict[str, Any] = {
        "order_id": OURS,
        "account": MAIN,
        "instrument": AAPL,
        "side": Side.BUY,
        "qty": Quantity(Decimal("10.5")),
        "limit": Price(Decimal("210.25")),
        "reduce_only": False,
        "style": OrderStyle.LIMIT,
        "attempt": 0,
        "good_until": instant_of_text("2025-12-01T16:00:00Z"),
    }
    return ApprovedOrder(**fields | changes)


def order(**changes: Any) -> dict[str, Any]:
    fields = {
        "id": THEIRS,
        "client_order_id": OURS,
        "created_at": "2025-12-01T15:00:00.942282Z",
        "updated_at": "2025-12-01T15:00:01.942282Z",
        "submitted_at": "2025-12-01T15:00:00.937734Z",
        "filled_at": None,
        "expired_at": None,
        "canceled_at": None,
        "failed_at": None,
        "replaced_at": None,
        "replaced_by": None,
        "replaces": None,
        "asset_id": ACCOUNT_ID,
        "symbol": "AAPL",
        "asset_class": "us_equity",
        "notional": None,
        "qty": "10.5",
        "filled_qty": "0",
        "filled_avg_price": None,
        "order_class": "simple",
        "order_type": "limit",
        "type": "limit",
        "side": "buy",
        "time_in_force": "day",
        "limit_price": "210.25",
        "stop_price": None,
        "status": "new",
        "extended_hours": False,
        "legs": None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
        "position_intent": "buy_to_open",
        "commission": 1.25,
    }
    return fields | changes


def fill(number: int, qty: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "activity_type": "FILL",
        "account_id": ACCOUNT_ID,
        "cum_qty": qty,
        "id": f"2025120110000{number}977::8efc7b9a-8b2b-4000-9955-d36e7db0df7{number}",
        "leaves_qty": "0",
        "price": "210.13",
        "qty": qty,
        "side": "buy",
        "symbol": "AAPL",
        "transaction_time": f"2025-12-01T15:00:0{number}.977Z",
        "order_id": THEIRS,
        "type": "fill",
        "order_status": "filled",
    }
    return fields | changes


def position(**changes: Any) -> dict[str, Any]:
    fields = {
        "asset_id": ACCOUNT_ID,
        "symbol": "AAPL",
        "exchange": "NASDAQ",
        "asset_class": "us_equity",
        "avg_entry_price": "100.0",
        "qty": "5",
        "side": "long",
        "market_value": "600.0",
        "cost_basis": "500.0",
        "current_price": "120.0",
    }
    return fields | changes


DAY = {"date": "2025-12-01", "open": "09:30", "close": "16:00", "session_open": "0400", "session_close": "2000"}
CLOCK = {"timestamp": "2025-12-01T10:00:10.25-05:00", "is_open": True, "next_open": "", "next_close": ""}
ASSET = {"symbol": "AAPL", "status": "active", "tradable": True, "fractionable": True, "easy_to_borrow": True}


def market() -> tuple[Reply, ...]:
    """What Alpaca says of the day, its clock, and the share."""
    return reply([DAY]), reply(CLOCK), reply(ASSET)


def charged(activity_id: str = "20251202000000000::one", **changes: Any) -> dict[str, Any]:
    """A fee as Alpaca writes it, with changes."""
    return {
        "id": activity_id,
        "account_id": ACCOUNT_ID,
        "activity_type": "FEE",
        "activity_sub_type": "TAF",
        "date": "2025-12-02",
        "net_amount": "-0.02",
        "description": "TAF fee for proceed of 3 shares",
        "status": "executed",
    } | changes


def account(**changes: Any) -> dict[str, Any]:
    fields = {
        "account_blocked": False,
        "account_number": "010203ABCD",
        "buying_power": "262113.632",
        "cash": "-23140.2",
        "currency": "USD",
        "daytrade_count": 0,
        "equity": "103820.56",
        "non_marginable_buying_power": "98945.02",
        "status": "ACTIVE",
    }
    return fields | changes


def reply(content: Any, status: int = 200, **headers: str) -> Reply:
    """Returns a reply with JSON in it; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers={"content-type": JSON} | named, body=json.dumps(content).encode())


def refusal(status: int, code: int | None, message: str, **headers: str) -> Reply:
    stated = {"message": message} if code is None else {"code": code, "message": message}
    return reply(stated, status, **headers)


NOT_FOUND = refusal(404, 40410000, f"order not found for {OURS}")
HTML = Reply(status=200, headers={"content-type": "text/html"}, body=b"<html>sign in</html>")


class Carrier:
    """Answers requests in turn and keeps them, with the instant at which each would be given up.

    Units: each request takes `takes_s` seconds of the clock.
    """

    def __init__(self, clock: StillClock, *answers: Carried) -> None:
        self.clock = clock
        self.takes_s = 0
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.timeouts: list[Instant] = []

    async def send(self, request: Request, timeout_at: Instant) -> Carried:
        self.requests.append(request)
        self.timeouts.append(timeout_at)
        self.clock.at = later(self.clock.at, seconds=self.takes_s)
        return self.answers.pop(0)

    @property
    def asked(self) -> list[str]:
        """What was asked for, as method and path."""
        return [f"{request.method} {request.path}" for request in self.requests]


def scene(
    *answers: Carried, at: Instant = REGULAR, api: Api = BROKER, extended_hours: bool = False
) -> tuple[AlpacaVenue, Carrier, StillClock]:
    clock = StillClock(at)
    carrier = Carrier(clock, *answers)
    venue = AlpacaVenue(
        carrier,
        clock,
        account=AlpacaAccount(account=MAIN, api=api, instruments=(INSTRUMENT,), extended_hours=extended_hours),
    )
    return venue, carrier, clock


def run(call: Coroutine[Any, Any, Answer]) -> Answer:
    return asyncio.run(call)
