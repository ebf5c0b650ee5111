"""The simulated Schwab on a port of this machine, a browser before it, and homes of desks with logins there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load, places_of
from flatbook.services.schwab_login import SecretTokens
from flatbook.sim.schwab.server import SchwabServer
from flatbook.venues.schwab.tokens import Tokens
from tests.exchange import PAPER_RISK
from tests.unit.sim.schwab.scene import CALLBACK, NUMBER, TERMS

HELD_ELSEWHERE = {"TEST_SCHWAB_KEY": TERMS.key, "TEST_SCHWAB_SECRET": TERMS.secret}
SECRETS = """
schwab_key = "env:TEST_SCHWAB_KEY"
schwab_secret = "env:TEST_SCHWAB_SECRET"
schwab_tokens = "age:secrets/schwab.age#tokens"
"""
ACCOUNT = """
[accounts.{name}]
kind = "schwab"
environment = "sandbox"
number = "{number}"
key = "secret:schwab_key"
secret = "secret:schwab_secret"
tokens = "secret:{name}_tokens"
shorting = "never"
base_url = "{url}"
"""

LISTED = """
[pace]
order_poll_s = 1
idle_poll_s = 2
statement_s = 5
retry_s = 1

[instruments."AAPL/USD@ours"]
account = "ours"
symbol = "AAPL"
underlying = "AAPL"
quote = "USD"
tick = "0.01"
tick_below_one = "0.0001"
lot = "1"
qty_min = "1"
notional_min = "1"
contract_size = "1"

[secrets]
"""


class Served:
    """A Schwab on a port of this machine, in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.server = SchwabServer(
            TERMS, lambda _symbol, _at: Decimal(200), now=SystemClock().now, rest=lambda ms: asyncio.sleep(ms * 0.001)
        )
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self.loop).result(60)

    async def _start(self) -> int:
        self.runner = self.server.runner()
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return int(self.runner.addresses[0][1])

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """Where a person logs in."""
        asked = {"response_type": "code", "client_id": TERMS.key, "redirect_uri": CALLBACK}
        return f"{self.url}/v1/oauth/authorize?{urlencode(asked)}"

    def close(self) -> None:
        """Stops serving."""
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result(60)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(60)
        self.loop.close()

    def sent_back(self, address: str | None = None) -> str:
        """Opens an address as a browser does, and returns where it is sent."""
        parts = urlsplit(address or self.address)
        browser = HTTPConnection("127.0.0.1", self.port, timeout=60)
        browser.request("GET", f"{parts.path}?{parts.query}")
        where = browser.getresponse().getheader("Location")
        browser.close()
        assert where is not None
        return where


@contextmanager
def served_schwab() -> Iterator[Served]:
    """Gives a Schwab while it is served."""
    schwab = Served()
    try:
        yield schwab
    finally:
        schwab.close()


def add_secrets(home: Path) -> None:
    """Names the secrets of an application: the configuration must end with its section of secrets."""
    with (home / "flatbook.toml").open("a") as file:
        file.write(SECRETS)


def write_desk(home: Path, url: str) -> None:
    """Writes a desk that runs, reads no chain, and has one account at Schwab, where nobody is logged in."""
    (home / "flatbook.toml").write_text(PAPER_RISK + LISTED, "utf-8")
    add_secrets(home)
    with (home / "flatbook.toml").open("a") as file:
        file.write('ours_tokens = "age:secrets/schwab.age#ours"\n')
        file.write(ACCOUNT.format(name="ours", number=NUMBER, url=url))


def add_accounts(home: Path, urls: Mapping[str, str]) -> None:
    """Adds accounts by the address of their Schwab, each with a login of its own, after the section of secrets."""
    with (home / "flatbook.toml").open("a") as file:
        file.writelines(f'{name}_tokens = "age:secrets/schwab.age#{name}"\n' for name in urls)
        for place, (name, url) in enumerate(urls.items()):
            file.write(ACCOUNT.format(name=name, number=1000 + place, url=url))


def store_of(home: Path, name: str) -> SecretTokens:
    """Returns where the tokens of a login are kept."""
    return SecretTokens(places_of(load(home, path=home / "flatbook.toml", environment={})), name)


def kept_of(home: Path, name: str) -> Tokens | None:
    """Returns the tokens that are kept of a login."""
    return store_of(home, name).load()
