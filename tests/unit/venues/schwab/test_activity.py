"""The stream of account activity of one login."""

from __future__ import annotations

import asyncio
import json

from flatbook.values.instants import later
from flatbook.venues.http import Carried
from flatbook.venues.schwab.activity import AccountActivity
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.silence import StreamEnd
from flatbook.venues.websocket import Hear
from tests.unit.venues.schwab.sample import HTML, Scene, reply
from tests.unit.venues.schwab.test_streamer import INFO, response

PREFERENCE = reply({"streamerInfo": [INFO]})
ACTIVITY = b'{"data":[{"service":"ACCT_ACTIVITY","content":[{"2":"OrderCreated"}]}]}'
LET_IN = response("ADMIN", "LOGIN", 0)


class Stream:
    """A stream that says what a test wants, and notes what it hears."""

    def __init__(self, *messages: bytes) -> None:
        self.messages = messages
        self.hosts: list[str] = []
        self.heard: list[str] = []
        self.goes_on = asyncio.Event()
        self.is_open = asyncio.Event()

    def to(self, host: str) -> Stream:
        self.hosts.append(host)
        return self

    async def converse(self, path: str, opening: tuple[str, ...], hear: Hear) -> StreamEnd:
        self.hosts.append(path)
        self.heard += opening
        for message in self.messages:
            self.heard += hear(message) or ()
        self.is_open.set()
        await self.goes_on.wait()
        return StreamEnd.CLOSED


def activity_of(stream: Stream, *answers: Carried) -> tuple[AccountActivity, Scene]:
    scene = Scene(*answers)
    line = SchwabLine(scene.carrier, scene.login, scene.clock)
    return AccountActivity(line, scene.login, socket=stream.to), scene


def test_a_login_subscribes_once_let_in_and_asks_when_something_happens() -> None:
    async def scene() -> tuple[Stream, list[str]]:
        stream, asked = Stream(LET_IN, ACTIVITY, b"no json", ACTIVITY), list[str]()
        stream.goes_on.set()
        activity, _ = activity_of(stream, PREFERENCE)
        await activity.follow("1", lambda: asked.append("1"))
        return stream, asked

    stream, asked = asyncio.run(scene())
    assert asked == ["1", "1"]
    assert stream.hosts == ["wss://streamer.example", "/ws"]
    said = [json.loads(text)["requests"][0] for text in stream.heard]
    assert [(line["service"], line["command"]) for line in said] == [("ADMIN", "LOGIN"), ("ACCT_ACTIVITY", "SUBS")]
    assert said[0]["parameters"]["Authorization"] == "second"


def test_all_accounts_of_a_login_share_one_stream_which_lives_while_one_of_them_listens() -> None:
    async def scene() -> tuple[list[str], list[str], bool]:
        stream, asked = Stream(ACTIVITY), list[str]()
        activity, _ = activity_of(stream, PREFERENCE)
        first = asyncio.create_task(activity.follow("1", lambda: asked.append("1")))
        second = asyncio.create_task(activity.follow("2", lambda: asked.append("2")))
        await stream.is_open.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        goes_on = not second.done()
        stream.goes_on.set()
        await second
        return asked, stream.hosts, goes_on

    assert asyncio.run(scene()) == (["1", "2"], ["wss://streamer.example", "/ws"], True)


def test_the_last_account_that_stops_listening_ends_the_stream() -> None:
    async def scene() -> int:
        stream = Stream()
        activity, _ = activity_of(stream, PREFERENCE)
        only = asyncio.create_task(activity.follow("1", lambda: None))
        await stream.is_open.wait()
        only.cancel()
        await asyncio.gather(only, return_exceptions=True)
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(scene()) == 1


def test_without_a_login_or_a_place_there_is_no_stream() -> None:
    async def follow(*answers: Carried) -> list[str]:
        stream = Stream(LET_IN)
        activity, _ = activity_of(stream, *answers)
        await activity.follow("1", lambda: None)
        return stream.hosts

    assert asyncio.run(follow(HTML)) == []
    assert asyncio.run(follow(reply({}, 503))) == []


def test_a_stream_that_is_shut_out_makes_the_token_doubted() -> None:
    async def scene() -> tuple[bool, list[str]]:
        stream = Stream(response("ADMIN", "LOGIN", 3))
        stream.goes_on.set()
        activity, around = activity_of(stream, PREFERENCE)
        await activity.follow("1", lambda: None)
        around.clock.at = later(around.clock.at, seconds=60)
        around.for_tokens.answers.append(reply({"access_token": "t", "refresh_token": "r", "expires_in": 1800}))
        return await around.login.ready(ahead=False), around.for_tokens.asked

    assert asyncio.run(scene()) == (True, ["POST /v1/oauth/token", "POST /v1/oauth/token"])
