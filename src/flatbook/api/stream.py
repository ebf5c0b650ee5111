"""The one WebSocket: the full state, then numbered deltas, the same for all; and the loops that keep both going."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple, Protocol

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import QueryParameter, SkipValidation

from flatbook.api.answers.events import event_body
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.pnl import PnlAnswer
from flatbook.api.answers.status import age_s
from flatbook.api.courtesy import give_way, one_by_one
from flatbook.api.follow import Follower
from flatbook.api.hub import EVENTS_MAX, Hub, Place, Rows, TickBody
from flatbook.api.problems import Problem
from flatbook.api.reads_books import grids_of, inventory_of, market_of, offers_of, pnl_of, present_risk_of
from flatbook.api.reads_desk import present_positions_of, present_status_of
from flatbook.api.reads_gauges import UNFOLDED_MAX
from flatbook.api.reads_health import health_of, parts_of
from flatbook.api.reads_orders import newest_executions, newest_orders, newest_trades
from flatbook.api.routes import READ, TEXT_MAX, AtSite
from flatbook.api.site import AGE_S_MAX, Site, View
from flatbook.engine.ports import Row
from flatbook.projections.fold import recorded
from flatbook.projections.results import EVERYTHING as ALL_RESULTS

LOOK_S = 0.1
LOOK_AGAIN_S = 2.0
BROKEN_AGAIN_S = 60.0
BEAT_S = 1.0
PACE_S = 0.25
COST_FACTOR = 10
SEND_S = 10.0
TURNS, TURN_S = 20, 0.002  # many clients are told in turns: a burst to all would hold the core for long
PROVE_S = 1.0
CLOSE_BUSY, CLOSE_SPOKEN, CLOSE_FAULT, CLOSE_UNPROVEN, CLOSE_OTHER = 1013, 1008, 1011, 4401, 4406
PROTOCOL = 1

AtHub = NamedDependency[SkipValidation[Hub]]
IsLive = Callable[[Any], Awaitable[bool]]
Socket = WebSocket[Any, Any, Any]

_log = logging.getLogger(__name__)


class Closes(Protocol):
    """A connection that can be ended with a code and the reason."""

    async def close(self, code: int, reason: str | None) -> None:
        """Ends the connection."""


class Channel(NamedTuple):
    """A channel that is told whole, and how it is made."""

    name: str
    make: Callable[[Site, View], Any]


class Told(NamedTuple):
    """What is told of results: rows by their key, and the results themselves."""

    generation: int
    orders: Rows
    executions: Rows
    trades: Rows
    pnl: PnlAnswer


CHANNELS = (
    Channel("status", present_status_of),
    Channel("positions", present_positions_of),
    Channel("market", lambda site, _view: market_of(site)),
    Channel("risk", present_risk_of),
    Channel("inventory", inventory_of),
    Channel("offers", offers_of),
    Channel("grids", grids_of),
)


class Teller:
    """Follows the journal and the engine of a site, and tells a hub what changed: events at once, and what follows from
    them as often as it costs little. What profit and loss say is made beside the event loop.
    """

    def __init__(self, site: Site, hub: Hub) -> None:
        self._site, self._hub = site, hub
        site.streams = hub.clients
        self._generation = -1
        self._begun = False
        self._stale = self._results_stale = True
        self._due_s = 0.0

    async def follow_journal(self) -> None:
        """Looks at the journal every LOOK_S, at once again while it is behind, until this is cancelled.

        Events are told as they are read; they are folded behind that, once nothing rests on the folds.
        """
        follower = self._site.follower
        while True:
            self._tell_events(follower.read())
            if not self._site.resting.locked() or len(follower.unfolded) > UNFOLDED_MAX:
                async with self._site.resting:
                    follower.fold()
            self._tell_state()
            await asyncio.sleep(_rest_s(follower))

    async def follow_engine(self) -> None:
        """Asks the engine and tells the time every BEAT_S, until this is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._site.live.look()
            self._stale = True
            self.beat()
            due_s = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self._site.lags.add(max(0.0, loop.time() - due_s))

    async def follow_results(self) -> None:
        """Tells orders, trades and results when something was folded, until this is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            if self._results_stale and self._site.follower.caught_up:
                self._results_stale = False
                try:
                    self._tell_results(await self._site.results(self._results))
                except Problem:
                    self._results_stale = True
            await asyncio.sleep(max(PACE_S, COST_FACTOR * (loop.time() - began_s)))

    def _tell_results(self, told: Told) -> None:
        hub = self._hub
        if told.generation == self._generation:
            for name in ("orders", "executions", "trades"):
                hub.tell_rows(name, getattr(told, name))
            hub.tell("pnl", told.pnl)
            hub.is_whole = self._begun
            self._site.when_whole()
            hub.notify()

    def _results(self, view: View) -> Told:
        return Told(
            self._site.follower.generation,
            newest_orders(self._site, view),
            newest_executions(self._site, view),
            newest_trades(self._site, view),
            pnl_of(ALL_RESULTS, view),
        )

    def _tell_events(self, rows: list[Row]) -> None:
        """Tells what was just read, of very many events the newest; what was before the stream stands in its state."""
        site, hub = self._site, self._hub
        if site.follower.generation != self._generation:
            self._generation = site.follower.generation
            hub.begin(f"{site.clock.now():x}-{self._generation}")
            self._begun = False
        if rows:
            self._stale = self._results_stale = True
        if self._begun and rows:
            events = list(recorded(rows))[-EVENTS_MAX:]
            hub.append("events", [event_body(item) for item in one_by_one(events)])
            hub.notify()

    def _tell_state(self) -> None:
        """Tells what follows from the state where it is stale, and its time has come."""
        site, hub, loop = self._site, self._hub, asyncio.get_running_loop()
        if not site.follower.caught_up:
            return
        if not self._begun:
            self._begun = self._stale = self._results_stale = True
            hub.append("events", [event_body(item) for item in list(site.folds.recent)[-EVENTS_MAX:]])
        began_s = loop.time()
        if not self._stale or began_s < self._due_s:
            return
        view, before = site.present(), hub.seq
        for channel in one_by_one(CHANNELS):
            hub.tell(channel.name, channel.make(site, view))
        self._stale, self._due_s = False, began_s + max(PACE_S, COST_FACTOR * (loop.time() - began_s))
        if hub.seq != before:
            hub.notify()

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
        give_way()
        self._hub.tell("parts", parts_of(site))
        self._hub.beat(tick)
        self._hub.notify()


def _rest_s(follower: Follower) -> float:
    """Returns how long to rest before the next look; a broken journal is read from its beginning each time."""
    if follower.fault is not None:
        return BROKEN_AGAIN_S if follower.is_broken else LOOK_AGAIN_S
    return 0.0 if follower.seen_at is None else LOOK_S


class Client:
    """One connection: how far it was told, and whether it may still be told."""

    def __init__(self, socket: Socket, hub: Hub, place: Place, is_live: IsLive) -> None:
        self._socket, self._hub, self._is_live = socket, hub, is_live
        self._place = place
        self._turn_s = len(hub.clients) % TURNS * TURN_S
        self._proven_s = asyncio.get_running_loop().time()

    async def tell(self) -> None:
        """Tells all there is to tell, until it is cancelled or the connection ends."""
        while True:
            changed = self._hub.waiting()
            if not await self._is_proven():
                await self._socket.close(CLOSE_UNPROVEN, "the session or token ended")
                return
            if (news := self._hub.news(self._place)) is not None:
                self._place = news.place
                async with asyncio.timeout(SEND_S):
                    await self._socket.send_data(news.text)
                give_way()
            await changed.wait()
            await asyncio.sleep(self._turn_s)

    async def _is_proven(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._proven_s < PROVE_S:
            return True
        self._proven_s = now_s
        return await self._is_live(self._socket.scope.get("state", {}).get("actor"))


class Wish(NamedTuple):
    """What a client asks for: how far it was told, of which stream, and in which form it reads messages."""

    after: int | None
    stream: str
    protocol: int


def wished(
    after: Annotated[int | None, QueryParameter(ge=0)] = None,
    of: Annotated[str, QueryParameter(name="stream", max_length=TEXT_MAX)] = "",
    protocol: Annotated[int, QueryParameter(ge=0)] = PROTOCOL,
) -> Wish:
    """Returns what the address of a stream asks for."""
    return Wish(after, of, protocol)


@websocket("/api/v1/stream", opt=READ)
async def stream(
    socket: Socket,
    site: AtSite,
    hub: AtHub,
    is_live: NamedDependency[SkipValidation[IsLive]],
    wish: NamedDependency[SkipValidation[Wish]],
) -> None:
    """Tells the full state and then what changes; with `after` and `stream` only what came since, where it is kept.

    All that is new at one moment goes out together, a line for each message. Whoever asks for another `protocol` than
    this one is told so, and nothing else: he would read it wrongly.
    """
    await socket.accept()
    if wish.protocol != PROTOCOL:
        await socket.close(CLOSE_OTHER, f"this stream speaks protocol {PROTOCOL}")
        return
    if len(hub.clients) >= site.loaded.config.api.streams_max:
        await socket.close(CLOSE_BUSY, "too many streams")
        return
    telling = asyncio.create_task(Client(socket, hub, Place(wish.stream, wish.after, hub.ticks), is_live).tell())
    hearing = asyncio.create_task(_heard(socket))
    hub.clients[telling] = None
    over = asyncio.Event()
    for task in (telling, hearing):
        task.add_done_callback(lambda _: over.set())
    try:
        await over.wait()
        if hearing.done() and hearing.result():
            await socket.close(CLOSE_SPOKEN, "there is nothing to say on this stream")
        elif telling.done() and (fault := telling.exception()) is not None:
            await end_for_fault(socket, fault)
    finally:
        hub.clients.pop(telling, None)
        for task in (telling, hearing):
            task.cancel()
        await asyncio.gather(telling, hearing, return_exceptions=True)


async def end_for_fault(socket: Closes, fault: BaseException) -> None:
    """Closes a stream that could not be told on; a client that took nothing for long, or went, is no fault of ours."""
    if isinstance(fault, (TimeoutError, WebSocketDisconnect)):
        return
    _log.error("a stream could not be told on", exc_info=fault)
    await socket.close(CLOSE_FAULT, "the stream failed; connect again")


async def _heard(socket: Socket) -> bool:
    """Waits until the client goes or says something. Returns whether it spoke."""
    try:
        await socket.receive_data("text")
    except WebSocketDisconnect:
        return False
    return True
