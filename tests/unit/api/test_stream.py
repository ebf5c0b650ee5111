"""The stream over a journal that is written meanwhile: full state, deltas within a second, resuming, and the end."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from litestar.exceptions import WebSocketDisconnect
from litestar.testing import TestClient

from flatbook.api.app import create_app
from flatbook.api.reads import READS
from flatbook.api.stream import TURNS, end_for_fault
from flatbook.journal.sqlite import create_journal
from tests.unit.api.conftest import site_of
from tests.unit.api.test_follow import commit

READ_MAX = 60
PRICES = ("111", "112", "113", "114", "115")


@pytest.fixture
def home(demo: Path, tmp_path: Path) -> Path:
    """Gives a copy of the demo desk whose journal a test may write to."""
    return shutil.copytree(demo, tmp_path / "home")


@pytest.fixture
def client(home: Path) -> Iterator[TestClient[Any]]:
    """Gives a client of the API over that copy."""
    with TestClient(create_app(site_of(home), READS)) as client:
        yield client


class Heard:
    """What a client hears on a stream, message by message, however many came together."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self._rest: list[dict[str, Any]] = []

    def next(self) -> dict[str, Any]:
        """Returns the next message."""
        if not self._rest:
            self._rest = [json.loads(line) for line in self.socket.receive_text(timeout=60).split("\n")]
        return self._rest.pop(0)

    def until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Returns the first message that is what a test waits for."""
        for _ in range(READ_MAX):
            told = self.next()
            if is_it(told):
                return told
        raise AssertionError("it was not told")

    def whole(self) -> dict[str, Any]:
        """Returns the full state that has everything that follows from the journal."""
        return self.until(lambda told: bool(told["type"] == "snapshot"))


def is_event(told: dict[str, Any]) -> bool:
    """Whether a message tells events."""
    return told["type"] == "delta" and told["channel"] == "events"


def test_a_client_is_told_the_full_state_first(client: TestClient[Any]) -> None:
    client.get("/api/v1/status")
    with client.websocket_connect("/api/v1/stream") as socket:
        heard = Heard(socket)
        told = heard.whole()
    state = told["state"]
    assert state["status"]["flat"] is True
    assert state["events"][-1]["type"] == "engine_stopped"
    assert {"positions", "risk", "pnl", "market", "orders", "executions", "trades", "grids", "offers"} <= set(state)
    assert state["orders"][-1] == client.get("/api/v1/orders?limit=1").json()["orders"][0]


def test_an_event_is_told_within_a_second_of_its_commit_and_changes_what_follows(
    client: TestClient[Any], home: Path
) -> None:
    with client.websocket_connect("/api/v1/stream") as socket:
        heard = Heard(socket)
        began = heard.whole()
        waited_s = []
        for price in PRICES:  # more than one, for a busy machine may stand still for a second
            committed = time.monotonic()
            commit(home / "journal.sqlite", price)
            told = heard.until(is_event)
            waited_s.append(time.monotonic() - committed)
            assert [each["type"] for each in told["append"]] == ["mark_set"]
            changed = heard.until(lambda each: each.get("channel") == "positions")
            assert [net["price"] for net in changed["body"]["nets"]] == [price]
            assert began["seq"] < told["seq"] < changed["seq"]
            if waited_s[-1] < 1:
                break
    assert min(waited_s) < 1


def test_many_clients_are_told_in_turns_and_each_of_them_is_told(client: TestClient[Any], home: Path) -> None:
    with ExitStack() as open_streams:
        many = [open_streams.enter_context(client.websocket_connect("/api/v1/stream")) for _ in range(TURNS + 2)]
        heard = [Heard(socket) for socket in many]
        for each in heard:
            each.whole()
        commit(home / "journal.sqlite", PRICES[0])
        told = [each.until(is_event) for each in heard]
    assert told == [told[0]] * len(many)


def test_what_the_stream_tells_is_what_the_routes_say_before_and_after_a_commit(
    client: TestClient[Any], home: Path
) -> None:
    for price in ("111", "222"):
        commit(home / "journal.sqlite", price)
        with client.websocket_connect("/api/v1/stream") as socket:
            heard = Heard(socket)
            state = heard.whole()["state"]
            if state["positions"]["nets"][0]["price"] != price:
                state["positions"] = heard.until(lambda each: each.get("channel") == "positions")["body"]
            said = {name: client.get(f"/api/v1/{name}").json() for name in ("positions", "grids", "accumulators")}
        assert said["positions"]["nets"] == state["positions"]["nets"]
        assert said["positions"]["portfolio"] == state["positions"]["portfolio"]
        assert said["grids"]["grids"] == state["grids"]["grids"]
        assert [row["net"] for row in said["accumulators"]["accumulators"]] == [
            net["net"] for net in state["positions"]["nets"]
        ]


def test_a_client_that_comes_back_is_told_only_what_it_missed(client: TestClient[Any], home: Path) -> None:
    with client.websocket_connect("/api/v1/stream") as socket:
        heard = Heard(socket)
        began = heard.whole()
        commit(home / "journal.sqlite", "111")
        missed = heard.until(is_event)
    with client.websocket_connect(f"/api/v1/stream?stream={began['stream']}&after={missed['seq'] - 1}") as socket:
        heard = Heard(socket)
        assert heard.next() == missed


def test_a_client_of_another_stream_is_told_the_full_state(client: TestClient[Any]) -> None:
    with client.websocket_connect("/api/v1/stream?stream=another&after=1") as socket:
        heard = Heard(socket)
        assert heard.next()["type"] == "snapshot"


@pytest.mark.parametrize("protocol", [0, 2])
def test_a_client_that_reads_another_form_of_messages_is_told_nothing(client: TestClient[Any], protocol: int) -> None:
    with client.websocket_connect(f"/api/v1/stream?protocol={protocol}") as socket:
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text(timeout=60)
        assert (ended.value.code, ended.value.detail) == (4406, "this stream speaks protocol 1")
    with client.websocket_connect("/api/v1/stream?protocol=1") as socket:
        assert Heard(socket).next()["type"] in ("snapshot", "tick")


def test_the_time_is_told_each_second_with_the_age_of_what_is_known(client: TestClient[Any]) -> None:
    with client.websocket_connect("/api/v1/stream") as socket:
        heard = Heard(socket)
        tick = heard.until(lambda told: told["type"] == "tick" and told["as_of"] is not None)
    assert (tick["live"], tick["read_age_s"], tick["age_s_max"]) == (False, 0, 2)


def test_another_journal_is_another_stream(client: TestClient[Any], home: Path) -> None:
    path, other = home / "journal.sqlite", home / "other.sqlite"
    create_journal(other)
    commit(other, "5")
    with client.websocket_connect("/api/v1/stream") as socket:
        heard = Heard(socket)
        began = heard.whole()
        for suffix in ("", "-wal", "-shm", ".head", ".lock"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        other.rename(path)
        anew = heard.whole()
    assert anew["stream"] != began["stream"]


def test_whoever_speaks_is_sent_away(client: TestClient[Any]) -> None:
    with client.websocket_connect("/api/v1/stream") as socket:
        heard = Heard(socket)
        heard.whole()
        socket.send_text("hello")
        with pytest.raises(WebSocketDisconnect) as ended:
            heard.until(lambda _: False)
    assert ended.value.code == 1008


class Closing:
    """A connection that keeps how it was closed."""

    def __init__(self) -> None:
        self.closed: list[tuple[int, str | None]] = []

    async def close(self, code: int, reason: str | None) -> None:
        """Keeps the code and the reason."""
        self.closed.append((code, reason))


def test_a_stream_that_fails_by_a_fault_of_ours_says_so_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    socket = Closing()
    asyncio.run(end_for_fault(socket, ValueError("a row without an id")))
    assert socket.closed == [(1011, "the stream failed; connect again")]
    assert "a row without an id" in caplog.text


@pytest.mark.parametrize("gone", [TimeoutError(), WebSocketDisconnect(detail="gone")])
def test_a_client_that_is_slow_or_gone_is_no_fault(gone: Exception, caplog: pytest.LogCaptureFixture) -> None:
    socket = Closing()
    asyncio.run(end_for_fault(socket, gone))
    assert (socket.closed, caplog.text) == ([], "")


def test_without_a_journal_nothing_is_claimed(home: Path) -> None:
    (home / "journal.sqlite").unlink()
    with TestClient(create_app(site_of(home), READS)) as client:
        answer = client.get("/api/v1/status")
        health = client.get("/api/v1/health").json()
    assert (answer.status_code, answer.json()["code"]) == (503, "journal_unavailable")
    assert {part["name"]: part["state"] for part in health["parts"]}["journal"] == "bad"
