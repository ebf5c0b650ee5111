"""Server-sent events in virtual time, with a server that does as a script says."""

from __future__ import annotations

from aiohttp import web

from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import Way
from flatbook.sim.world.process import LoopClock
from flatbook.venues.event_stream import EVENT_BYTES_MAX, EventLines, SessionEvents
from flatbook.venues.http import Request
from flatbook.venues.silence import Patience, StreamEnd
from tests.unit.sim.network.scene import ScriptedLink
from tests.unit.venues.stream_scene import URL, Serve, outcome_of, rest

REQUEST = Request(method="GET", path="/events", query=(("since_id", "5"),))


def followed(serve: Serve, link: ScriptedLink | None = None) -> tuple[object, list[bytes], int]:
    """Returns how a stream ended, events and comments, and how many seconds it took."""
    heard: list[bytes] = []

    async def client(loop: VirtualLoop) -> object:
        events = SessionEvents(
            URL,
            LoopClock(loop),
            connect=SimulatedConnector,
            authorize=lambda: {"Key": "word"},
            patience=Patience(beat_s=5, silence_s=20),
        )
        return await events.follow(REQUEST, heard.append, lambda comment: heard.append(b":" + comment))

    outcome, took_s = outcome_of(client, serve, link)
    return outcome, heard, took_s


async def opened(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    return response


def test_events_and_comments_are_handed_on() -> None:
    asked: list[str] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(f"{request.path_qs} {request.headers['Key']} {request.headers['Accept']}")
        response = await opened(request)
        await response.write(b': heartbeat\n\ndata: {"a":\ndata: 1}\n')
        await rest(1)
        await response.write(b'\nid: 7\ndata:{"b": 2}\r\n\r\n')
        return response

    assert followed(serve) == (StreamEnd.CLOSED, [b":heartbeat", b'{"a":\n1}', b'{"b": 2}'], 1)
    assert asked == ["/events?since_id=5 word text/event-stream"]


def test_comments_keep_a_stream_alive_and_silence_ends_it() -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        response = await opened(request)
        for _ in range(6):
            await response.write(b": heartbeat\n\n")
            await rest(10)
        await rest(600)
        return response

    outcome, heard, took_s = followed(serve)
    assert (outcome, heard) == (StreamEnd.SILENT, [b":heartbeat"] * 6)
    assert 70 <= took_s <= 80


def test_an_answer_that_is_no_stream_is_a_refusal() -> None:
    async def serve(_request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"message": "no"}, status=200)

    assert followed(serve)[0] is StreamEnd.REFUSED


def test_a_stream_that_is_cut_ends() -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        response = await opened(request)
        await response.write(b"data: " + b"x" * 4_000 + b"\n\n")
        await rest(600)
        return response

    assert followed(serve, ScriptedLink(cuts={Way.ANSWER: 1_000}))[:2] == (StreamEnd.CLOSED, [])


def test_events_come_out_the_same_wherever_their_bytes_are_cut() -> None:
    text = b'data: {"a": 1}\n\n: x\ndata: 2\ndata: 3\n\n'
    for first in range(len(text)):
        heard: list[bytes] = []
        lines = EventLines(heard.append, heard.append)
        assert lines.take(text[:first])
        assert lines.take(text[first:])
        assert heard == [b'{"a": 1}', b"x", b"2\n3"]


def test_an_event_without_end_is_not_held() -> None:
    lines = EventLines(print, print)
    assert lines.take(b"data: " + b"x" * (EVENT_BYTES_MAX - 10))
    assert not lines.take(b"x" * 20)
