"""One conversation over a WebSocket, in virtual time, with a server that does as a script says."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from aiohttp import WSMsgType, web

from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import Way
from flatbook.sim.world.process import LoopClock
from flatbook.venues.silence import Patience, StreamEnd
from flatbook.venues.websocket import MESSAGE_BYTES_MAX, SessionSocket
from tests.unit.sim.network.scene import ScriptedLink
from tests.unit.venues.stream_scene import URL, Serve, outcome_of, rest

PATIENCE = Patience(beat_s=5, silence_s=20)


def conversed(serve: Serve, link: ScriptedLink | None = None, *, url: str = URL) -> tuple[object, list[bytes], int]:
    """Returns how a conversation ended, what was heard, and how many seconds it took."""
    heard: list[bytes] = []

    def hear(told: bytes) -> tuple[str, ...]:
        heard.append(told)
        return ("and this",) if told == b"more?" else ()

    async def client(loop: VirtualLoop) -> object:
        socket = SessionSocket(
            url, LoopClock(loop), connect=SimulatedConnector, authorize=lambda: {"Key": "word"}, patience=PATIENCE
        )
        return await socket.converse("/stream", ("hello",), hear)

    outcome, took_s = outcome_of(client, serve, link)
    return outcome, heard, took_s


def test_whoever_asks_is_told_once_a_conversation_stands() -> None:
    told: list[str] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = await opened(request)
        told.append((await socket.receive()).data)
        await socket.close()
        return socket

    async def client(loop: VirtualLoop) -> object:
        socket = SessionSocket(URL, LoopClock(loop), connect=SimulatedConnector, patience=PATIENCE)
        return await socket.converse("/stream", ("hello",), lambda _: (), lambda: told.append("stands"))

    outcome, _ = outcome_of(client, serve, None)
    assert outcome is StreamEnd.CLOSED
    assert sorted(told) == ["hello", "stands"]


async def opened(request: web.BaseRequest) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    return socket


def test_what_is_told_is_heard_whether_as_text_or_as_bytes_and_answers_are_sent() -> None:
    said: list[str] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = await opened(request)
        said.append(request.headers["Key"])
        said.append((await socket.receive()).data)
        await socket.send_bytes(b'{"a": 1}')
        await socket.send_str("more?")
        said.append((await socket.receive()).data)
        await socket.close()
        return socket

    assert conversed(serve) == (StreamEnd.CLOSED, [b'{"a": 1}', b"more?"], 0)
    assert said == ["word", "hello", "and this"]


def test_a_stream_on_which_nothing_happens_is_kept_while_pings_are_answered() -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = await opened(request)
        await socket.receive()
        quiet = socket.receive()
        try:
            await asyncio.wait_for(quiet, 120)
        except TimeoutError:
            await socket.close()
        return socket

    assert conversed(serve) == (StreamEnd.CLOSED, [], 120)


def test_a_ping_of_the_other_end_is_answered() -> None:
    kinds: list[WSMsgType] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await socket.receive()
        await socket.ping(b"you?")
        answer = await socket.receive()
        kinds.append(answer.type)
        await socket.close()
        return socket

    assert conversed(serve)[0] is StreamEnd.CLOSED
    assert kinds == [WSMsgType.PONG]


def test_a_stream_without_any_sign_of_life_is_given_up() -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = await opened(request)
        await rest(600)
        return socket

    outcome, heard, took_s = conversed(serve)
    assert (outcome, heard) == (StreamEnd.SILENT, [])
    assert 20 <= took_s <= 27


def test_a_connection_that_is_cut_in_the_middle_of_a_message_ends_the_stream() -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = await opened(request)
        await socket.send_str("x" * 4_000)
        await rest(600)
        return socket

    outcome, heard, took_s = conversed(serve, ScriptedLink(cuts={Way.ANSWER: 1_000}))
    assert (outcome, heard) == (StreamEnd.CLOSED, [])
    assert took_s < 2


def test_an_answer_that_is_no_handshake_is_a_refusal_and_no_host_is_no_connection() -> None:
    async def serve(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=401)

    assert conversed(serve)[0] is StreamEnd.REFUSED
    assert conversed(serve, url="https://nowhere.example")[0] is StreamEnd.NO_CONNECTION


@pytest.mark.parametrize("over", [0, 1])
def test_a_message_above_the_bound_ends_the_conversation_and_is_never_heard(over: int) -> None:
    """Nothing is unpacked either: that messages may come compressed is not said in the handshake."""
    offered: list[str | None] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        offered.append(request.headers.get("Sec-WebSocket-Extensions"))
        socket = await opened(request)
        with suppress(ConnectionError):  # whoever is told too much hangs up
            await socket.send_bytes(b"x" * (MESSAGE_BYTES_MAX + over))
            await socket.send_str("after it")
            await socket.close()
        return socket

    outcome, heard, took_s = conversed(serve)
    assert (outcome, offered) == (StreamEnd.CLOSED, [None])
    assert [len(told) for told in heard] == ([] if over else [MESSAGE_BYTES_MAX, len("after it")])
    assert took_s < PATIENCE.silence_s
