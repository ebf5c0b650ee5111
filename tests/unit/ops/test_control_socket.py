from __future__ import annotations

import asyncio
import json
import shutil
import socket
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flatbook.engine.inputs import Command, Verb
from flatbook.engine.run import CommandAnswer, EngineFailed
from flatbook.ops.control_socket import Bounds, ControlServer, Doors, SocketTaken, is_alive
from flatbook.values.ids import Seq

TEXT = "flatbook_commits_total 3.0\n"


@pytest.fixture
def path() -> Iterator[Path]:
    """Gives a short path, because a unix socket must fit into 108 bytes."""
    folder = tempfile.mkdtemp(prefix="fb-")
    yield Path(folder) / "run" / "engine.sock"
    shutil.rmtree(folder)


class Desk:
    """What is behind the door: commands wait until they are let go, stopping ones do not."""

    def __init__(self) -> None:
        self.taken: list[Command] = []
        self.arrivals: asyncio.Queue[Command] = asyncio.Queue()
        self.go = asyncio.Event()
        self.failure: Exception | None = None

    async def on_command(self, command: Command) -> CommandAnswer:
        self.taken.append(command)
        self.arrivals.put_nowait(command)
        if self.failure is not None:
            raise self.failure
        if command.verb not in (Verb.HALT, Verb.KILL):
            await self.go.wait()
        return CommandAnswer(seq=Seq(len(self.taken)), accepted=True, repeated=False, why=None)

    def status(self) -> dict[str, Any]:
        return {"mode": "paper", "seq": 7}

    def doors(self) -> Doors:
        return Doors(on_command=self.on_command, status=self.status, metrics=lambda: TEXT)


Scene = Callable[[Desk, ControlServer], Awaitable[None]]


def play(path: Path, scene: Scene, bounds: Bounds | None = None) -> None:
    async def whole() -> None:
        desk = Desk()
        server = ControlServer(path, desk.doors(), bounds)
        await server.start()
        try:
            await asyncio.wait_for(scene(desk, server), 60)
        finally:
            await server.close()
            await leave()

    asyncio.run(whole())


