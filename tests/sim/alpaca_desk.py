"""The production engine over the production adapter of Alpaca, against the simulated Alpaca, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import Context, copy_context
from decimal import Decimal
from random import Random

import msgspec
from aiohttp import web

from flatbook.engine.follow import Pace
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.market.quotes import Market, Quote
from flatbook.sim.alpaca.faults import BrokerFaults
from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.loop import PROCESS, VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import CalmLink, LinkFaults
from flatbook.sim.tapes.script import ScriptedBlocks, ScriptedChain
from flatbook.sim.world.process import LoopClock
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.values.ids import SourceId
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.money import Money, Price, Quantity
from flatbook.values.sessions import SessionKind
from flatbook.venues.alpaca.stream import BrokerUpdates
from flatbook.venues.alpaca.venue import ALPACA_CARD, AlpacaAccount, AlpacaVenue
from flatbook.venues.alpaca.wire import broker_api, broker_headers
from flatbook.venues.event_stream import SessionEvents
from flatbook.venues.http import SessionHttp
from tests.desk import CHAIN, COIN, HEDGE, OPEN, PAPER, Setting, coin, desk_of

ACCOUNT_ID = "904837e3-3b76-47ec-b432-046db621571b"
HOST, PORT = "broker-api.example", 443
PRICE = Decimal("250.13")
FEED = SourceId("paper-bars")
PACE = Pace(chain_poll_s=2, order_poll_s=5, idle_poll_s=20, statement_s=60, retry_s=3)
LATENCY_MS = 10
FRACTIONAL = Setting(lot="0.000000001")


class AlpacaDesk:
    """What outlives the processes of a desk: the broker, the chain, time, and the journal's store."""

    def __init__(
        self,
        script: Sequence[ScriptedBlocks],
        *,
        seed: int = 0,
        faults: BrokerFaults | None = None,
        held: str = "10000",
        start: Instant = OPEN,
        hedge: HedgeParams = HEDGE,
    ) -> None:
        self.loop = VirtualLoop(start, order=Random(seed))
        self.link: LinkFaults = CalmLink(latency_ns=LATENCY_MS * NS_PER_MS)
        Switchboard(self.loop, lambda _process, _host: self.link)
        rules = desk_of(msgspec.structs.replace(FRACTIONAL, hedge=hedge), ()).rules
        self.rules = msgspec.structs.replace(rules, cards={PAPER: ALPACA_CARD})
        self.chain = ScriptedChain(CHAIN, script, lambda: self.loop.instant)
        self.store = MemoryStore()
        opening = OpeningAccount(
            account_id=ACCOUNT_ID, cash=Money(Decimal(10_000_000)), holdings={"COIN": Quantity(Decimal(held))}
        )
        terms = AlpacaTerms(
            accounts=(opening,), assets=(Asset(symbol="COIN"),), key="key", secret="word", trading_account=ACCOUNT_ID
        )
        self.server = AlpacaServer(terms, lambda _s, _at: PRICE, now=self.now, rest=self.rest, faults=faults)
        self.hedge = hedge
        self.engines: list[Engine] = []
        self.lives: list[asyncio.Task[str]] = []
        serving = self.loop.create_task(self._serve(), context=_inside("alpaca"))
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
        name = f"desk#{len(self.engines) + 1}"
        clock = LoopClock(self.loop)
        http = SessionHttp(
            f"https://{HOST}", clock, connect=SimulatedConnector, authorize=lambda: broker_headers("key", "word")
        )
        account = AlpacaAccount(
            account=PAPER,
            api=broker_api(ACCOUNT_ID),
            instruments=(coin(FRACTIONAL.lot),),
            extended_hours=SessionKind.LATE in self.hedge.sessions,
        )
        events = SessionEvents(
            f"https://{HOST}", clock, connect=SimulatedConnector, authorize=lambda: broker_headers("key", "word")
        )
        venue = AlpacaVenue(http, clock, account=account, updates=BrokerUpdates(events, ACCOUNT_ID))
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
        self.lives.append(self.loop.create_task(_living(engine, http), context=_inside(name)))

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
            _inside(f"desk#{len(self.engines)}").run(self.engines[-1].observe, COIN, FEED, quote)
        Context().run(self.loop.call_at_instant, later(self.loop.instant, seconds=1), self._quote)

    async def _serve(self) -> None:
        runner = self.server.runner()
        await runner.setup()
        await web.TCPSite(runner, HOST, PORT).start()


async def _living(engine: Engine, http: SessionHttp) -> str:
    try:
        return await engine.run()
    finally:
        await http.close()


def _inside(process: str) -> Context:
    context = copy_context()
    context.run(PROCESS.set, process)
    return context
