"""A desk in one thread on simulated time: the production engine, journal, strategy and adapter, an outside of our own.

The process can be cut at any append and any send, and started again over what survives: the journal's store and the
broker's ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from flatbook.engine.follow import Pace
from flatbook.engine.ports import ChainSource, OrderVenue
from flatbook.engine.rules import Rules
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.market.quotes import Market
from flatbook.services.prices import PriceFeed, follow_prices
from flatbook.sim.tapes.clock import TapeClock, settle
from flatbook.sim.world.process import CrashPoint, Cut, CutJournal, Scissors
from flatbook.values.ids import AccountId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument
from flatbook.venues.paper.venue import PaperVenue, paper_card
from flatbook.venues.paper.wire import InProcessTransport, Push, Sent, Server

SIMULATED_PACE = Pace(chain_poll_s=5, order_poll_s=10, idle_poll_s=60, statement_s=300, retry_s=5)


class CuttableTransport:
    """A transport that can be cut before and after each send. What was sent arrives although the sender is gone."""

    def __init__(self, transport: InProcessTransport, server: Server, scissors: Scissors) -> None:
        self._transport, self._server, self._scissors = transport, server, scissors

    async def send(self, request: bytes, timeout_at: Instant) -> Sent:
        """Sends, unless the process is cut before; returns the answer, unless it is cut after."""
        number = self._scissors.send()
        self._scissors.reach(Cut.BEFORE_SEND, number)
        sent = await self._transport.send(request, timeout_at)
        self._scissors.reach(Cut.AFTER_SEND, number)
        return sent

    async def watch(self, push: Push) -> bool:
        """Carries pushes."""
        return await self._transport.watch(push)


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What stays when the process of a simulated desk is cut: rules, outside, time and the journal's store."""

    rules: Rules
    broker: Server
    account: AccountId
    instruments: tuple[Instrument, ...]
    sources: tuple[ChainSource, ...]
    prices: tuple[PriceFeed, ...]
    clock: TapeClock
    store: MemoryStore


class Life:
    """One process life over a desk."""

    def __init__(
        self, desk: Desk, *, crash_at: CrashPoint | None = None, engine_of: Callable[[Parts], Engine] = Engine
    ) -> None:
        self.desk = desk
        self.scissors = Scissors(crash_at)
        self.engine = engine_of(
            Parts(
                journal=CutJournal(MemoryJournal(desk.store), self.scissors),
                venues={desk.account: self._venue()},
                sources=desk.sources,
                clock=desk.clock,
                rules=desk.rules,
                market=Market(),
                pace=SIMULATED_PACE,
                mode=Mode.PAPER,
                version="simulated",
            )
        )

    def _venue(self) -> OrderVenue:
        desk = self.desk
        transport = CuttableTransport(InProcessTransport(desk.broker, desk.clock), desk.broker, self.scissors)
        card = desk.rules.cards[desk.account]
        return PaperVenue(
            transport,
            desk.clock,
            account=desk.account,
            instruments=desk.instruments,
            card=paper_card(id_rule=card.id_rule, read_lag_max_s=card.read_lag_max_s),
        )

    async def run(self, until: Instant) -> bool:
        """Runs the life until an instant. Returns whether it got there; False when it was cut before."""
        running = asyncio.create_task(self.engine.run())
        feeds = [
            asyncio.create_task(follow_prices(feed, self.engine.observe, self.desk.clock)) for feed in self.desk.prices
        ]
        await settle()
        clock = self.desk.clock
        while not self.scissors.is_cut and not running.done():
            at = clock.next_sleeper()
            if at is None or at > until:
                break
            await clock.run_until(at)
        if not self.scissors.is_cut and not running.done():
            await clock.run_until(until)
        await self._end(running, feeds)
        return not self.scissors.is_cut

    async def _end(self, running: asyncio.Task[str], feeds: list[asyncio.Task[None]]) -> None:
        """Ends the life as a kill would: nothing is appended, nothing is sent any more."""
        fault = running.exception() if running.done() and not running.cancelled() else None
        was_cut, self.scissors.is_cut = self.scissors.is_cut, True
        for task in (running, *feeds):
            task.cancel()
        await asyncio.gather(running, *feeds, return_exceptions=True)
        self.scissors.is_cut = was_cut
        if fault is not None and not was_cut:
            raise fault
