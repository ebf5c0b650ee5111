"""Byte connections in memory."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from flatbook.sim.loop import inside
from flatbook.sim.loop_absent import OutsideWorld
from flatbook.sim.network.connections import HIGH_WATER_BYTES, ConnectionEnd
from flatbook.sim.network.link import Loss, Way
from flatbook.values.instants import Instant
from tests.unit.sim.network.scene import HOST, MS, PORT, START, ScriptedLink, world


class Echo(asyncio.Protocol):
    """Sends back what arrives and notes what happens."""

    def __init__(self, notes: list[object]) -> None:
        self.notes = notes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.notes.append(data)
        self.transport.write(b"<" + data + b">")

    def eof_received(self) -> None:
        self.notes.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        self.notes.append(type(exc).__name__)


def test_bytes_travel_both_ways_in_their_time() -> None:
    loop, board = world()
    notes: list[object] = []

    async def scene() -> list[object]:
        await loop.create_server(lambda: Echo(notes), HOST, PORT)
        reader, writer = await asyncio.open_connection(HOST, PORT)
        connected_at = loop.instant - START
        writer.write(b"one")
        answer = await reader.readexactly(5)
        answered_at = loop.instant - START
        writer.close()
        await writer.wait_closed()
        return [connected_at, answer, answered_at]

    assert loop.run_until_complete(scene()) == [20 * MS, b"<one>", 40 * MS]
    loop.run_forever()
    assert notes == [b"one", "eof", "NoneType"]
    assert (board.open_connections(), loop.faults) == (0, [])


def test_bytes_that_were_sent_before_a_close_or_an_abort_arrive() -> None:
    for ends in (ConnectionEnd.close, ConnectionEnd.abort):
        loop, _ = world()
        notes: list[object] = []

        async def scene(loop=loop, notes=notes, ends=ends) -> None:
            await loop.create_server(lambda: Echo(notes), HOST, PORT)
            transport, _ = await loop.create_connection(asyncio.Protocol, HOST, PORT)
            transport.write(b"last words")
            ends(transport)
            assert transport.is_closing()

        loop.run_until_complete(scene())
        loop.run_forever()
        assert notes[0] == b"last words"
        assert notes[-1] == ("NoneType" if ends is ConnectionEnd.close else "ConnectionResetError")


def test_each_way_ends_by_itself() -> None:
    loop, _ = world()

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = await reader.read()
        writer.write(b"you said " + whole)
        writer.close()

    async def scene() -> bytes:
        await asyncio.start_server(answering, HOST, PORT)
        reader, writer = await asyncio.open_connection(HOST, PORT)
        writer.writelines([b"a", b"b"])
        writer.write_eof()
        whole = await reader.read()
        writer.close()
        return whole

    assert loop.run_until_complete(scene()) == b"you said ab"


def test_a_reader_that_hangs_holds_the_writer_back() -> None:
    loop, _ = world()
    reads = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        assert isinstance(transport, ConnectionEnd)
        transport.pause_reading()
        await reads.wait()
        transport.resume_reading()
        await reader.read()
        writer.close()

    async def scene() -> list[object]:
        await asyncio.start_server(slow, HOST, PORT)
        _, writer = await asyncio.open_connection(HOST, PORT)
        seen: list[object] = []
        for _ in range(2):
            writer.write(bytes(HIGH_WATER_BYTES))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(writer.drain(), timeout=5)
        seen.append(loop.time())
        reads.set()
        await writer.drain()
        writer.close()
        return [*seen, loop.time()]

    assert loop.run_until_complete(scene()) == [5.02, 5.02]
    loop.run_forever()


def test_a_writer_that_never_stops_is_an_error() -> None:
    loop, _ = world()

    async def scene() -> None:
        await loop.create_server(asyncio.Protocol, HOST, PORT)
        transport, protocol = await loop.create_connection(asyncio.Protocol, HOST, PORT)
        assert transport.get_protocol() is protocol
        for _ in range(64):
            transport.write(bytes(1024 * 1024))
        with pytest.raises(BufferError, match="ignores pause_writing"):
            transport.write(b"x")

    loop.run_until_complete(scene())


async def attempt() -> str:
    try:
        await asyncio.get_running_loop().create_connection(asyncio.Protocol, HOST, PORT)
    except OSError as error:
        return f"{type(error).__name__} at {asyncio.get_running_loop().time()}"
    return "connected"


@pytest.mark.parametrize(
    ("link", "listens", "outcome"),
    [
        (ScriptedLink(resolves=False), True, "gaierror at 0.0"),
        (ScriptedLink(refuses=True), True, "ConnectionRefusedError at 0.02"),
        (ScriptedLink(losses={1: Loss.THIS_WAY}), True, "TimeoutError at 127.0"),
        (ScriptedLink(losses={2: Loss.THIS_WAY}), True, "TimeoutError at 127.01"),
        (ScriptedLink(), False, "gaierror at 0.0"),
        (ScriptedLink(), True, "connected"),
    ],
)
def test_a_connection_fails_in_the_ways_of_the_network(link: ScriptedLink, listens: bool, outcome: str) -> None:
    loop, board = world(link)

    async def scene() -> str:
        if listens:
            await loop.create_server(asyncio.Protocol, HOST, PORT)
        return await attempt()

    assert loop.run_until_complete(scene()) == outcome
    loop.run_forever()
    assert board.open_connections() == (2 if outcome == "connected" else 0)


def test_a_port_that_was_closed_refuses_and_a_taken_one_cannot_be_opened() -> None:
    loop, _ = world()

    async def scene() -> str:
        server = await loop.create_server(asyncio.Protocol, HOST, PORT)
        with pytest.raises(OSError, match="is taken"):
            await loop.create_server(asyncio.Protocol, HOST, PORT)
        server.close()
        await server.wait_closed()
        assert not server.is_serving()
        return await attempt()

    assert loop.run_until_complete(scene()) == "ConnectionRefusedError at 0.02"


def said_and_heard(link: ScriptedLink, words: list[bytes]) -> tuple[list[object], list[object]]:
    """Returns what the server noted and what the client noted when the client says words a second apart."""
    loop, _ = world(link)
    server_notes: list[object] = []
    client_notes: list[object] = []

    class Client(Echo):
        def data_received(self, data: bytes) -> None:
            self.notes.append(data)

    async def scene() -> None:
        await loop.create_server(lambda: Echo(server_notes), HOST, PORT)
        transport, _ = await loop.create_connection(lambda: Client(client_notes), HOST, PORT)
        for word in words:
            transport.write(word)
            await asyncio.sleep(1)

    loop.run_until_complete(scene())
    assert loop.faults == []
    return server_notes, client_notes


def test_a_lost_request_leaves_its_way_dead_and_the_connection_open() -> None:
    link = ScriptedLink(losses={3: Loss.THIS_WAY})
    assert said_and_heard(link, [b"a", b"b"]) == ([], [])


def test_a_lost_answer_leaves_the_other_way_alive() -> None:
    link = ScriptedLink(losses={4: Loss.THIS_WAY})
    assert said_and_heard(link, [b"a", b"b"]) == ([b"a", b"b"], [])


def test_a_half_open_connection_swallows_both_ways() -> None:
    link = ScriptedLink(losses={5: Loss.BOTH_WAYS})
    assert said_and_heard(link, [b"a", b"b", b"c"]) == ([b"a"], [b"<a>"])


def test_a_cut_in_the_middle_of_a_message_resets_both_ends() -> None:
    link = ScriptedLink(cuts={Way.REQUEST: 4})
    server, client = said_and_heard(link, [b"abc", b"def", b"ghi"])
    assert server == [b"abc", b"d", "ConnectionResetError"]
    assert client == [b"<abc>", "ConnectionResetError"]


def test_a_cut_answer_arrives_up_to_its_cut() -> None:
    link = ScriptedLink(cuts={Way.ANSWER: 2})
    server, client = said_and_heard(link, [b"abc", b"def"])
    assert server == [b"abc", "ConnectionResetError"]
    assert client == [b"<a", "ConnectionResetError"]


def test_a_request_that_lingers_arrives_although_its_sender_gave_up() -> None:
    loop, _ = world(ScriptedLink(delays_ns={Way.REQUEST: 30_000 * MS, Way.ANSWER: 0}))
    notes: list[object] = []

    async def scene() -> None:
        await loop.create_server(lambda: Echo(notes), HOST, PORT)
        reader, writer = await asyncio.open_connection(HOST, PORT)
        writer.write(b"place")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), timeout=5)
        writer.close()
        assert loop.time() == 35.0

    loop.run_until_complete(scene())
    assert notes == []
    loop.advance(Instant(START + 66_000 * MS))
    assert notes == [b"place", "eof", "NoneType"]


def test_what_is_sent_to_a_closed_end_comes_back_as_a_reset() -> None:
    loop, _ = world()
    notes: list[object] = []

    class Deaf(Echo):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.transport.close()

        def eof_received(self) -> None:
            self.notes.append("eof")

    class Talker(Echo):
        def eof_received(self) -> bool:  # type: ignore[override]
            self.notes.append("eof")
            self.transport.write(b"still talking")
            return True

    async def scene() -> None:
        await loop.create_server(lambda: Deaf([]), HOST, PORT)
        await loop.create_connection(lambda: Talker(notes), HOST, PORT)
        await asyncio.sleep(1)

    loop.run_until_complete(scene())
    assert notes == ["eof", "ConnectionResetError"]


def test_a_process_that_dies_resets_its_connections_and_a_lost_machine_says_nothing() -> None:
    for silently, heard in ((False, ["ConnectionResetError"]), (True, [])):
        loop, board = world()
        notes: list[object] = []

        async def dying(loop=loop) -> None:
            await loop.create_server(asyncio.Protocol, HOST, PORT)

        async def scene(loop=loop, notes=notes) -> None:
            await loop.create_task(dying(), context=inside("broker/1"))
            await loop.create_connection(lambda: Echo(notes), HOST, PORT)

        loop.run_until_complete(scene())
        loop.kill("broker/1")
        board.lose("broker/1", silently=silently)
        loop.run_forever()
        assert notes == heard
        assert loop.run_until_complete(attempt()).startswith("ConnectionRefusedError")


def test_a_frozen_server_is_connected_to_and_answers_after_the_thaw() -> None:
    loop, _ = world()
    notes: list[object] = []

    async def serving() -> None:
        await loop.create_server(lambda: Echo(notes), HOST, PORT)

    async def scene() -> float:
        await loop.create_task(serving(), context=inside("broker/1"))
        loop.freeze("broker/1")
        reader, writer = await asyncio.open_connection(HOST, PORT)
        writer.write(b"hello")
        loop.call_later(60, loop.thaw, "broker/1")
        assert await reader.readexactly(7) == b"<hello>"
        writer.close()
        return loop.time()

    assert loop.run_until_complete(scene()) == 60.03


def test_a_caller_that_gives_up_while_connecting_leaves_nothing_open() -> None:
    loop, board = world(ScriptedLink(delays_ns={Way.REQUEST: 0, Way.ANSWER: 3_000 * MS}))

    async def scene() -> None:
        await loop.create_server(asyncio.Protocol, HOST, PORT)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.open_connection(HOST, PORT), timeout=1)

    loop.run_until_complete(scene())
    loop.run_forever()
    assert (board.open_connections(), loop.faults) == (0, [])


def test_bytes_and_the_end_that_came_together_are_taken_one_after_the_other() -> None:
    loop, _ = world()
    notes: list[str] = []

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        notes.append((await reader.readexactly(4)).decode())
        notes.append(f"closing {writer.transport.is_closing()}")
        writer.close()

    async def serving() -> None:
        await asyncio.start_server(answering, HOST, PORT)

    async def scene() -> None:
        await loop.create_task(serving(), context=inside("broker/1"))
        transport, _ = await loop.create_connection(asyncio.Protocol, HOST, PORT)
        await asyncio.sleep(1)
        loop.freeze("broker/1")
        transport.write(b"last")
        transport.abort()
        await asyncio.sleep(60)
        loop.thaw("broker/1")

    loop.run_until_complete(scene())
    loop.run_forever()
    assert (notes, loop.faults) == (["last", "closing False"], [])


def test_an_end_knows_when_the_bytes_that_came_were_written() -> None:
    loop, _ = world()
    notes: list[object] = []
    echo = Echo(notes)

    async def scene() -> int:
        await loop.create_server(lambda: echo, HOST, PORT)
        transport, _ = await loop.create_connection(asyncio.Protocol, HOST, PORT)
        await asyncio.sleep(1)
        transport.write(b"now")
        await asyncio.sleep(1)
        return int(echo.transport.get_extra_info("written_at")) - START

    assert loop.run_until_complete(scene()) == 1_020 * MS
    assert notes == [b"now"]


def test_an_end_knows_both_addresses() -> None:
    loop, _ = world()

    async def scene() -> tuple[object, object, object]:
        await loop.create_server(asyncio.Protocol, HOST, PORT)
        transport, _ = await loop.create_connection(asyncio.Protocol, HOST, PORT)
        names = ("peername", "sockname", "socket")
        first, second, third = (transport.get_extra_info(name) for name in names)
        return first, second, third

    assert loop.run_until_complete(scene()) == ((HOST, PORT), ("outside", 40_001), None)


def test_a_world_without_a_network_says_so() -> None:
    loop, _ = world()
    loop.network = None
    with pytest.raises(OutsideWorld, match="no network"):
        loop.run_until_complete(attempt())


def test_the_error_of_a_name_that_is_not_found_says_to_try_again() -> None:
    loop, _ = world(ScriptedLink(resolves=False))

    async def scene() -> int | None:
        await loop.create_server(asyncio.Protocol, HOST, PORT)
        try:
            await asyncio.open_connection(HOST, PORT)
        except socket.gaierror as error:
            return error.errno
        return 0

    assert loop.run_until_complete(scene()) == socket.EAI_AGAIN