class Visitor:
    """One connection to the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, **fields: Any) -> None:
        self.writer.write(json.dumps(fields).encode() + b"\n")
        await self.writer.drain()

    async def hear(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.reader.readline() or b"{}")
        return found

    async def ask(self, **fields: Any) -> dict[str, Any]:
        await self.say(**fields)
        return await self.hear()

    async def is_closed(self) -> bool:
        try:
            return await self.reader.read(1) == b""
        except ConnectionResetError:
            return True


VISITORS: list[Visitor] = []


async def visit(path: Path) -> Visitor:
    visitor = Visitor(*await asyncio.open_unix_connection(str(path)))
    VISITORS.append(visitor)
    return visitor


async def leave() -> None:
    """Closes the near ends of all connections of a scene."""
    while VISITORS:
        writer = VISITORS.pop().writer
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def modes(path: Path) -> tuple[int, int]:
    return stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)


def command(verb: str, key: str = "k") -> dict[str, Any]:
    return {"key": key, "actor": "ann", "reason": "because", "verb": verb, "arguments": {}}


def test_every_kind_of_request_is_answered(path: Path) -> None:
    async def scene(desk: Desk, _server: ControlServer) -> None:
        visitor = await visit(path)
        assert await visitor.ask(id="1", kind="ping") == {"id": "1", "ok": True, "answer": "pong"}
        assert (await visitor.ask(id="2", kind="status"))["answer"] == {"mode": "paper", "seq": 7}
        assert (await visitor.ask(id="3", kind="metrics"))["answer"] == TEXT
        assert await visitor.ask(id="4", kind="command", command=command("halt")) == {
            "id": "4",
            "ok": True,
            "answer": {"seq": 1, "accepted": True, "repeated": False, "why": None, "note": None},
        }
        assert desk.taken[0] == Command(key="k", actor="ann", reason="because", verb=Verb.HALT, arguments={})

    play(path, scene)


def test_only_the_owner_may_come_near(path: Path) -> None:
    async def scene(_desk: Desk, _server: ControlServer) -> None:
        assert modes(path) == (0o600, 0o700)

    path.parent.mkdir(mode=0o755)
    path.parent.chmod(0o755)
    play(path, scene)
    assert not path.exists()


def test_halt_and_kill_wait_for_no_other_command(path: Path) -> None:
    async def scene(desk: Desk, _server: ControlServer) -> None:
        visitor = await visit(path)
        await visitor.say(id="1", kind="command", command=command("flatten"))
        assert (await visitor.ask(id="2", kind="command", command=command("halt")))["id"] == "2"
        other = await visit(path)
        assert (await other.ask(id="3", kind="command", command=command("kill")))["ok"] is True
        desk.go.set()
        assert (await visitor.hear())["id"] == "1"

    play(path, scene)


def test_stopping_gets_in_when_all_places_are_taken(path: Path) -> None:
    async def scene(desk: Desk, _server: ControlServer) -> None:
        waiting = [await visit(path) for _ in range(2)]
        for visitor in waiting:
            await visitor.say(id="1", kind="command", command=command("flatten"))
        await desk.arrivals.get()
        await desk.arrivals.get()
        late = await visit(path)
        assert (await late.ask(id="2", kind="status"))["error"] == "busy"
        assert (await late.ask(id="3", kind="command", command=command("reconcile")))["error"] == "busy"
        assert (await late.ask(id="4", kind="command", command=command("halt")))["ok"] is True
        later = await visit(path)
        assert await late.is_closed()
        assert (await later.ask(id="5", kind="status"))["error"] == "busy"
        assert (await later.ask(id="6", kind="command", command=command("kill")))["ok"] is True
        desk.go.set()
        assert [(await visitor.hear())["ok"] for visitor in waiting] == [True, True]

    play(path, scene, Bounds(connections_max=2, stop_connections_max=1))


def test_beyond_the_last_place_nobody_gets_in(path: Path) -> None:
    async def scene(desk: Desk, _server: ControlServer) -> None:
        visitor = await visit(path)
        await visitor.say(id="1", kind="command", command=command("flatten"))
        await desk.arrivals.get()
        refused = await visit(path)
        assert await refused.hear() == {"id": "", "ok": False, "error": "busy", "text": "too many connections"}
        assert await refused.is_closed()
        desk.go.set()
        assert (await visitor.hear())["ok"] is True

    play(path, scene, Bounds(connections_max=1, stop_connections_max=0))


def test_idle_connections_make_room_for_new_ones(path: Path) -> None:
    async def scene(_desk: Desk, _server: ControlServer) -> None:
        idle = [await visit(path) for _ in range(2)]
        for visitor in idle:
            assert (await visitor.ask(id="1", kind="ping"))["ok"] is True
        late = await visit(path)
        assert (await late.ask(id="2", kind="status"))["ok"] is True
        assert await idle[0].is_closed()
        assert (await idle[1].ask(id="3", kind="ping"))["ok"] is True

    play(path, scene, Bounds(connections_max=2))


def test_a_connection_whose_first_request_is_on_its_way_makes_room_for_nobody(path: Path) -> None:
    async def scene(_desk: Desk, _server: ControlServer) -> None:
        new = [await visit(path) for _ in range(2)]
        late = await visit(path)
        assert (await late.ask(id="2", kind="status"))["error"] == "busy"
        for visitor in (*new, late):
            assert (await visitor.ask(id="1", kind="command", command=command("halt")))["ok"] is True

    play(path, scene, Bounds(connections_max=2, begin_s=20))


def test_a_connection_that_never_asks_makes_room_after_a_while(path: Path) -> None:
    async def scene(_desk: Desk, _server: ControlServer) -> None:
        silent = [await visit(path) for _ in range(2)]
        late = await visit(path)
        assert (await late.ask(id="2", kind="status"))["ok"] is True
        assert await silent[0].is_closed()

    play(path, scene, Bounds(connections_max=2, begin_s=0))


def test_commands_that_wait_are_bounded_and_stopping_is_not(path: Path) -> None:
    async def scene(desk: Desk, _server: ControlServer) -> None:
        visitor = await visit(path)
        await visitor.say(id="1", kind="command", command=command("flatten"))
        assert await visitor.ask(id="2", kind="command", command=command("lift")) == {
            "id": "2",
            "ok": False,
            "error": "busy",
            "text": "1 commands wait already",
        }
        assert (await visitor.ask(id="3", kind="command", command=command("halt")))["ok"] is True
        desk.go.set()

    play(path, scene, Bounds(commands_max=1))


def test_requests_of_one_connection_are_bounded(path: Path) -> None:
    async def scene(desk: Desk, _server: ControlServer) -> None:
        visitor = await visit(path)
        await visitor.say(id="1", kind="command", command=command("flatten"))
        assert (await visitor.ask(id="2", kind="status"))["error"] == "busy"
        desk.go.set()
        assert (await visitor.hear())["id"] == "1"

    play(path, scene, Bounds(requests_max=1))


def test_a_command_that_takes_too_long_goes_on_without_its_asker(path: Path) -> None:
    async def scene(desk: Desk, server: ControlServer) -> None:
        visitor = await visit(path)
        answer = await visitor.ask(id="1", kind="command", command=command("flatten"))
        assert answer["error"] == "timed_out"
        assert answer["text"] == "taken, and not carried out within 0.05 s: give it again with the same key"
        leaver = await visit(path)
        await leaver.say(id="1", kind="command", command=command("drain"))
        await desk.arrivals.get()
        await desk.arrivals.get()
        leaver.writer.close()
        desk.go.set()
        assert (await visitor.ask(id="2", kind="command", command=command("flatten")))["ok"] is True

    play(path, scene, Bounds(answer_s=0.05))


def test_an_engine_that_fails_or_stops_says_so(path: Path) -> None:
    async def scene(desk: Desk, _server: ControlServer) -> None:
        visitor = await visit(path)
        desk.failure = EngineFailed("the journal failed")
        assert (await visitor.ask(id="1", kind="command", command=command("halt")))["error"] == "stopping"

    play(path, scene)


@pytest.mark.parametrize(
    ("line", "error"),
    [(b"hello\n", "malformed"), (b"[" * 40_000 + b"\n", "malformed"), (b"x" * 70_000, "too_large")],
)
def test_what_is_no_request_is_refused_and_the_connection_ended(path: Path, line: bytes, error: str) -> None:
    async def scene(_desk: Desk, _server: ControlServer) -> None:
        visitor = await visit(path)
        visitor.writer.write(line)
        assert (await visitor.hear())["error"] == error
        assert await visitor.is_closed()
        assert (await (await visit(path)).ask(id="1", kind="ping"))["ok"] is True

    play(path, scene)


def test_who_says_nothing_is_sent_away(path: Path) -> None:
    async def scene(_desk: Desk, _server: ControlServer) -> None:
        silent, slow = await visit(path), await visit(path)
        slow.writer.write(b'{"id": ')
        assert await silent.is_closed()
        assert await slow.is_closed()

    play(path, scene, Bounds(idle_s=0.05))


def test_an_answer_that_breaks_ends_the_connection_and_not_the_server(path: Path) -> None:
    told: list[str] = []

    async def scene(_desk: Desk, server: ControlServer) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: told.append(type(context["exception"]).__name__))
        visitor = await visit(path)
        await visitor.say(id="1", kind="status")
        assert await visitor.is_closed()
        assert (await (await visit(path)).ask(id="1", kind="ping"))["ok"] is True

    async def whole() -> None:
        desk = Desk()
        doors = Doors(on_command=desk.on_command, status=lambda: {"bad": object()}, metrics=lambda: TEXT)
        server = ControlServer(path, doors)
        await server.start()
        try:
            await scene(desk, server)
        finally:
            await server.close()
            await leave()

    asyncio.run(whole())
    assert told == ["TypeError"]


def test_metrics_are_answered_over_http(path: Path) -> None:
    async def scene(_desk: Desk, _server: ControlServer) -> None:
        for target, status, body in (("/metrics", "200 OK", TEXT), ("/", "404 Not Found", "only /metrics is here\n")):
            visitor = await visit(path)
            visitor.writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n".encode())
            head, _, content = (await visitor.reader.read()).decode().partition("\r\n\r\n")
            assert head.splitlines()[0] == f"HTTP/1.1 {status}"
            assert f"Content-Length: {len(body)}" in head
            assert content == body

    play(path, scene)


def test_a_socket_that_a_dead_engine_left_is_replaced(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    assert path.exists()
    assert not is_alive(path)

    async def scene(_desk: Desk, _server: ControlServer) -> None:
        assert (await (await visit(path)).ask(id="1", kind="ping"))["ok"] is True

    play(path, scene)


def test_a_second_engine_is_refused_and_the_first_keeps_its_socket(path: Path) -> None:
    async def scene(desk: Desk, _server: ControlServer) -> None:
        with pytest.raises(SocketTaken, match=r"an engine listens on .* already: stop that one first"):
            await ControlServer(path, desk.doors()).start()
        assert (await (await visit(path)).ask(id="1", kind="ping"))["ok"] is True

    play(path, scene)


def test_what_is_no_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("precious")

    async def start() -> None:
        await ControlServer(path, Desk().doors()).start()

    with pytest.raises(SocketTaken, match="is no socket: move it away"):
        asyncio.run(start())
    assert path.read_text() == "precious"


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    async def start() -> None:
        await ControlServer(tmp_path / ("x" * 100) / "engine.sock", Desk().doors()).start()

    with pytest.raises(SocketTaken, match="is longer than 107 bytes: choose a shorter FLATBOOK_HOME"):
        asyncio.run(start())


def test_closing_leaves_the_socket_of_a_successor_alone(path: Path) -> None:
    async def whole() -> None:
        desk = Desk()
        first, successor = ControlServer(path, desk.doors()), ControlServer(path, desk.doors())
        await first.start()
        move_away(path)
        await successor.start()
        await first.close()
        assert (await (await visit(path)).ask(id="1", kind="ping"))["ok"] is True
        await successor.close()
        await leave()

    asyncio.run(whole())
    assert not path.exists()


def move_away(path: Path) -> None:
    path.rename(path.with_name("old.sock"))


def test_closing_tells_who_still_waits(path: Path) -> None:
    async def scene(desk: Desk, server: ControlServer) -> None:
        visitor = await visit(path)
        await visitor.say(id="1", kind="command", command=command("flatten"))
        await desk.arrivals.get()
        await server.close()
        assert await visitor.hear() == {
            "id": "1",
            "ok": False,
            "error": "stopping",
            "text": "the engine stops: give it again with the same key",
        }
        assert await visitor.is_closed()

    play(path, scene)
