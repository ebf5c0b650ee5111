"""The production engine over a production adapter, against its venue simulated, in virtual time."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextvars import Context
from decimal import Decimal
from random import Random
from typing import Protocol

from aiohttp import web

from flatbook.engine.follow import Pace
from flatbook.engine.ports import OrderVenue
from flatbook.engine.rules import Rules
from flatbook.engine.run import Engine, Parts
from flatbook.events import orders as ev
from flatbook.events.control import Mode
from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.market.quotes import Market, Quote
from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.loop import VirtualLoop, inside
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.link import CalmLink, LinkFaults
from flatbook.sim.tapes.script import ScriptedBlocks, ScriptedChain
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import SourceId
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.money import ZERO, Price
from flatbook.venues.http import SessionHttp
from tests.desk import CHAIN, COIN, OWNER, PAPER

PORT = 443
PRICE = Decimal("250.13")
FEED = SourceId("paper-bars")
PACE = Pace(chain_poll_s=2, order_poll_s=5, idle_poll_s=20, statement_s=60, retry_s=3)
LATENCY_MS = 10


class Served(Protocol):
    """What a simulated venue answers with."""

    def runner(self) -> web.ServerRunner:
        """Returns what serves it."""


class EngineDesk(ABC):
    """What outlives the processes of a desk: the venue, the chain, time, and the journal's store."""

    def __init__(self, script: Sequence[ScriptedBlocks], rules: Rules, *, seed: int, start: Instant) -> None:
        self.loop = VirtualLoop(start, order=Random(seed))
        self._calm = CalmLink(latency_ns=LATENCY_MS * NS_PER_MS)
        Switchboard(self.loop, self.link)
        self.rules = rules
        self.chain = ScriptedChain(CHAIN, script, lambda: self.loop.instant)
        self.store = MemoryStore()
        self.engines: list[Engine] = []
        self.venues: list[OrderVenue] = []
        self.lives: list[asyncio.Task[str]] = []

    @abstractmethod
    def connect(self, clock: LoopClock) -> tuple[OrderVenue, tuple[SessionHttp, ...]]:
        """Returns the adapter of a new process, and what it must close."""

    def link(self, _process: str, _host: str) -> LinkFaults:
        """Returns the way between two: a calm one."""
        return self._calm

    def serve(self, server: Served, host: str) -> None:
        """Opens the venue, and begins to tell prices."""

        async def serving() -> None:
            runner = server.runner()
            await runner.setup()
            await web.TCPSite(runner, host, PORT).start()

        self.loop.run_until_complete(self.loop.create_task(serving(), context=inside("venue")))
        self._quote()

    def now(self) -> Instant:
        """Returns the true time."""
        return self.loop.instant

    async def rest(self, ms: int) -> None:
        """Lets time pass."""
        await LoopClock(self.loop).sleep_until(later(self.loop.instant, ms=ms))

    def begin(self) -> None:
        """Starts a process over the journal's store."""
        name, clock = f"desk#{len(self.engines) + 1}", LoopClock(self.loop)
        venue, connections = self.connect(clock)
        engine = Engine(
            Parts(
                journal=MemoryJournal(self.store),
                venues={PAPER: venue},
                sources=(self.chain,),
                clock=clock,
                rules=self.rules,
                market=Market(),
                pace=PACE,
                mode=Mode.PAPER,
                version="simulated",
            )
        )
        self.engines.append(engine)
        self.venues.append(venue)
        self.lives.append(self.loop.create_task(_living(engine, connections), context=inside(name)))

    def kill(self) -> None:
        """Ends the process as a lost machine does."""
        self.loop.kill(f"desk#{len(self.engines)}")

    def advance(self, *, seconds: int = 0, ms: int = 0) -> None:
        """Lets the world run."""
        self.loop.advance(later(self.loop.instant, seconds=seconds, ms=ms))

    def close(self) -> None:
        """Lets go of what the processes left behind."""
        self.loop.close()

    def events(self) -> tuple[Event, ...]:
        """Returns all events of the journal."""
        return tuple(event for row in MemoryJournal(self.store).read() for event in row.events)

    def _quote(self) -> None:
        """Tells the newest engine the price, every second."""
        if self.engines:
            quote = Quote(price=Price(PRICE), happened_at=self.loop.instant, seen_at=self.loop.instant)
            inside(f"desk#{len(self.engines)}").run(self.engines[-1].observe, COIN, FEED, quote)
        Context().run(self.loop.call_at_instant, later(self.loop.instant, seconds=1), self._quote)


async def _living(engine: Engine, connections: tuple[SessionHttp, ...]) -> str:
    try:
        return await engine.run()
    finally:
        for http in connections:
            await http.close()


class BrokerDesk(EngineDesk):
    """A desk at a broker, whose truth is a ledger."""

    @property
    @abstractmethod
    def ledger(self) -> Ledger:
        """The truth of the broker."""


def check_flat(desk: BrokerDesk, net: Decimal) -> None:
    """The broker holds the opposite of the fills, the books are flat and quiet, and the desk still lives. Closes it."""
    assert sum((each.order.sign * each.qty for each in desk.ledger.executions), ZERO) == -net
    strange = ev.ForeignFilled | ev.OrderOverfilled | ev.ReportRefused
    assert [event for event in desk.events() if isinstance(event, strange)] == []
    state = desk.engines[-1].state
    assert state.positions.net(OWNER, COIN).known == ZERO
    assert not state.open_orders
    assert (desk.loop.faults, desk.lives[-1].done()) == ([], False)
    desk.close()
