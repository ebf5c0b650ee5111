"""`flatbook auth` against the simulated Schwab over TCP: from the address to tokens that only an age file holds."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from aiohttp import web

from flatbook.cli.faults import Exit
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load, places_of
from flatbook.services.schwab_login import SecretTokens
from flatbook.sim.schwab.server import SchwabServer
from flatbook.values.instants import Instant, later
from flatbook.venues.schwab.tokens import Tokens
from tests.unit.cli.scene import Told, call
from tests.unit.sim.schwab.scene import TERMS

pytestmark = pytest.mark.real

HOUR_S = 3_600
SECRETS = """
schwab_key = "env:TEST_SCHWAB_KEY"
schwab_secret = "env:TEST_SCHWAB_SECRET"
schwab_tokens = "age:secrets/schwab.age#tokens"
"""


class Served:
    """A Schwab on a port of this machine, in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.server = SchwabServer(
            TERMS, lambda _symbol, _at: Decimal(200), now=SystemClock().now, rest=lambda ms: asyncio.sleep(ms * 0.001)
        )
        self.port = self.loop.run_until_complete(self._start())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def _start(self) -> int:
        self.runner = self.server.runner()
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return int(self.runner.addresses[0][1])

    def close(self) -> None:
        """Stops serving."""
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def sent_back(self, address: str) -> str:
        """Opens an address as a browser does, and returns where it is sent."""
        parts = urlsplit(address)
        browser = HTTPConnection("127.0.0.1", self.port, timeout=10)
        browser.request("GET", f"{parts.path}?{parts.query}")
        where = browser.getresponse().getheader("Location")
        browser.close()
        assert where is not None
        return where


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    schwab = Served()
    yield schwab
    schwab.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives the home of a desk whose configuration names the secrets of an application."""
    monkeypatch.setenv("TEST_SCHWAB_KEY", "app-key")
    monkeypatch.setenv("TEST_SCHWAB_SECRET", "app-word")
    assert call("init", "--home", str(tmp_path)).code == Exit.OK
    with (tmp_path / "flatbook.toml").open("a") as file:
        file.write(SECRETS)  # the example ends with its section of secrets
    return tmp_path


def url_of(served: Served) -> str:
    return f"http://127.0.0.1:{served.port}"


def logged_in(served: Served, home: Path, pasted: str | None, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Calls the verb as a person does: opens its address, and pastes where the browser ends."""
    address = (
        f"{url_of(served)}/v1/oauth/authorize?response_type=code&client_id=app-key"
        "&redirect_uri=https%3A%2F%2F127.0.0.1%3A8182"
    )
    monkeypatch.setattr("sys.stdin", io.StringIO((served.sent_back(address) if pasted is None else pasted) + "\n"))
    told = call("auth", "schwab", "--url", url_of(served), "--home", str(home), "--json")
    assert address in told.err
    return told


def test_a_login_is_kept_encrypted_and_told_without_its_tokens(
    served: Served, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = logged_in(served, home, None, monkeypatch)
    assert told.code == Exit.OK, told.err
    assert (told.body()["hours_left"], told.body()["warning_h"]) == (167, None)
    store = SecretTokens(places_of(load(home, path=home / "flatbook.toml", environment={})), "schwab_tokens")
    kept = store.load()
    assert kept is not None
    assert kept.access not in told.out + told.err
    assert kept.refresh not in told.out + told.err
    sealed = (home / "secrets" / "schwab.age").read_bytes()
    assert kept.access.encode() not in sealed
    assert sealed.startswith(b"age-encryption.org/")
    shown = call("auth", "status", "--home", str(home))
    assert (shown.code, "6 days and 23 hours" in shown.out) == (Exit.OK, True)


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("https://127.0.0.1:8182/?error=access_denied", "access_denied"),
        ("https://127.0.0.1:8182/?code=wrong", "Bad authorization code"),
        ("", "it has no code"),
    ],
)
def test_a_code_that_is_worth_nothing_is_refused_and_nothing_is_kept(
    pasted: str, says: str, served: Served, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = logged_in(served, home, pasted, monkeypatch)
    assert (told.code, says in told.err) == (Exit.REFUSED, True)
    assert not (home / "secrets" / "schwab.age").exists()
    assert call("auth", "status", "--home", str(home)).code == Exit.REFUSED


def test_where_nobody_answers_the_login_is_to_be_made_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("https://127.0.0.1:8182/?code=C0\n"))
    told = call("auth", "schwab", "--url", "http://127.0.0.1:1", "--home", str(home))
    assert (told.code, "log in once more" in told.err) == (Exit.REFUSED, True)


