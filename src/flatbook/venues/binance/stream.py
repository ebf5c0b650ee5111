"""What Binance pushes of an account: the user data stream of USD-M by a listen key, that of spot by a signature.

Both end after a day at the latest and are then opened anew; what happened meanwhile is asked for when they stand again.
Source: developers.binance.com, USD-M User Data Streams (a key lasts 60 minutes, PUT prolongs it, -1125 when it is gone,
`listenKeyExpired`); Spot WebSocket API, `userDataStream.subscribe.signature`, and User Data Stream: events come as
`event` with their `subscriptionId`. The listen keys of spot are gone since 2026-02-20.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import msgspec

from flatbook.engine.ports import Clock
from flatbook.market.depth import UnknownWord
from flatbook.values.instants import later
from flatbook.venues.binance import wire
from flatbook.venues.binance.line import BinanceLine
from flatbook.venues.binance.orders import Pushed
from flatbook.venues.binance.parse import FAULTS, read
from flatbook.venues.binance.refusals import refusal_of
from flatbook.venues.binance.signing import signed_params
from flatbook.venues.http import Reply
from flatbook.venues.rate_budget import Lane
from flatbook.venues.silence import StreamEnd
from flatbook.venues.unread import Counts, no_counts, note
from flatbook.venues.websocket import Hear

PROLONG_S = 1800
PROLONG_AGAIN_S = 60
PRIVATE_PATH = "/private/ws/"
SPOT_PATH = "/ws-api/v3"
SUBSCRIBE = "userDataStream.subscribe.signature"
ORDER_USD_M = "ORDER_TRADE_UPDATE"
ORDER_SPOT = "executionReport"
KEY_EXPIRED = "listenKeyExpired"
SPOT_ENDED = ("eventStreamTerminated", "serverShutdown")
# What else happens on an account, and is read in its statement.
OTHERS_USD_M = (
    "ACCOUNT_UPDATE",
    "ACCOUNT_CONFIG_UPDATE",
    "MARGIN_CALL",
    "TRADE_LITE",
    "STRATEGY_UPDATE",
    "GRID_UPDATE",
    "ALGO_UPDATE",
    "CONDITIONAL_ORDER_TRIGGER_REJECT",
)
OTHERS_SPOT = ("outboundAccountPosition", "balanceUpdate", "listStatus", "externalLockUpdate")
NO_SUCH_KEY = -1125
OK = 200

Take = Callable[[Pushed], None]
Stir = Callable[[], None]


class Conversing(Protocol):
    """Holds conversations over WebSockets, as SessionSocket does."""

    async def converse(self, path: str, opening: tuple[str, ...], hear: Hear, opened: Stir | None = None) -> StreamEnd:
        """Connects, says what opens the conversation, and hands each message on until it ends."""
        ...


class Updates(Protocol):
    """The stream of one account. `unread` counts messages that could not be read."""

    unread: Counts

    async def listen(self, take: Take, opened: Stir) -> None:
        """Hands on each order as it comes until the stream ends; `opened` is called once it stands."""
        ...


class _ListenKey(msgspec.Struct, frozen=True, kw_only=True):
    listen_key: str = msgspec.field(name="listenKey")


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    e: str = ""
    o: msgspec.Raw = msgspec.Raw()


class _SpotTold(msgspec.Struct, frozen=True, kw_only=True):
    status: int | None = None
    event: msgspec.Raw = msgspec.Raw()


class FuturesUpdates:
    """The user data stream of a USD-M account.

    One call listens at a time, and it alone makes and prolongs the key. A key that is gone ends the stream, and the
    next call makes another.
    """

    def __init__(self, socket: Conversing, line: BinanceLine, clock: Clock) -> None:
        self._socket, self._line, self._clock = socket, line, clock
        self.unread = no_counts()

    async def listen(self, take: Take, opened: Stir) -> None:
        """Makes a key, listens, and prolongs the key half an hour ahead of its end."""
        reply = await self._line.ask(wire.listen_key_request("POST"), Lane.EXIT, 1)
        made = read(reply, _ListenKey) if isinstance(reply, Reply) else reply
        if not isinstance(made, _ListenKey) or not made.listen_key:
            return
        hearing = asyncio.create_task(self._hear(made.listen_key, take, opened))
        prolonging = asyncio.create_task(self._prolong(hearing))
        try:
            await hearing
        except asyncio.CancelledError:
            if not prolonging.done() or _is_being_cancelled():
                raise
        finally:
            hearing.cancel()
            prolonging.cancel()

    async def _hear(self, key: str, take: Take, opened: Stir) -> None:
        def hear(body: bytes) -> tuple[str, ...] | None:
            try:
                told = msgspec.json.decode(body, type=_Told)
                if told.e == KEY_EXPIRED:
                    return None
                if told.e == ORDER_USD_M:
                    take(msgspec.json.decode(told.o, type=Pushed))
                elif told.e not in OTHERS_USD_M:
                    raise UnknownWord(f"an event {told.e!r}")
            except FAULTS as fault:
                note(self.unread, fault)
            return ()

        await self._socket.converse(PRIVATE_PATH + quote(key, safe=""), (), hear, opened)

    async def _prolong(self, hearing: asyncio.Task[None]) -> None:
        """Prolongs the key for ever; ends what is heard when the key is gone."""
        rest_s = PROLONG_S
        while True:
            await self._clock.sleep_until(later(self._clock.now(), seconds=rest_s))
            reply = await self._line.ask(wire.listen_key_request("PUT"), Lane.EXIT, 1)
            refusal = refusal_of(reply) if isinstance(reply, Reply) else None
            if refusal is not None and refusal.code == NO_SUCH_KEY:
                hearing.cancel()
                return
            is_done = isinstance(reply, Reply) and reply.status == OK
            rest_s = PROLONG_S if is_done else PROLONG_AGAIN_S


class SpotUpdates:
    """The user data stream of a spot account, subscribed to by a signature."""

    def __init__(self, socket: Conversing, line: BinanceLine) -> None:
        self._socket, self._line = socket, line
        self.unread = no_counts()

    async def listen(self, take: Take, opened: Stir) -> None:
        """Subscribes and listens. A subscription that is refused hangs up."""

        def hear(body: bytes) -> tuple[str, ...] | None:
            try:
                told = msgspec.json.decode(body, type=_SpotTold)
                if told.status is not None:
                    return self._answered(told.status, opened)
                event = msgspec.json.decode(told.event, type=_Told).e
                if event in SPOT_ENDED:
                    return None
                if event == ORDER_SPOT:
                    take(msgspec.json.decode(told.event, type=Pushed))
                elif event not in OTHERS_SPOT:
                    raise UnknownWord(f"an event {event!r}")
            except FAULTS as fault:
                note(self.unread, fault)
            return ()

        await self._socket.converse(SPOT_PATH, (self._subscription(),), hear)

    def _answered(self, status: int, opened: Stir) -> tuple[str, ...] | None:
        if status != OK:
            return None
        opened()
        return ()

    def _subscription(self) -> str:
        key = self._line.key
        name = next(iter(key.headers().values()))
        params: dict[str, str | int] = {"apiKey": name, "recvWindow": wire.WINDOW_MS, "timestamp": key.timestamp_ms()}
        asked = {"id": "subscribe", "method": SUBSCRIBE, "params": signed_params(params, secret=key.secret())}
        return msgspec.json.encode(asked).decode()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
