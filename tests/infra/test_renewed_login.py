"""A login that is over at a running desk, renewed through a real API process before the simulated Schwab."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import socket
from threading import Event
from typing import Any

import pytest

from flatbook.events.control import AlertCleared, AlertRaised, HaltCause, TradingHalted, TradingLifted
from flatbook.journal.sqlite_reader import open_reader
from tests.unit.api.door_scene import engine_over
from tests.unit.cli.scene import call
from tests.unit.sim.schwab.served import HELD_ELSEWHERE, served_schwab, write_desk

pytestmark = pytest.mark.real
LOOK_S, LOOKS, ENDED_S = 0.1, 600, 20


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Gives a folder with a path that is short enough for a socket, and the secrets of an application."""
    for name, text in HELD_ELSEWHERE.items():
        monkeypatch.setenv(name, text)
    folder = Path(tempfile.mkdtemp(prefix="fb-"))
    yield folder
    shutil.rmtree(folder)


@contextmanager
def api_over(home: Path) -> Iterator[Callable[..., Any]]:
    """Runs the API of a home; gives what asks it as an administrator, and returns the answer."""
    with closing(socket()) as trying:
        trying.bind(("127.0.0.1", 0))
        port = trying.getsockname()[1]
    token = call("token", "create", "boss", "--scope", "admin", "--home", str(home), "--json").body()["token"]
    words = [sys.executable, "-m", "flatbook", "api", "--home", str(home), "--port", str(port)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ask(path: str, body: dict[str, str] | None = None) -> Any:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        headers |= {} if body is None else {"idempotency-key": "renewed-0001"}
        content = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}", content, headers)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.load(answer)

    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"http://"), "the API ended before it could be reached"
        yield ask
    finally:
        process.terminate()
        process.communicate(timeout=ENDED_S)


def until(holds: Callable[[], bool], what: str) -> None:
    """Returns once something holds, and fails where it does not within a minute."""
    looking = Event()
    assert any(holds() or looking.wait(LOOK_S) for _ in range(LOOKS)), f"it did not come: {what}"


def events_of(home: Path) -> list[Any]:
    """Returns what the journal says."""
    reader = open_reader(home / "journal.sqlite")
    events = [event for row in reader.read() for event in row.events]
    reader.close()
    return events


def states(ask: Callable[..., Any]) -> list[tuple[str, str]]:
    return [(login["account"], login["state"]) for login in ask("/parts")["logins"]]


def test_a_desk_that_halts_without_a_login_goes_on_by_itself_once_a_person_has_renewed_it(home: Path) -> None:
    with served_schwab() as served:
        write_desk(home, served.url)
        with engine_over(home), api_over(home) as ask:
            until(lambda: states(ask) == [("ours", "bad")], "nobody is logged in")
            until(lambda: [halt["cause"] for halt in ask("/halts")["halts"]] == ["login_over"], "its halt")
            assert "GET account" not in served.server.front.requests
            told = ask("/logins/ours/address")
            renewed = ask("/logins/ours", {"redirected": served.sent_back(told["address"])})
            assert renewed["hours_left"] == 167
            until(lambda: states(ask) == [("ours", "good")], "the login of the desk")
            until(lambda: ask("/halts")["halts"] == [], "the end of the halt")
            until(lambda: served.server.front.requests.get("GET account", 0) > 0, "what the desk asks with it")
            tried = [(each["actor"], each["act"], each["code"]) for each in ask("/audit")["attempts"]]
        assert ("token:boss", "renew login ours", "login_renewed") in tried
        check_events(home)


def check_events(home: Path) -> None:
    """The journal says why trading stopped, and that it went on by itself."""
    events = events_of(home)
    stopped = [(event.cause, event.target) for event in events if isinstance(event, TradingHalted)]
    lifted = [event.reason for event in events if isinstance(event, TradingLifted)]
    alerts = [event.name.value for event in events if isinstance(event, AlertRaised | AlertCleared)]
    assert (stopped, lifted) == ([(HaltCause.LOGIN_OVER, "ours")], ["somebody has logged in again"])
    assert alerts == ["login_over", "login_over"]
