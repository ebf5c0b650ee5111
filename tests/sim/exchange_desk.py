"""The production engine over the production adapter of Binance, against the simulated Binance, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import Context
from decimal import Decimal
from random import Random

import msgspec
from aiohttp import web

from flatbook.engine.follow import Pace
from flatbook.engine.ports import OrderVenue
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.market.quotes import Market as Prices
from flatbook.market.quotes import Quote
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.faults import ScriptedExchange
from flatbook.sim.exchange.injected import InjectedExchange
from flatbook.sim.exchange.terms import ExchangeTerms, Kind, Market, OpeningAccount
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import CalmLink, LinkFaults
from flatbook.sim.network.wire_faults import InjectedLink
from flatbook.sim.tapes.script import ScriptedBlocks, ScriptedChain
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AssetId, InstrumentId
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.instruments import Instrument, Product, TradingRules
from flatbook.values.money import Price
from flatbook.venues.binance import markets
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.standing import Ways
from flatbook.venues.binance.stream import FuturesUpdates, SpotUpdates
from flatbook.venues.binance.venue import BINANCE_CARD, BinanceAccount, BinanceFuturesVenue, BinanceVenue
from flatbook.venues.http import SessionHttp
from flatbook.venues.rate_budget import RateBudget
from flatbook.venues.websocket import SessionSocket
from tests.desk import CHAIN, COIN, HEDGE, OPEN, PAPER, Setting, desk_of
from tests.sim.alpaca_world import inside
from tests.sim.broker_desk import FEED

HOST, PORT = "exchange.example", 443
USDT = AssetId("USDT")
PRICE = Decimal("250.13")
LATENCY_MS = 10
PACE = Pace(chain_poll_s=2, order_poll_s=5, idle_poll_s=20, statement_s=60, retry_s=3)
D = Decimal
TRADED = {
    Product.LINEAR_PERP: Market(
        kind=Kind.PERP, symbol="COINUSDT", coin="COIN", quote="USDT", tick=D("0.01"), lot=D("0.01"), qty_min=D("0.01")
    ),
    Product.SPOT: Market(
        kind=Kind.SPOT, symbol="COINUSDT", coin="COIN", quote="USDT", tick=D("0.01"), lot=D("0.01"), qty_min=D("0.01")
    ),
}
ACCOUNT = OpeningAccount(
    name="main",
    key="key",
    secret="word",
    spot={"USDT": D(1_000_000), "COIN": D(1_000)},
    margin={"USDT": D(1_000_000)},
)
TERMS = ExchangeTerms(
    markets=tuple(TRADED.values()),
    accounts=(ACCOUNT,),
    forced_ids={"liquidation": "autoclose-", "adl": "adl_autoclose", "settlement": "settlement_autoclose-"},
)


def coin_at(product: Product) -> Instrument:
    """Returns the share as it is traded at the exchange."""
    market = TRADED[product]
    return Instrument(
        id=InstrumentId("COIN/USDT"),
        account=PAPER,
        symbol=market.symbol,
        underlying=COIN,
        quote=USDT,
        product=product,
        rules=TradingRules(tick=market.tick, lot=market.lot, qty_min=market.qty_min, notional_min=market.notional_min),
    )


class ExchangeDesk:
    """What outlives the processes of a desk: the exchange, the chain, time, and the journal's store."""

    terms, serving, card = TERMS, staticmethod(binance_server), BINANCE_CARD

    def __init__(
        self,
        script: Sequence[ScriptedBlocks],
        product: Product,
        *,
        seed: int = 0,
        strengths: dict[str, int] | None = None,
    ) -> None:
        self.loop = VirtualLoop(OPEN, order=Random(seed))
        self.strikes: list[str] = []
        self._seed, self._is_calm = str(seed), strengths is None
        self.injection = Injection(self._seed, strengths or {}, lambda fault, _where: self.strikes.append(fault))
        self._links: dict[str, LinkFaults] = {}
        Switchboard(self.loop, self._link)
        self.product, self.instrument = product, coin_at(product)
        rules = desk_of(Setting(hedge=msgspec.structs.replace(HEDGE, shorting=product is not Product.SPOT)), ()).rules
        ((key, hedge),) = rules.hedges.items()
        self.rules = msgspec.structs.replace(
            rules,
            hedges={key: msgspec.structs.replace(hedge, instrument=self.instrument)},
            instruments={self.instrument.id: self.instrument},
            cards={PAPER: self.card},
            marks={**rules.marks, USDT: Price(D(1))},
        )
        self.chain = ScriptedChain(CHAIN, script, lambda: self.loop.instant)
        self.store = MemoryStore()
        self.faults = ScriptedExchange()
        injected = InjectedExchange("binance", self.loop, self.injection)
        self.exchange = Exchange(self.terms, now=OPEN, faults=self.faults if strengths is None else injected)
        self.market = next(market for market in self.terms.markets if market.kind is TRADED[product].kind)
        for market in self.terms.markets:
            bids, asks = ([(PRICE + sign * D("0.01") * each, D(500)) for each in range(1, 6)] for sign in (-1, 1))
            self.exchange.quote(market, bids, asks)
        self.server = self.serving(self.exchange, now=lambda: self.loop.instant, rest=self.rest)
        self.engines: list[Engine] = []
        self.venues: list[OrderVenue] = []
        self.lives: list[asyncio.Task[str]] = []
        self.loop.run_until_complete(self.loop.create_task(self._serve(), context=inside("binance")))
        self._quote()

    def _link(self, process: str, host: str) -> LinkFaults:
        """Returns the way between two: a calm one where no faults are wanted."""
        name = f"{process}-{host}"
        if self._is_calm:
            return self._links.setdefault(name, CalmLink(latency_ns=LATENCY_MS * NS_PER_MS))
        return self._links.setdefault(name, InjectedLink(name, self._seed, self.loop, self.injection))

    async def rest(self, ms: int) -> None:
        """Lets time pass."""
        await LoopClock(self.loop).sleep_until(later(self.loop.instant, ms=ms))

    def begin(self) -> None:
        """Starts a process over the journal's store."""
        name, clock = f"desk#{len(self.engines) + 1}", LoopClock(self.loop)
        http, venue = self.adapter(clock)
        engine = Engine(
            Parts(
                journal=MemoryJournal(self.store),
                venues={PAPER: venue},
                sources=(self.chain,),
                clock=clock,
                rules=self.rules,
                market=Prices(),
                pace=PACE,
                mode=Mode.PAPER,
                version="simulated",
            )
        )
        self.engines.append(engine)
        self.venues.append(venue)
        self.lives.append(self.loop.create_task(_living(engine, http), context=inside(name)))

    def adapter(self, clock: LoopClock) -> tuple[SessionHttp, OrderVenue]:
        """Returns the production adapter of a process, and what carries its requests."""
        key = BinanceKey(clock, lambda: (ACCOUNT.key, ACCOUNT.secret))
        http = SessionHttp(f"https://{HOST}", clock, connect=SimulatedConnector, authorize=key.headers, sign=key.sign)
        at = markets.SPOT if self.product is Product.SPOT else markets.USD_M
        line = BinanceLine(http, clock, key, RateBudget(at.gauges))
        ways = Ways(market=at, line=line, rights=line)
        socket = SessionSocket(f"wss://{HOST}", clock, connect=SimulatedConnector)
        account = BinanceAccount(account=PAPER, instruments=(self.instrument,))
        if self.product is Product.SPOT:
            return http, BinanceVenue(ways, clock, account=account, updates=SpotUpdates(socket, line))
        return http, BinanceFuturesVenue(ways, clock, account=account, updates=FuturesUpdates(socket, line, clock))

    def kill(self) -> None:
        """Ends the process as a lost machine does."""
        self.loop.kill(f"desk#{len(self.engines)}")

    def advance(self, *, seconds: int = 0, ms: int = 0) -> None:
        """Lets the world run."""
        self.loop.advance(later(self.loop.instant, seconds=seconds, ms=ms))

    def close(self) -> None:
        """Lets go of what the processes left behind."""
        self.server.close()
        self.loop.close()

    def events(self) -> tuple[Event, ...]:
        """Returns all events of the journal."""
        return tuple(event for row in MemoryJournal(self.store).read() for event in row.events)

    def opened(self) -> Decimal:
        """Returns what the account held when it was opened."""
        return ACCOUNT.spot["COIN"] if self.product is Product.SPOT else D(0)

    def position(self) -> Decimal:
        """Returns what the exchange holds for the account beyond what it opened with."""
        account = self.exchange.accounts["main"]
        if self.product is Product.SPOT:
            return account.wallet(self.market).total("COIN") - self.opened()
        return account.position(self.market).qty

    def _quote(self) -> None:
        """Tells the newest engine the price, every second."""
        if self.engines:
            quote = Quote(price=Price(PRICE), happened_at=self.loop.instant, seen_at=self.loop.instant)
            inside(f"desk#{len(self.engines)}").run(self.engines[-1].observe, COIN, FEED, quote)
        Context().run(self.loop.call_at_instant, self._next_second(), self._quote)

    def _next_second(self) -> Instant:
        return later(self.loop.instant, seconds=1)

    async def _serve(self) -> None:
        runner = self.server.runner()
        await runner.setup()
        await web.TCPSite(runner, HOST, PORT).start()


async def _living(engine: Engine, http: SessionHttp) -> str:
    try:
        return await engine.run()
    finally:
        await http.close()
