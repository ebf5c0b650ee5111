"""What the tests of the simulated Schwab share: its terms, a price, a login, and requests by hand."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import msgspec

from flatbook.sim.alpaca.terms import OpeningAccount
from flatbook.sim.network.http_broker import Ask, Told
from flatbook.sim.schwab.front import Front
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import Money, Quantity
from tests.unit.sim.alpaca.scene import Faults

NUMBER, HASH = "123456789", "ABC123DEF456"
POOR, POOR_HASH = "5", "POOR"
OPEN = instant_of_text("2026-06-02T14:00:00Z")
BASIC = {"authorization": "Basic " + base64.b64encode(b"app-key:app-word").decode()}
CALLBACK = "https://127.0.0.1:8182"

TERMS = SchwabTerms(
    accounts=(
        OpeningAccount(
            account_id=NUMBER,
            cash=Money(Decimal(100_000)),
            holdings={"AAPL": Quantity(Decimal(50)), "TSLA": Quantity(Decimal(-20))},
        ),
        OpeningAccount(account_id=POOR, cash=Money(Decimal(500)), may_short=False),
    ),
    hashes={NUMBER: HASH, POOR: POOR_HASH},
    symbols=("AAPL", "TSLA", "NVDA"),
    key="app-key",
    secret="app-word",
)


class Scene:
    """A Schwab, the time that a test says, one price for all, and a login."""

    def __init__(self, faults: Faults | None = None, at: Instant = OPEN, terms: SchwabTerms = TERMS) -> None:
        self.at = at
        self.price = Decimal(200)
        self.front = Front(terms, lambda _symbol, _at: self.price, faults or Faults())
        self.headers: dict[str, str] = {}

    def wait(self, *, seconds: int = 0, ms: int = 0) -> None:
        """Lets time pass."""
        self.at = later(self.at, seconds=seconds, ms=ms)

    def told(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Told:
        """Sends one request; a path that does not begin with a slash is below the account."""
        whole = path if path.startswith("/") else f"/trader/v1/accounts/{HASH}/{path}"
        where, _, query = whole.partition("?")
        sent = self.headers if headers is None else headers
        return self.front.ask(
            Ask(method=method, path=where, query=dict(parse_qsl(query)), headers=sent, body=body), self.at
        )

    def ask(self, method: str, path: str, body: bytes = b"") -> Any:
        """Sends one request and returns (status, content) as JSON would carry it."""
        told = self.told(method, path, body)
        return told.status, None if told.content is None else msgspec.json.decode(msgspec.json.encode(told.content))

    def code(self) -> str:
        """Logs in as a browser would and returns the code."""
        query = urlencode({"client_id": "app-key", "redirect_uri": CALLBACK, "response_type": "code"})
        told = self.told("GET", f"/v1/oauth/authorize?{query}")
        assert told.status == 302
        return parse_qs(urlsplit(told.headers["Location"]).query)["code"][0]

    def tokens(self, **form: str) -> Any:
        """Asks for tokens and returns (status, content)."""
        told = self.told("POST", "/v1/oauth/token", urlencode(form).encode(), BASIC)
        return told.status, told.content

    def log_in(self) -> Scene:
        """Logs in and uses the access token from now on."""
        _, given = self.tokens(grant_type="authorization_code", code=self.code(), redirect_uri=CALLBACK)
        self.headers = {"authorization": f"Bearer {given['access_token']}"}
        return self

    def place(self, **changes: Any) -> Told:
        """Places an order for 10 AAPL at market, with changes of the order and of its leg."""
        leg = {"instruction": "BUY", "quantity": 10, "instrument": {"symbol": "AAPL", "assetType": "EQUITY"}}
        for name in ("instruction", "quantity"):
            leg |= {name: changes.pop(name)} if name in changes else {}
        if "symbol" in changes:
            leg |= {"instrument": {"symbol": changes.pop("symbol"), "assetType": "EQUITY"}}
        fields = {
            "orderType": "MARKET",
            "session": "NORMAL",
            "duration": "DAY",
            "orderStrategyType": "SINGLE",
            "orderLegCollection": [leg],
        }
        return self.told("POST", "orders", json.dumps(fields | changes).encode())
