"""The one WebSocket: the full state, then numbered deltas, the same for all; and the loops that keep both going."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import QueryParameter, SkipValidation

from flatbook.api.answers.events import event_body
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.positions import EVERYTHING
from flatbook.api.answers.status import age_s
from flatbook.api.hub import EVENTS_MAX, Frame, Hub, TickBody
from flatbook.api.reads_books import grids_of, inventory_of, market_of, offers_of, pnl_of, risk_of
from flatbook.api.reads_desk import health_of, positions_of, status_of
from flatbook.api.reads_orders import newest_executions, newest_orders, newest_trades
from flatbook.api.routes import READ, TEXT_MAX
from flatbook.api.site import AGE_S_MAX, Site, View
from flatbook.projections.fold import Recorded

LOOK_S = 0.1
LOOK_AGAIN_S = 2.0
BEAT_S = 1.0
PACE_S = 0.25
COST_FACTOR = 10
SEND_S = 10.0
PROVE_S = 30.0
STREAMS_MAX = 256
CLOSE_BUSY, CLOSE_SPOKEN, CLOSE_UNPROVEN = 1013, 1008, 4401

AtHub = NamedDependency[SkipValidation[Hub]]
IsLive = Callable[[Any], Awaitable[bool]]
Socket = WebSocket[Any, Any, Any]


class Channel(NamedTuple):
    """A channel and how it is made: one that is told whole, or one of rows by their key."""

    name: str
    make: Callable[[Site, View], Any]
    of_rows: bool = False


class Group(NamedTuple):
    """Channels that are made together, at most every PACE_S, a costly group more seldom.

    `of_engine` where they follow from what the engine says too, and not from the journal alone.
    """

    channels: tuple[Channel, ...]
    of_engine: bool


GROUPS = (
    Group(
        (
            Channel("status", status_of),
            Channel("positions", lambda site, view: positions_of(site, view, EVERYTHING)),
            Channel("market", lambda site, _view: market_of(site)),
            Channel("risk", risk_of),
            Channel("inventory", inventory_of),
            Channel("offers", offers_of),
        ),
        of_engine=True,
    ),
    Group(
        (
            Channel("grids", grids_of),
            Channel("orders", newest_orders, of_rows=True),
            Channel("executions", newest_executions, of_rows=True),
            Channel("trades", newest_trades, of_rows=True),
            Channel("pnl", pnl_of),
        ),
        of_engine=False,
    ),
)


class Teller:
    """Follows the journal and the engine of a site, and tells a hub what changed."""

    def __init__(self, site: Site, hub: Hub) -> None:
        self._site, self._hub = site, hub
        self._generation = -1
        self._begun = False
        self._stale = dict.fromkeys(GROUPS, True)
        self._due_s = dict.fromkeys(GROUPS, 0.0)

    async def follow_journal(self) -> None:
        """Looks at the journal every LOOK_S, at once again while it is behind, until this is cancelled."""
        follower = self._site.follower
        while True:
            self.take(follower.look())
            behind = follower.fault is None and follower.seen_at is None
            await asyncio.sleep(LOOK_AGAIN_S if follower.fault is not None else 0 if behind else LOOK_S)

    async def follow_engine(self) -> None:
        """Asks the engine and tells the time every BEAT_S, until this is cancelled."""
        while True:
            await self._site.live.look()
            self._stale |= {group: True for group in GROUPS if group.of_engine}
            self.beat()
            await asyncio.sleep(BEAT_S)

    def take(self, events: list[Recorded]) -> None:
        """Tells new events at once, of very many the newest, and every channel whose time has come."""
        site, hub = self._site, self._hub
        if site.follower.generation != self._generation:
            self._generation = site.follower.generation
            hub.begin(f"{site.clock.now():x}-{self._generation}")
            self._begun, self._stale = False, dict.fromkeys(GROUPS, True)
        if not site.follower.caught_up:
            return
        if not self._begun:
            events, self._begun = list(site.folds.recent), True
        before = hub.seq
        hub.append("events", [event_body(item) for item in events[-EVENTS_MAX:]])
        if events:
            self._stale = dict.fromkeys(GROUPS, True)
        self._tell_due()
        if hub.seq != before:
            hub.notify()

    def _tell_due(self) -> None:
        """Tells the groups that are stale and whose time has come."""
        loop, view = asyncio.get_running_loop(), self._site.present()
        for group in GROUPS:
            began_s = loop.time()
            if self._stale[group] and began_s >= self._due_s[group]:
                for channel in group.channels:
                    tell = self._hub.tell_rows if channel.of_rows else self._hub.tell
                    tell(channel.name, channel.make(self._site, view))
                self._stale[group] = False
                self._due_s[group] = began_s + max(PACE_S, COST_FACTOR * (loop.time() - began_s))

    def beat(self) -> None:
        """Tells the time and how the parts are, whether or not anything else is known."""
        site, follower = self._site, self._site.follower
        tick = TickBody(
            now=instant_or_none(site.now) or "",
            as_of=site.present().moment if follower.caught_up else None,
            read_age_s=age_s(follower.seen_at, site.clock.now()),
            age_s_max=AGE_S_MAX,
            live=site.live.answers,
        )
        self._hub.tell("health", health_of(site))
        self._hub.beat(tick)
        self._hub.notify()


class Client:
    """One connection: how far it was told, and whether it may still be told."""

    def __init__(self, socket: Socket, hub: Hub, at: tuple[str, int | None], is_live: IsLive) -> None:
        self._socket, self._hub, self._is_live = socket, hub, is_live
        self._stream, self._seq = at
        self._ticks = hub.ticks
        self._proven_s = asyncio.get_running_loop().time()

    async def tell(self) -> None:
        """Tells all there is to tell, until it is cancelled or the connection ends."""
        while True:
            changed = self._hub.waiting()
            if not await self._is_proven():
                await self._socket.close(CLOSE_UNPROVEN, "the session or token ended")
                return
            if self._hub.stream:
                await self._tell_news()
            await changed.wait()

    async def _tell_news(self) -> None:
        frames = self._hub.after(self._stream, self._seq)
        for frame in [self._hub.whole()] if frames is None else frames:
            await self._send(frame)
            self._stream, self._seq = self._hub.stream, frame.seq
        if self._ticks != self._hub.ticks:
            self._ticks = self._hub.ticks
            await self._send(self._hub.tick)

    async def _send(self, frame: Frame) -> None:
        async with asyncio.timeout(SEND_S):
            await self._socket.send_data(frame.text)

    async def _is_proven(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._proven_s < PROVE_S:
            return True
        self._proven_s = now_s
        return await self._is_live(self._socket.scope.get("state", {}).get("actor"))


@websocket("/api/v1/stream", opt=READ)
async def stream(
    socket: Socket,
    hub: AtHub,
    is_live: NamedDependency[SkipValidation[IsLive]],
    after: Annotated[int | None, QueryParameter(ge=0)] = None,
    of: Annotated[str, QueryParameter(name="stream", max_length=TEXT_MAX)] = "",
) -> None:
    """Tells the full state and then what changes; with `after` and `stream` only what came since, where it is kept."""
    await socket.accept()
    if len(hub.clients) >= STREAMS_MAX:
        await socket.close(CLOSE_BUSY, "too many streams")
        return
    telling = asyncio.create_task(Client(socket, hub, (of, after), is_live).tell())
    hearing = asyncio.create_task(_heard(socket))
    hub.clients[telling] = None
    over = asyncio.Event()
    for task in (telling, hearing):
        task.add_done_callback(lambda _: over.set())
    try:
        await over.wait()
        if hearing.done() and hearing.result():
            await socket.close(CLOSE_SPOKEN, "there is nothing to say on this stream")
    finally:
        hub.clients.pop(telling, None)
        for task in (telling, hearing):
            task.cancel()
        await asyncio.gather(telling, hearing, return_exceptions=True)


async def _heard(socket: Socket) -> bool:
    """Waits until the client goes or says something. Returns whether it spoke."""
    try:
        await socket.receive_data("text")
    except WebSocketDisconnect:
        return False
    return True
