"""What the worlds of single venues have in common: a desk's adapter and a simulated venue over faulty connections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from decimal import Decimal
from random import Random

from aiohttp import web

from flatbook.engine.ports import OrderVenue
from flatbook.engine.reports import AccountStatement, Execution, OrderReport, Pushed
from flatbook.sim.chance import stream
from flatbook.sim.loop import VirtualLoop, inside
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.wire_faults import InjectedLink
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AccountId, AssetId, InstrumentId, Underlying
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text, later
from flatbook.values.instruments import Instrument, TradingRules
from tests.desk import readable
from tests.sim.engine_desk import Served

MAIN = AccountId("main")
SYMBOLS = ("AAPL", "NVDA")
SESSION = instant_of_text("2026-06-02T14:00:00Z")
PORT = 443
REST_S = 2


def share(broker: str, symbol: str, lot: Decimal) -> Instrument:
    """Returns a share as it is traded at a broker."""
    return Instrument(
        id=InstrumentId(f"{broker}:{symbol}"),
        account=MAIN,
        symbol=symbol,
        underlying=Underlying(symbol),
        quote=AssetId("USD"),
        rules=TradingRules(
            tick=Decimal("0.01"),
            lot=lot,
            qty_min=lot,
            notional_min=Decimal(1),
            tick_below_one=Decimal("0.0001"),
        ),
    )


def swinging_price(symbol: str, at: Instant) -> Decimal:
    """Returns a price that swings by a cent a second over five minutes."""
    second = (at - SESSION) // NS_PER_S % 600
    return Decimal(200 if symbol == "AAPL" else 120) + Decimal(min(second, 600 - second)).scaleb(-2)


class FaultyWorld(ABC):
    """One desk, one venue, and what the desk learned. `strengths` say how often each fault strikes."""

    venue: OrderVenue

    def __init__(self, seed: int, strengths: dict[str, int], *, start: Instant) -> None:
        self.chance = stream(str(seed), "desk")
        self.loop = VirtualLoop(start, order=Random(seed))
        self.strikes: list[str] = []
        self.injection = Injection(str(seed), strengths, lambda fault, _where: self.strikes.append(fault))
        self._seed = str(seed)
        self._links: dict[str, InjectedLink] = {}
        Switchboard(self.loop, self._link)
        self.clock = LoopClock(self.loop)
        self.pushed: list[Execution] = []
        self.cursor, self.is_over = "", False
        self.statement: AccountStatement | None = None

    def _link(self, process: str, host: str) -> InjectedLink:
        name = f"{process}-{host}"
        return self._links.setdefault(name, InjectedLink(name, self._seed, self.loop, self.injection))

    @abstractmethod
    async def trade(self, orders: int) -> None:
        """Trades, ends the faults, and settles until nothing is open."""

    @abstractmethod
    def learn(self, executions: Iterable[Execution]) -> None:
        """Takes the executions of a page."""

    def now(self) -> Instant:
        """Returns the true time."""
        return self.loop.instant

    async def rest(self, ms: int) -> None:
        """Lets time pass."""
        await self.clock.sleep_until(later(self.loop.instant, ms=ms))

    def live(self, server: Served, host: str, orders: int) -> None:
        """Opens the venue, and lets the desk trade until all is over."""

        async def serving() -> None:
            runner = server.runner()
            await runner.setup()
            await web.TCPSite(runner, host, PORT).start()

        self.loop.run_until_complete(self.loop.create_task(serving(), context=inside("venue/1")))
        self.loop.run_until_complete(self.loop.create_task(self.trade(orders), context=inside("desk/1")))
        self.loop.close()

    async def be_stated(self) -> None:
        """Asks until the account has been stated."""
        self.statement = None
        while not isinstance(self.statement, AccountStatement):
            stated = await self.venue.statement()
            self.statement = stated if isinstance(stated, AccountStatement) else None
            await self.rest(1_000)

    async def follow(self) -> None:
        """Takes what is pushed, and listens again a while after a stream ended."""

        def take(pushed: Pushed) -> None:
            self.pushed += list(pushed.executions) if isinstance(pushed, OrderReport) else [pushed]

        while await self.venue.watch(take):
            await self.rest(REST_S * 1_000)

    async def poll(self) -> None:
        """Reads executions page after page until the world is over and nothing new comes."""
        while True:
            is_last = self.is_over
            page = await self.venue.executions_since(self.cursor)
            if isinstance(page, tuple):
                self.learn(readable(page[0]))
                self.cursor = page[1]
                if is_last and not page[0]:
                    return
            await self.rest(REST_S * 1_000)
