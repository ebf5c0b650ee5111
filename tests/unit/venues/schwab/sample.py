"""Payloads of Schwab in the shape of a recorded order and of the schemas of the Trader API, and a scene around them.

Source: the recorded order of ST0x-Technology/schwab, order_status.rs, and its account_orders_openapi.yaml; ids and
numbers changed where a test needs it.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.own_books import OwnBooks
from flatbook.engine.ports import ApprovedOrder
from flatbook.events.orders import OrderStyle
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying, VenueOrderId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Instrument, Side, TradingRules
from flatbook.values.money import Price, Quantity
from flatbook.venues.http import Carried, Reply
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.parse import Listed, order_answer
from flatbook.venues.schwab.tokens import Tokens
from flatbook.venues.schwab.venue import SchwabAccount, SchwabVenue
from tests.clocks import StillClock
from tests.unit.venues.alpaca.sample import Carrier

MAIN = AccountId("main")
GME = InstrumentId("schwab:GME")
SYMBOLS = {"GME": GME}
NUMBER, HASH = "123456789", "ABC123DEF456"
OURS = OrderId("fbaaaaaaaaaaaaaaaaaaaaaaaa")
THEIRS = VenueOrderId("1004055538153")
JSON = "application/json;charset=UTF-8"
REGULAR = instant_of_text("2025-12-01T15:00:00Z")
ORDERS = f"/trader/v1/accounts/{HASH}/orders"

INSTRUMENT = Instrument(
    id=GME,
    account=MAIN,
    symbol="GME",
    underlying=Underlying("GME"),
    quote=AssetId("USD"),
    rules=TradingRules(
        tick=Decimal("0.01"), lot=Decimal(1), qty_min=Decimal(1), notional_min=Decimal(1), tick_below_one=None
    ),
)


def approved(**changes: Any) -> ApprovedOrder:
    fields: dict[str, Any] = {
        "order_id": OURS,
        "account": MAIN,
        "instrument": GME,
        "side": Side.BUY,
        "qty": Quantity(Decimal(10)),
        "limit": Price(Decimal("22.73")),
        "reduce_only": False,
        "style": OrderStyle.LIMIT,
        "attempt": 0,
        "good_until": instant_of_text("2025-12-01T15:10:00Z"),
    }
    return ApprovedOrder(**fields | changes)


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """One of our orders as a venue is shown it."""

    order_id: OrderId
    instrument: InstrumentId
    side: Side
    qty: Quantity
    limit: Price | None
    decided_at: Instant
    good_until: Instant
    venue_order_id: VenueOrderId | None
    is_open: bool


def own(**changes: Any) -> Own:
    fields: dict[str, Any] = {
        "order_id": OURS,
        "instrument": GME,
        "side": Side.BUY,
        "qty": Quantity(Decimal(10)),
        "limit": Price(Decimal("22.73")),
        "decided_at": REGULAR,
        "good_until": instant_of_text("2025-12-01T15:10:00Z"),
        "venue_order_id": None,
        "is_open": True,
    }
    return Own(**fields | changes)


def execution(number: int = 1, qty: float = 4.0, **changes: Any) -> dict[str, Any]:
    leg = {
        "legId": 1,
        "quantity": qty,
        "mismarkedQuantity": 0.0,
        "price": 22.7299,
        "time": f"2025-12-01T15:00:0{number}+0000",
        "instrumentId": 4430271,
    }
    return {
        "activityType": "EXECUTION",
        "activityId": 102102029816 + number,
        "executionType": "FILL",
        "quantity": qty,
        "orderRemainingQuantity": 10.0 - number,
        "executionLegs": [leg | changes],
    }


def order(*executions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "session": "NORMAL",
        "duration": "DAY",
        "orderType": "LIMIT",
        "complexOrderStrategyType": "NONE",
        "quantity": 10.0,
        "filledQuantity": sum(each["quantity"] for each in executions),
        "remainingQuantity": 10.0,
        "requestedDestination": "AUTO",
        "destinationLinkName": "HRTF",
        "price": 22.73,
        "orderLegCollection": [
            {
                "orderLegType": "EQUITY",
                "legId": 1,
                "instrument": {"assetType": "EQUITY", "symbol": "GME", "instrumentId": 4430271},
                "instruction": "BUY",
                "positionEffect": "OPENING",
                "quantity": 10.0,
            }
        ],
        "orderStrategyType": "SINGLE",
        "orderId": 1004055538153,
        "cancelable": True,
        "editable": False,
        "status": "WORKING",
        "enteredTime": "2025-12-01T15:00:00+0000",
        "tag": "API_TOS:Trader",
        "accountNumber": 123456789,
    }
    if executions:
        fields["orderActivityCollection"] = list(executions)
    return fields | changes


def account(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "type": "MARGIN",
        "accountNumber": NUMBER,
        "positions": [
            {"longQuantity": 30.0, "shortQuantity": 0.0, "instrument": {"assetType": "EQUITY", "symbol": "GME"}},
            {"longQuantity": 0.0, "shortQuantity": 7.0, "instrument": {"assetType": "EQUITY", "symbol": "TSLA"}},
        ],
        "currentBalances": {"cashBalance": 10500.25, "availableFunds": 9000.5, "buyingPower": 18001.0},
    }
    return {"securitiesAccount": fields | changes}


HOURS = {
    "equity": {
        "EQ": {
            "date": "2025-12-01",
            "isOpen": True,
            "sessionHours": {
                "preMarket": [{"start": "2025-12-01T07:00:00-05:00", "end": "2025-12-01T09:30:00-05:00"}],
                "regularMarket": [{"start": "2025-12-01T09:30:00-05:00", "end": "2025-12-01T16:00:00-05:00"}],
                "postMarket": [{"start": "2025-12-01T16:00:00-05:00", "end": "2025-12-01T20:00:00-05:00"}],
            },
        }
    }
}
CLOSED = {"equity": {"EQ": {"date": "2025-12-01", "isOpen": False}}}


def reply(content: Any, status: int = 200, **headers: str) -> Reply:
    """Returns a reply with JSON in it; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers={"content-type": JSON} | named, body=json.dumps(content).encode())


