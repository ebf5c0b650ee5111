"""The production engine over the production adapter of Schwab, against the simulated Schwab, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import Context
from decimal import Decimal
from random import Random

import msgspec
from aiohttp import web

from flatbook.engine.own_books import OwnBooks, own_books
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.market.quotes import Market, Quote
from flatbook.sim.alpaca.faults import BrokerFaults
from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.alpaca.terms import OpeningAccount
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import CalmLink, LinkFaults
from flatbook.sim.schwab.server import SchwabServer
from flatbook.sim.tapes.script import ScriptedBlocks, ScriptedChain
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.money import Money, Price, Quantity
from flatbook.venues.http import SessionHttp
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.tokens import app_headers
from flatbook.venues.schwab.venue import SCHWAB_CARD, SchwabAccount, SchwabVenue
from tests.desk import CHAIN, COIN, OPEN, PAPER, Setting, coin, desk_of
from tests.sim.alpaca_desk import FEED, LATENCY_MS, PACE, PRICE
from tests.sim.alpaca_world import inside
from tests.sim.schwab_world import HASH, NUMBER, TERMS, Kept, logged_in

HOST, PORT = "api.example", 443
WHOLE = Setting(lot="1")


class SchwabDesk:
    """What outlives the processes of a desk: the broker, the login, the chain, time, and the journal's store."""

    def __init__(self, script: Sequence[ScriptedBlocks], *, seed: int = 0, faults: BrokerFaults | None = None) -> None:
        self.loop = VirtualLoop(OPEN, order=Random(seed))
        self.link: LinkFaults = CalmLink(latency_ns=LATENCY_MS * NS_PER_MS)
        Switchboard(self.loop, lambda _process, _host: self.link)
        rules = desk_of(WHOLE, ()).rules
        self.rules = msgspec.structs.replace(rules, cards={PAPER: SCHWAB_CARD})
        self.chain = ScriptedChain(CHAIN, script, lambda: self.loop.instant)
        self.store = MemoryStore()
        opening = OpeningAccount(
            account_id=NUMBER, cash=Money(Decimal(10_000_000)), holdings={"COIN": Quantity(Decimal(10_000))}
        )
        terms = msgspec.structs.replace(TERMS, accounts=(opening,), hashes={NUMBER: HASH}, symbols=("COIN",))
        self.server = SchwabServer(terms, lambda _s, _at: PRICE, now=self.now, rest=self.rest, faults=faults)
        self.tokens = Kept(logged_in(self.server, OPEN))
        self.engines: list[Engine] = []
        self.lives: list[asyncio.Task[str]] = []
        serving = self.loop.create_task(self._serve(), context=inside("schwab"))
        self.loop.run_until_complete(serving)
        self._quote()

    def now(self) -> Instant:
        """Returns the true time."""
        return self.loop.instant

    async def rest(self, ms: int) -> None:
        """Lets time pass."""
        await LoopClock(self.loop).sleep_until(later(self.loop.instant, ms=ms))

    @property
    def ledger(self) -> Ledger:
        """The truth of the broker."""
        return self.server.front.ledger

    def begin(self) -> None:
        """Starts a process over the journal's store."""
        name, number = f"desk#{len(self.engines) + 1}", len(self.engines)
        clock = LoopClock(self.loop)
        for_tokens = SessionHttp(
            f"https://{HOST}",
            clock,
            connect=SimulatedConnector,
            authorize=lambda: app_headers(TERMS.key, TERMS.secret),
        )
        login = Login(for_tokens, clock, self.tokens)
        http = SessionHttp(f"https://{HOST}", clock, connect=SimulatedConnector, authorize=login.headers)

        def books() -> OwnBooks:
            return own_books(self.engines[number].state, self.rules, PAPER)

        account = SchwabAccount(account=PAPER, number=NUMBER, instruments=(coin(WHOLE.lot),))
        venue = SchwabVenue(SchwabLine(http, login, clock), clock, account=account, books=books)
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
        self.lives.append(self.loop.create_task(_living(engine, (http, for_tokens)), context=inside(name)))

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

    async def _serve(self) -> None:
        runner = self.server.runner()
        await runner.setup()
        await web.TCPSite(runner, HOST, PORT).start()


async def _living(engine: Engine, https: tuple[SessionHttp, ...]) -> str:
    try:
        return await engine.run()
    finally:
        for http in https:
            await http.close()