@pytest.mark.parametrize(
    ("hours", "code", "warning"), [(100, Exit.OK, None), (47, Exit.OK, 48), (5, Exit.OK, 24), (3, Exit.ERROR, 4)]
)
def test_the_status_counts_down_and_fails_near_the_end(hours: int, code: Exit, warning: int | None, home: Path) -> None:
    ends_at = later(Instant(SystemClock().now()), seconds=hours * HOUR_S + 60)
    tokens = Tokens(access="a", access_ends_at=ends_at, refresh="r", login_ends_at=ends_at)
    store = SecretTokens(places_of(load(home, path=home / "flatbook.toml", environment={})), "schwab_tokens")
    assert store.keep(tokens)
    told = call("auth", "status", "--home", str(home), "--json")
    assert (told.code, told.body()["hours_left"], told.body()["warning_h"]) == (code, hours, warning)


def test_tokens_that_cannot_be_read_or_kept_are_none(home: Path) -> None:
    places = places_of(load(home, path=home / "flatbook.toml", environment={}))
    tokens = Tokens(access="a", access_ends_at=Instant(1), refresh="r", login_ends_at=Instant(2))
    assert SecretTokens(places, "schwab_tokens").load() is None
    assert SecretTokens(places, "nobody").load() is None
    assert not SecretTokens(places, "schwab_key").keep(tokens)
    assert (
        SecretTokens(msgspec.structs.replace(places, environment={"TEST_SCHWAB_KEY": "{"}), "schwab_key").load() is None
    )


ACCOUNT = """
[accounts.{name}]
kind = "schwab"
environment = "sandbox"
number = "{number}"
key = "secret:schwab_key"
secret = "secret:schwab_secret"
tokens = "secret:{name}_tokens"
shorting = "never"
base_url = "http://127.0.0.1:8700"
"""


def configured(home: Path, *names: str) -> None:
    """Adds accounts at Schwab, each with a login of its own."""
    with (home / "flatbook.toml").open("a") as file:
        file.writelines(f'{name}_tokens = "age:secrets/schwab.age#{name}"\n' for name in names)
        file.writelines(ACCOUNT.format(name=name, number=1000 + place) for place, name in enumerate(names))


def test_names_and_address_are_those_of_the_account_in_the_configuration(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(home, "ours")
    told = call("auth", "status", "--home", str(home))
    assert (told.code, "ours_tokens: nobody is logged in" in told.err) == (Exit.REFUSED, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    asked = call("auth", "schwab", "--home", str(home))
    assert "http://127.0.0.1:8700/v1/oauth/authorize?response_type=code&client_id=app-key" in asked.err


def test_of_several_logins_one_is_named(home: Path) -> None:
    configured(home, "ours", "theirs")
    unclear = call("auth", "status", "--home", str(home))
    assert (unclear.code, "2 logins are configured: name one with --account, of ours, theirs" in unclear.err) == (
        Exit.USAGE,
        True,
    )
    absent = call("auth", "status", "--account", "nobody", "--home", str(home))
    assert (absent.code, "nobody is no account at Schwab; there are: ours, theirs" in absent.err) == (Exit.USAGE, True)
    chosen = call("auth", "status", "--account", "theirs", "--home", str(home))
    assert (chosen.code, "theirs_tokens: nobody is logged in" in chosen.err) == (Exit.REFUSED, True)
