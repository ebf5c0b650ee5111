"""The private stream: a login, confirmations that are waited for, and noise that ends nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.values.instants import later
from flatbook.venues.bybit.stream import TOPICS, PrivateStream
from flatbook.venues.silence import StreamEnd
from tests.clocks import StillClock
from tests.unit.venues.bybit.sample import NOW, NOW_MS

AUTHED = b'{"success":true,"ret_msg":"","op":"auth","conn_id":"cejreaspqfh3sjdnldmg-p"}'
SUBSCRIBED = b'{"success":true,"ret_msg":"subscribe","conn_id":"2324d924","req_id":"","op":"subscribe"}'
PONG = b'{"req_id":"","op":"pong","args":["1670000000000"],"conn_id":"2324d924"}'

Hear = Callable[[bytes], tuple[str, ...] | None]


class Conversation:
    """Plays a conversation: what opens it, and what is answered to each message."""

    def __init__(self, clock: StillClock, *messages: bytes | int) -> None:
        self._clock, self._messages = clock, messages
        self.opening: tuple[str, ...] = ()
        self.answers: list[tuple[str, ...] | None] = []

    async def converse(self, path: str, opening: tuple[str, ...], hear: Hear) -> StreamEnd:
        assert path == "/v5/private"
        self.opening = opening
        for message in self._messages:
            if isinstance(message, int):
                self._clock.at = later(self._clock.at, seconds=message)
            else:
                self.answers.append(hear(message))
        return StreamEnd.CLOSED


def listened(*messages: bytes | int, topics: tuple[str, ...] = ()) -> tuple[Conversation, PrivateStream, list[Any]]:
    """Returns what comes of messages; numbers are seconds that pass."""
    clock = StillClock(NOW)
    heard: list[Any] = []
    conversation = Conversation(clock, *messages)
    stream = PrivateStream(conversation, lambda: ("key", "test_secret"), clock, topics=topics)

    def take(topic: str, rows: list[msgspec.Raw]) -> None:
        heard.append((topic, len(rows)))

    asyncio.run(stream.listen(take, lambda: heard.append("ready")))
    return conversation, stream, heard


def test_it_proves_who_we_are_then_subscribes_and_is_ready_once_that_is_confirmed() -> None:
    conversation, stream, heard = listened(AUTHED, SUBSCRIBED, PONG, topics=("dcp.future",))
    (opening,) = [json.loads(text) for text in conversation.opening]
    assert (opening["op"], opening["args"][:2]) == ("auth", ["key", NOW_MS + 10_000])
    (subscription,) = conversation.answers[0] or ()
    assert json.loads(subscription) == {"op": "subscribe", "args": [*TOPICS, "dcp.future"]}
    assert conversation.answers[1:] == [(), ()]
    assert heard == ["ready"]
    assert stream.refused is None


@pytest.mark.parametrize(
    ("messages", "refused"),
    [
        ((b'{"op":"auth","success":false,"ret_msg":"Invalid apikey"}',), "auth"),
        ((AUTHED, b'{"op":"subscribe","success":false,"ret_msg":"Invalid topic"}'), "subscribe"),
    ],
)
def test_a_refusal_hangs_up_and_is_kept(messages: tuple[bytes, ...], refused: str) -> None:
    conversation, stream, heard = listened(*messages)
    assert conversation.answers[-1] is None
    assert (stream.refused, heard) == (refused, [])


def test_a_stream_that_never_confirms_is_hung_up() -> None:
    conversation, _, heard = listened(AUTHED, 29, PONG, 1, PONG)
    assert conversation.answers[1:] == [(), None]
    assert heard == []


def test_rows_of_topics_are_handed_on() -> None:
    pushed = b'{"id":"1","topic":"order","creationTime":1,"data":[{"a":1},{"a":2}]}'
    assert listened(AUTHED, SUBSCRIBED, pushed)[2] == ["ready", ("order", 2)]


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_noise_is_counted_and_ends_nothing(noise: list[bytes]) -> None:
    conversation, stream, heard = listened(AUTHED, SUBSCRIBED, *noise)
    assert all(answer == () for answer in conversation.answers[1:])
    assert sum(stream.unread.values()) <= len(noise)
    assert heard[0] == "ready"
