"""`flatbook auth` against the simulated Schwab over TCP: from the address to tokens that only an age file holds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from flatbook.cli.faults import Exit
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load, places_of
from flatbook.services.schwab_login import SecretTokens
from flatbook.values.instants import Instant, later
from flatbook.venues.schwab.tokens import Tokens
from tests.unit.cli.scene import Told, call
from tests.unit.sim.schwab.served import HELD_ELSEWHERE, Served, add_accounts, add_secrets, served_schwab, store_of

pytestmark = pytest.mark.real

HOUR_S = 3_600
AT_8700 = "http://127.0.0.1:8700"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with served_schwab() as schwab:
        yield schwab


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives the home of a desk whose configuration names the secrets of an application."""
    for name, text in HELD_ELSEWHERE.items():
        monkeypatch.setenv(name, text)
    assert call("init", "--home", str(tmp_path)).code == Exit.OK
    add_secrets(tmp_path)
    return tmp_path


def logged_in(served: Served, home: Path, pasted: str | None, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Calls the verb as a person does: opens its address, and pastes where the browser ends."""
    monkeypatch.setattr("sys.stdin", io.StringIO((served.sent_back() if pasted is None else pasted) + "\n"))
    told = call("auth", "schwab", "--url", served.url, "--home", str(home), "--json")
    assert served.address in told.err
    return told


def test_a_login_is_kept_encrypted_and_told_without_its_tokens(
    served: Served, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = logged_in(served, home, None, monkeypatch)
    assert told.code == Exit.OK, told.err
    assert (told.body()["hours_left"], told.body()["warning_h"]) == (167, None)
    store = store_of(home, "schwab_tokens")
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
        ("", "the address does not begin with https://127.0.0.1:8182"),
        ("https://evil.example/?code=C0", "the address does not begin with https://127.0.0.1:8182"),
        ("https://127.0.0.1:8182/?code=" + "x" * 8_192, "longer than 8192 characters"),
    ],
)
def test_a_code_that_is_worth_nothing_is_refused_and_nothing_is_kept(
    pasted: str, says: str, served: Served, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = logged_in(served, home, pasted, monkeypatch)
    assert (told.code, says in told.err) == (Exit.REFUSED, True)
    assert not (home / "secrets" / "schwab.age").exists()
    assert call("auth", "status", "--home", str(home)).code == Exit.REFUSED


def test_an_address_that_waits_is_taken_without_a_question_and_once(
    served: Served, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = call("auth", "address", "--url", served.url, "--home", str(home), "--json").body()
    assert (asked["schema"], asked["callback"]) == ("flatbook.auth.address.v1", "https://127.0.0.1:8182")
    shown = call("auth", "address", "--url", served.url, "--home", str(home))
    assert shown.out == f"{asked['address']}\n"
    pasted = served.sent_back(asked["address"])
    told = []
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{pasted}\n{pasted}\n"))
        told.append(call("auth", "schwab", "--pasted", "--url", served.url, "--home", str(home), "--json"))
    assert [each.code for each in told] == [Exit.OK, Exit.REFUSED]
    assert told[0].err == ""
    assert told[1].body()["do"] == "log in once more; a code lives half a minute, and is taken once"


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
    store = store_of(home, "schwab_tokens")
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


def test_names_and_address_are_those_of_the_account_in_the_configuration(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_accounts(home, {"ours": AT_8700})
    told = call("auth", "status", "--home", str(home))
    assert (told.code, "ours_tokens: nobody is logged in" in told.err) == (Exit.REFUSED, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    asked = call("auth", "schwab", "--home", str(home))
    assert "http://127.0.0.1:8700/v1/oauth/authorize?response_type=code&client_id=app-key" in asked.err


def test_of_several_logins_one_is_named(home: Path) -> None:
    add_accounts(home, dict.fromkeys(("ours", "theirs"), AT_8700))
    unclear = call("auth", "status", "--home", str(home))
    assert (unclear.code, "2 logins are configured: name one with --account, of ours, theirs" in unclear.err) == (
        Exit.USAGE,
        True,
    )
    absent = call("auth", "status", "--account", "nobody", "--home", str(home))
    assert (absent.code, "nobody is no account at Schwab; there are: ours, theirs" in absent.err) == (Exit.USAGE, True)
    chosen = call("auth", "status", "--account", "theirs", "--home", str(home))
    assert (chosen.code, "theirs_tokens: nobody is logged in" in chosen.err) == (Exit.REFUSED, True)
