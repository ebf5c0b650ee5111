"""The private stream of Bybit: a login, subscriptions that are waited for, and what happens on the account.

Source: bybit-exchange.github.io/docs/v5/ws/connect: a ping every 20 seconds, and topics are confirmed one message each;
v5/order/dcp: orders are canceled when all streams that subscribed to `dcp` topics are gone for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from flatbook.engine.ports import Clock
from flatbook.market.depth import UnknownWord
from flatbook.values.instants import Instant, later
from flatbook.venues.bybit.wire import auth_text, subscribe_text
from flatbook.venues.error_classes import TEXT_MAX
from flatbook.venues.silence import Patience, StreamEnd
from flatbook.venues.unread import no_counts, note
from flatbook.venues.websocket import Hear

PATH = "/v5/private"
PING = '{"op":"ping"}'
BEATS = ("ping", "pong")
STREAM_PATIENCE = Patience(beat_s=20, silence_s=45)
ACKS_S_MAX = 30
TOPICS = ("order", "execution", "position", "wallet")

Take = Callable[[str, list[msgspec.Raw]], None]
Credentials = Callable[[], tuple[str, str]]


class Conversing(Protocol):
    """Holds conversations over WebSockets, as SessionSocket does."""

    async def converse(self, path: str, opening: tuple[str, ...], hear: Hear) -> StreamEnd:
        """Connects, says what opens the conversation, and hands each message on until it ends."""
        ...


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    op: str = ""
    topic: str = ""
    success: bool | None = None
    data: msgspec.Raw = msgspec.Raw(b"[]")


class PrivateStream:
    """What Bybit tells of one account. `unread` counts messages that could not be read.

    `topics` are what is subscribed to besides TOPICS. `refused` says what Bybit did not take last, None where it took
    everything.
    """

    def __init__(self, socket: Conversing, reveal: Credentials, clock: Clock, *, topics: tuple[str, ...] = ()) -> None:
        self._socket, self._reveal, self._clock = socket, reveal, clock
        self._topics = (*TOPICS, *topics)
        self.unread = no_counts()
        self.refused: str | None = None

    async def listen(self, take: Take, ready: Callable[[], None]) -> StreamEnd:
        """Proves who we are, subscribes, says when both are confirmed, and hands on what is told of each topic.

        Gives: a stream on which that is refused, or not confirmed within ACKS_S_MAX, is hung up.
        """
        talk = _Talk(self._topics, later(self._clock.now(), seconds=ACKS_S_MAX), take, ready)

        def hear(body: bytes) -> tuple[str, ...] | None:
            try:
                answers = talk.hear(msgspec.json.decode(body, type=_Told), self._clock.now())
            except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
                note(self.unread, fault)
                return ()
            self.refused = talk.refused
            return answers

        return await self._socket.converse(PATH, (auth_text(self._reveal, self._clock.now()),), hear)


class _Talk:
    """One conversation under way."""

    def __init__(self, topics: tuple[str, ...], until: Instant, take: Take, ready: Callable[[], None]) -> None:
        self._topics, self._until, self._take, self._ready = topics, until, take, ready
        self._is_ready = False
        self.refused: str | None = None

    def hear(self, told: _Told, now: Instant) -> tuple[str, ...] | None:
        """Returns what to say, None to hang up."""
        if told.topic:
            self._take(told.topic, msgspec.json.decode(told.data, type=list[msgspec.Raw]))
        elif told.op in ("auth", "subscribe"):
            if told.success is not True:
                self.refused = told.op
                return None
            if told.op == "auth":
                return (subscribe_text(self._topics),)
            self._is_ready = True
            self._ready()
        elif told.op not in BEATS:
            raise UnknownWord(f"a message of {told.op[:TEXT_MAX]!r}")
        return None if not self._is_ready and now >= self._until else ()
