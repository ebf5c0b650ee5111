"""What Alpaca pushes: trade updates over a WebSocket of the Trading API, or events of the Broker API.

Source: docs.alpaca.markets, Websocket Streaming, and Subscribe to Trade Events (SSE); alpacahq/alpaca-skills,
sse-events: `/v1/events/trades` is gone, `/v2` replays what came after the `since_id` of the last event, and a comment
tells of messages that were dropped. No source says that the id of an execution on a stream is a part of the id of its
activity, so a push never is an execution: it is a reason to ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from flatbook.values.ids import OrderId
from flatbook.venues.event_stream import HearEvent
from flatbook.venues.http import Request
from flatbook.venues.silence import StreamEnd
from flatbook.venues.unread import Counts, no_counts, note
from flatbook.venues.websocket import Hear

SOCKET_PATH = "/stream"
EVENTS_PATH = "/v2/events/trades"
UPDATES = "trade_updates"
LISTEN = '{"action":"listen","data":{"streams":["trade_updates"]}}'
HINTS_MAX = 256
DROPPED = b"dropped"

Take = Callable[[bytes], None]
Credentials = Callable[[], tuple[str, str]]


class Updates(Protocol):
    """A stream of what happens to the orders of an account. `unread` counts messages that could not be read."""

    unread: Counts

    async def listen(self, take: Take) -> StreamEnd:
        """Hands on each update as it comes, until the stream ends; it may be listened to again."""
        ...


class Conversing(Protocol):
    """Holds conversations over WebSockets, as SessionSocket does."""

    async def converse(self, path: str, opening: tuple[str, ...], hear: Hear) -> StreamEnd:
        """Connects, says what opens the conversation, and hands each message on until it ends."""
        ...


class Following(Protocol):
    """Follows streams of events, as SessionEvents does."""

    async def follow(self, request: Request, hear: HearEvent, comment: HearEvent) -> StreamEnd:
        """Asks for a stream and hands each event and each comment on until it ends."""
        ...


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    stream: str
    data: msgspec.Raw


class _Status(msgspec.Struct, frozen=True, kw_only=True):
    status: str


class _Numbered(msgspec.Struct, frozen=True, kw_only=True):
    event_id: str


class TradingUpdates:
    """The trade updates of the Trading API. `unread` counts messages that could not be read."""

    def __init__(self, socket: Conversing, credentials: Credentials) -> None:
        self._socket, self._credentials = socket, credentials
        self.unread = no_counts()

    async def listen(self, take: Take) -> StreamEnd:
        """Proves who we are, then listens. A proof that is not taken ends with the connection."""
        key, secret = self._credentials()
        proof = msgspec.json.encode({"action": "authenticate", "data": {"key_id": key, "secret_key": secret}})

        def hear(body: bytes) -> tuple[str, ...]:
            try:
                told = msgspec.json.decode(body, type=_Told)
                if told.stream == UPDATES:
                    take(bytes(told.data))
                elif told.stream == "authorization":
                    is_known = msgspec.json.decode(told.data, type=_Status).status == "authorized"
                    return (LISTEN,) if is_known else ()
            except (msgspec.MsgspecError, RecursionError) as fault:
                note(self.unread, fault)
            return ()

        return await self._socket.converse(SOCKET_PATH, (proof.decode(),), hear)


class BrokerUpdates:
    """The trade events of one account of the Broker API. After the first one a new stream continues where one ended.

    `lost` counts the words of Alpaca that it dropped messages because we read too slowly.
    """

    def __init__(self, events: Following, account_id: str) -> None:
        self._events, self._account_id = events, account_id
        self._last = ""
        self.lost = 0
        self.unread = no_counts()

    async def listen(self, take: Take) -> StreamEnd:
        """Listens from the last event on, or from now on where there is none, or Alpaca refused to go on from it."""
        since = (("since_id", self._last),) if self._last else ()
        request = Request(method="GET", path=EVENTS_PATH, query=(("id", self._account_id), *since))

        def hear(body: bytes) -> None:
            try:
                self._last = msgspec.json.decode(body, type=_Numbered).event_id
            except (msgspec.MsgspecError, ValueError, RecursionError):
                self._last = ""
            take(body)

        def comment(text: bytes) -> None:
            self.lost += DROPPED in text

        ended = await self._events.follow(request, hear, comment)
        if ended is StreamEnd.REFUSED:
            self._last = ""
        return ended


class Hints:
    """Orders of which something was pushed and that wait to be asked for, each once, the oldest first.

    `shed` counts those that found no room: polls find what happened to them.
    """

    def __init__(self) -> None:
        self._waiting: dict[OrderId, None] = {}
        self._stirred = asyncio.Event()
        self._is_over = False
        self.shed = 0

    def add(self, order_id: OrderId) -> None:
        """Puts an order in line, where it is not there and there is room."""
        if order_id not in self._waiting and len(self._waiting) >= HINTS_MAX:
            self.shed += 1
            return
        self._waiting[order_id] = None
        self._stirred.set()

    def end(self) -> None:
        """Lets whoever takes go once the line is empty."""
        self._is_over = True
        self._stirred.set()

    async def take(self) -> OrderId | None:
        """Returns the next order, or None when nothing waits and nothing will."""
        while not self._waiting and not self._is_over:
            self._stirred.clear()
            await self._stirred.wait()
        if not self._waiting:
            return None
        order_id = next(iter(self._waiting))
        del self._waiting[order_id]
        return order_id
