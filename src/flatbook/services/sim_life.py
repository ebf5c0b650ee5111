"""One process life of a simulated desk: an engine with its own name, clock and scissors."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING

from msgspec.structs import replace

from flatbook.engine.follow import Pace
from flatbook.engine.own_books import own_books
from flatbook.engine.run import Parts
from flatbook.events.control import Mode
from flatbook.services.sim_books import Watching
from flatbook.services.sim_pricing import begin_pricing
from flatbook.sim.loop import inside
from flatbook.sim.runs.planned import PlannedCrash
from flatbook.sim.world.desk import marks_of
from flatbook.sim.world.disk import DiskJournal
from flatbook.sim.world.port_venue import Caller
from flatbook.sim.world.process import Cut, Diary, LoopClock, Scissors
from flatbook.sim.world.record import LifeBegan, LifeEnded
from flatbook.values.instants import NS_PER_MS

if TYPE_CHECKING:
    from flatbook.services.simulated import World

PACE = Pace(chain_poll_s=2, order_poll_s=5, idle_poll_s=15, statement_s=60, retry_s=3)
RESTART_MS = 2_000


class Life:
    """One process life of the desk: an engine with its own name, clock and scissors."""

    def __init__(self, world: World, number: int, planned: PlannedCrash | None) -> None:
        self.number, self.name = number, f"desk#{number}"
        self._world = world
        self._point = planned.point if planned is not None else None
        self.scissors = Scissors(self._point, self._cut_at_point)
        scenario = world.scenario
        self.clock = LoopClock(world.loop, offset_ns=scenario.offset_ms * NS_PER_MS, drift_ppm=scenario.drift_ppm)
        self.context = inside(self.name)
        self.engine = world.engine_of(self._parts())
        self._task: asyncio.Task[str] | None = None
        self.down_ms = planned.down_ms if planned is not None else RESTART_MS
        if planned is not None and planned.after_ms is not None:
            world.later_ms(planned.after_ms, self.kill)

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return not self.scissors.is_cut and self._task is not None and not self._task.done()

    def begin(self) -> None:
        """Starts the process."""
        world = self._world
        world.record.add(LifeBegan(at=world.loop.instant, process="desk", life=self.number))
        self._task = self.context.run(world.loop.create_task, self.engine.run())
        self._task.add_done_callback(self._ended, context=Context())
        self._watching.begin(world.loop, self.context, self._task)
        begin_pricing(world.loop, world.chains, self._caller, self.engine, (self.context, self._task))

    def kill(self) -> None:
        """Ends the process as a lost machine does, if it still runs."""
        if self.is_alive:
            self.scissors.is_cut = True
            if self.engine.outbox.in_flight:
                self._world.injection.count("P3", self.name)
            if self.engine.state.open_orders:
                self._world.injection.count("P8", self.name)
            self._cut()

    def _cut_at_point(self) -> None:
        """Is cut at the append or send that was planned, and counts it under the crash that it is."""
        if self._point is not None:
            self._world.injection.count(
                {Cut.BEFORE_APPEND: "P1", Cut.BEFORE_SEND: "P2", Cut.AFTER_SEND: "P3"}.get(self._point.cut, "P6"),
                self.name,
            )
        self._cut()

    def _cut(self) -> None:
        world = self._world
        world.loop.kill(self.name)
        world.kept.keep()
        world.lose_power()
        world.record.add(LifeEnded(at=world.loop.instant, process="desk", life=self.number, how="killed"))
        world.died(self)

    def _within_append(self) -> None:
        self.scissors.reach(Cut.WITHIN_APPEND, self.scissors.appends)

    def _ended(self, task: asyncio.Task[str]) -> None:
        if self.scissors.is_cut:
            return
        fault = task.exception()
        how = task.result() if fault is None else f"{type(fault).__name__}: {fault}"
        world = self._world
        world.kept.keep()
        world.record.add(LifeEnded(at=world.loop.instant, process="desk", life=self.number, how=how))
        if fault is not None and not world.is_expected(fault):
            world.failures.append(how)
        world.died(self)

    def _parts(self) -> Parts:
        world = self._world
        loop, record = world.loop, world.record
        caller = self._caller = Caller(
            "desk",
            self.number,
            self.scissors,
            self.clock,
            books=lambda account: own_books(self.engine.state, world.rules, account),
        )
        senders, readers = world.chains.wallets_of(caller)
        self._watching = Watching(world.scenario, world.rules, self.clock)
        if world.network is not None:
            world.network.closing.append(self._watching.close)
        return Parts(
            journal=Diary(
                DiskJournal(world.disk, self._within_append),
                self.scissors,
                record,
                ("desk", self.number, loop),
            ),
            venues=world.venues.of_life(caller, tuple(world.rules.instruments.values())),
            sources=world.chains.of_life(caller),
            logins=world.venues.logins_of_life(),
            senders=senders,
            offers=readers,
            clock=self.clock,
            rules=replace(world.rules, marks=marks_of(world.scenario, self.number)),
            market=self._watching.market,
            pace=PACE,
            mode=Mode.PAPER,
            version="simulated",
            kept=world.kept,
        )