def created(venue_order_id: str = THEIRS) -> Reply:
    where = f"https://api.schwabapi.com{ORDERS}/{venue_order_id}"
    return Reply(status=201, headers={"location": where}, body=b"")


def refusal(status: int, message: str) -> Reply:
    return reply({"message": message, "errors": []}, status)


def listed(content: dict[str, Any]) -> Listed:
    """Returns an order as the parser makes it."""
    found = order_answer(reply(content), venue_order_id=VenueOrderId(str(content["orderId"])), symbols=SYMBOLS)
    assert isinstance(found, Listed)
    return found


NUMBERS = reply([{"accountNumber": "1", "hashValue": "XYZ"}, {"accountNumber": NUMBER, "hashValue": HASH}])
HTML = Reply(status=200, headers={"content-type": "text/html"}, body=b"<html>sign in</html>")
TOKENS = Tokens(
    access="first",
    access_ends_at=later(REGULAR, seconds=1_800),
    refresh="refresh",
    login_ends_at=later(REGULAR, seconds=604_800),
)


class Kept:
    """A store of tokens in memory."""

    def __init__(self, tokens: Tokens | None = TOKENS, *, keeps: bool = True) -> None:
        self.tokens = tokens
        self.keeps = keeps
        self.kept: list[Tokens] = []

    def load(self) -> Tokens | None:
        return self.tokens

    def keep(self, tokens: Tokens) -> bool:
        self.kept.append(tokens)
        return self.keeps


class Scene:
    """A venue with its books, a carrier of its requests, one of its token requests, and a clock."""

    def __init__(
        self, *answers: Carried, at: Instant = REGULAR, tokens: Tokens | None = TOKENS, extended_hours: bool = False
    ) -> None:
        self.clock = StillClock(at)
        self.carrier = Carrier(self.clock, *answers)
        self.for_tokens = Carrier(self.clock)
        self.store = Kept(tokens)
        self.login = Login(self.for_tokens, self.clock, self.store)
        if tokens is not None:
            self.for_tokens.answers.append(
                reply({"access_token": "second", "refresh_token": "refresh", "expires_in": 1800})
            )
        self.orders: list[Own] = [own()]
        self.held: dict[InstrumentId, Quantity | None] = {GME: Quantity(Decimal(0))}
        stated = SchwabAccount(account=MAIN, number=NUMBER, instruments=(INSTRUMENT,), extended_hours=extended_hours)
        self.venue = SchwabVenue(
            SchwabLine(self.carrier, self.login, self.clock), self.clock, account=stated, books=self.books
        )

    def books(self) -> OwnBooks:
        """What is booked."""
        return OwnBooks(orders=tuple(self.orders), held=self.held)

    def book(self, **changes: Any) -> None:
        """Changes what is booked of our order."""
        self.orders = [msgspec.structs.replace(self.orders[0], **changes)]
