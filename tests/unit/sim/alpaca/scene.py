"""What the tests of the simulated Alpaca share: its terms, a price that moves by a script, and requests by hand."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from flatbook.sim.alpaca.faults import CalmBroker, Pushing, Spoiling, TokenEnd
from flatbook.sim.alpaca.front import Front
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.network.http_broker import Ask, Told
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import Money, Quantity

ACCOUNT = "904837e3-3b76-47ec-b432-046db621571b"
OTHER = "c8f1ef5d-edc0-4f23-9ee4-378f19cb92a4"
OPEN = instant_of_text("2026-06-02T14:00:00Z")
EVENING = instant_of_text("2026-06-02T22:00:00Z")
KEYS = {"authorization": "Basic " + base64.b64encode(b"key:word").decode()}
TRADING_KEYS = {"apca-api-key-id": "key", "apca-api-secret-key": "word"}

TERMS = AlpacaTerms(
    accounts=(
        OpeningAccount(
            account_id=ACCOUNT,
            cash=Money(Decimal(100_000)),
            holdings={"AAPL": Quantity(Decimal("50.5")), "TSLA": Quantity(Decimal(-20))},
        ),
        OpeningAccount(account_id=OTHER, cash=Money(Decimal(500)), may_short=False),
    ),
    assets=(
        Asset(symbol="AAPL"),
        Asset(symbol="TSLA"),
        Asset(symbol="NVDA"),
        Asset(symbol="BRK.A", fractionable=False, shortable=False),
        Asset(symbol="GONE", tradable=False),
        Asset(symbol="DEAD", active=False),
    ),
    key="key",
    secret="word",
    trading_account=ACCOUNT,
)


class Faults(CalmBroker, frozen=True, kw_only=True):
    """Faults by a script; each list is used up from its front."""

    spoilings: list[Spoiling] = msgspec.field(default_factory=list)
    repeated: list[bool] = msgspec.field(default_factory=list)
    held_ms: int = 0
    lag_ms: int = 0
    late_ms: int | None = None
    pieces: list[int] = msgspec.field(default_factory=list)
    over: bool = False
    restricted: bool = False
    late_rejection: bool = False
    strange: str | None = None
    neighbour: bool = False
    nameless: bool = False
    ends: list[TokenEnd] = msgspec.field(default_factory=list)
    refused: bool = False
    per_minute: int | None = None
    thinking_ms: int = 0
    unsubscribed: tuple[str, ...] = ()
    pushings: list[Pushing] = msgspec.field(default_factory=list)

    def spoils(self, _verb: str) -> Spoiling:
        return self.spoilings.pop(0) if self.spoilings else Spoiling.NONE

    def repeats(self, _verb: str) -> bool:
        return self.repeated.pop(0) if self.repeated else False

    def thinks_ms(self, _verb: str) -> int:
        return self.thinking_ms

    def refuses_caller(self, _verb: str) -> bool:
        return self.refused

    def read_lag_ms(self, _verb: str) -> int:
        return self.lag_ms

    def requests_per_minute(self, stated: int) -> int:
        return stated if self.per_minute is None else self.per_minute

    def hold_ms(self, _symbol: str) -> int:
        return self.held_ms

    def restricts(self, _symbol: str) -> bool:
        return self.restricted

    def rejects_late(self, _symbol: str) -> bool:
        return self.late_rejection

    def piece_bps(self, _symbol: str) -> int:
        return self.pieces.pop(0) if self.pieces else 10_000

    def overfills(self, _symbol: str) -> bool:
        return self.over

    def late_fill_ms(self, _symbol: str) -> int | None:
        return self.late_ms

    def strange_status(self, _verb: str) -> str | None:
        return self.strange

    def names_neighbour(self, _verb: str) -> bool:
        return self.neighbour

    def is_subscribed(self, feed: str) -> bool:
        return feed not in self.unsubscribed

    def pushes(self, _verb: str) -> Pushing:
        return self.pushings.pop(0) if self.pushings else Pushing.NONE

    def names_nothing(self, _verb: str) -> bool:
        return self.nameless

    def ends_token(self, _verb: str) -> TokenEnd:
        return self.ends.pop(0) if self.ends else TokenEnd.NONE


class Scene:
    """An Alpaca, the time that a test says, and prices that it sets."""

    def __init__(self, faults: Faults | None = None, terms: AlpacaTerms = TERMS, at: Instant = OPEN) -> None:
        self.at = at
        self.prices: dict[str, list[tuple[Instant, Decimal | None]]] = {}
        self.front = Front(terms, self.price, faults or Faults())

    def price(self, symbol: str, at: Instant) -> Decimal | None:
        """The last price that was set before an instant; 200 at first."""
        return next((price for since, price in reversed(self.prices.get(symbol, [])) if since <= at), Decimal(200))

    def set_price(self, symbol: str, price: str | None) -> None:
        """Sets a price from now on."""
        self.prices.setdefault(symbol, []).append((self.at, None if price is None else Decimal(price)))

    def wait(self, *, seconds: int = 0, ms: int = 0) -> None:
        """Lets time pass."""
        self.at = later(self.at, seconds=seconds, ms=ms)

    def told(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Told:
        """Sends one request; a path that begins with a slash is whole, any other one is below the account."""
        whole = path if path.startswith("/") else f"/v1/trading/accounts/{ACCOUNT}/{path}"
        where, _, query = whole.partition("?")
        keys = TRADING_KEYS if whole.startswith("/v2/") else KEYS
        content = b"" if body is None else json.dumps(body).encode()
        ask = Ask(method=method, path=where, query=dict(parse_qsl(query)), headers=headers or keys, body=content)
        return self.front.ask(ask, self.at)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Sends one request and returns (status, content) as JSON would carry it."""
        told = self.told(method, path, body)
        return told.status, msgspec.json.decode(msgspec.json.encode(told.content))

    def place(self, client_id: str = "one", /, **changes: object) -> Any:
        """Places an order for 10 AAPL at market, with changes."""
        fields: dict[str, object] = {
            "symbol": "AAPL",
            "qty": "10",
            "side": "buy",
            "type": "market",
            "time_in_force": "day",
            "client_order_id": client_id,
        }
        fields |= changes
        return self.ask("POST", "orders", {name: value for name, value in fields.items() if value is not None})

    def order(self, client_id: str = "one") -> Any:
        """Returns an order by its client id."""
        return self.ask("GET", f"orders:by_client_order_id?client_order_id={client_id}")[1]

    def fills(self, query: str = "direction=asc") -> Any:
        """Returns a page of executions."""
        return self.ask("GET", f"/v1/accounts/activities/FILL?account_id={ACCOUNT}&{query}")[1]
