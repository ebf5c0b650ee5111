"""A world in which the production adapter of Alpaca trades with the simulated one over faulty connections."""

from __future__ import annotations

import asyncio
from contextvars import Context, copy_context
from decimal import Decimal
from random import Random

from aiohttp import web

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import Accepted, AccountStatement, Execution, OrderReport, Pushed, Rejected
from flatbook.events.orders import OrderStyle, RejectReason
from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.chance import stream
from flatbook.sim.loop import PROCESS, VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.wire_faults import InjectedBroker, InjectedLink
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying, VenueOrderId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Instrument, Side, TradingRules
from flatbook.values.money import Money, Price, Quantity
from flatbook.venues.alpaca.stream import BrokerUpdates
from flatbook.venues.alpaca.venue import AlpacaAccount, AlpacaVenue
from flatbook.venues.alpaca.wire import broker_api, broker_headers
from flatbook.venues.event_stream import SessionEvents
from flatbook.venues.http import SessionHttp
from tests.desk import readable

ACCOUNT_ID = "904837e3-3b76-47ec-b432-046db621571b"
HOST = "broker-api.example"
MAIN = AccountId("main")
SYMBOLS = ("AAPL", "NVDA")
OPEN = instant_of_text("2026-06-02T14:00:00Z")
ROUNDS_MAX = 400
REST_S = 2

STRENGTHS = {
    "N1": 300, "N2": 300, "N3": 300, "N4": 200, "N5": 300, "N6": 30, "N7": 50, "N8": 50, "N9": 300, "N11": 30,
    "N12": 100, "V1": 3_000, "V5": 200, "V7": 30, "V9": 30, "V11": 2_000, "V12": 300, "V13": 4_000, "V16": 300,
    "V31": 200, "W1": 2_000, "W3": 2_000,
}  # fmt: skip

TERMS = AlpacaTerms(
    accounts=(
        OpeningAccount(
            account_id=ACCOUNT_ID,
            cash=Money(Decimal(1_000_000)),
            holdings={symbol: Quantity(Decimal(1_000)) for symbol in SYMBOLS},
        ),
    ),
    assets=tuple(Asset(symbol=symbol) for symbol in SYMBOLS),
    key="key",
    secret="word",
    trading_account=ACCOUNT_ID,
)


def instrument(symbol: str) -> Instrument:
    return Instrument(
        id=InstrumentId(f"alpaca:{symbol}"),
        account=MAIN,
        symbol=symbol,
        underlying=Underlying(symbol),
        quote=AssetId("USD"),
        rules=TradingRules(
            tick=Decimal("0.01"),
            lot=Decimal("0.000000001"),
            qty_min=Decimal("0.000000001"),
            notional_min=Decimal(1),
            tick_below_one=Decimal("0.0001"),
        ),
    )


def inside(process: str) -> Context:
    context = copy_context()
    context.run(PROCESS.set, process)
    return context


class AlpacaWorld:
    """One desk, one Alpaca, and what the desk learned."""

    def __init__(self, seed: int, strengths: dict[str, int] | None = None) -> None:
        self.chance = stream(str(seed), "desk")
        self.loop = VirtualLoop(OPEN, order=Random(seed))
        self.strikes: list[str] = []
        self.injection = Injection(
            str(seed), STRENGTHS if strengths is None else strengths, lambda fault, _where: self.strikes.append(fault)
        )
        links: dict[str, InjectedLink] = {}

        def link(process: str, host: str) -> InjectedLink:
            name = f"{process}-{host}"
            return links.setdefault(name, InjectedLink(name, str(seed), self.loop, self.injection))

        self.board = Switchboard(self.loop, link)
        self.server = AlpacaServer(
            TERMS,
            self.price,
            now=lambda: self.loop.instant,
            rest=self.rest,
            faults=InjectedBroker("alpaca", self.loop, self.injection),
        )
        self.clock = LoopClock(self.loop)
        self.http = SessionHttp(
            f"https://{HOST}",
            self.clock,
            connect=SimulatedConnector,
            authorize=lambda: broker_headers("key", "word"),
        )
        events = SessionEvents(
            f"https://{HOST}",
            self.clock,
            connect=SimulatedConnector,
            authorize=lambda: broker_headers("key", "word"),
        )
        self.venue = AlpacaVenue(
            self.http,
            self.clock,
            account=AlpacaAccount(
                account=MAIN,
                api=broker_api(ACCOUNT_ID),
                instruments=tuple(instrument(symbol) for symbol in SYMBOLS),
            ),
            updates=BrokerUpdates(events, ACCOUNT_ID),
        )
        self.asked: list[OrderId] = []
        self.executions: list[Execution] = []
        self.pushed: list[Execution] = []
        self.cursor = ""
        self.is_over = False
        self.statement: AccountStatement | None = None

    @property
    def ledger(self) -> Ledger:
        """The truth of the broker."""
        return self.server.front.ledger

    def price(self, symbol: str, at: Instant) -> Decimal:
        """A price that swings by a cent a second over five minutes."""
        second = (at - OPEN) // 1_000_000_000 % 600
        return Decimal(200 if symbol == "AAPL" else 120) + Decimal(min(second, 600 - second)).scaleb(-2)

    async def rest(self, ms: int) -> None:
        """Lets time pass."""
        await self.clock.sleep_until(later(self.loop.instant, ms=ms))

    def run(self, orders: int) -> None:
        """Trades, ends the faults, and settles until nothing is open."""
        self.loop.run_until_complete(self.loop.create_task(self._serve(), context=inside("alpaca/1")))
        desk = self.loop.create_task(self._trade(orders), context=inside("desk/1"))
        self.loop.run_until_complete(desk)
        self.loop.close()

    async def _serve(self) -> None:
        runner = self.server.runner()
        await runner.setup()
        await web.TCPSite(runner, HOST, 443).start()

    async def _trade(self, orders: int) -> None:
        poller, follower = asyncio.create_task(self._poll()), asyncio.create_task(self._follow())
        await asyncio.gather(*(self._live(number) for number in range(orders)))
        self.injection.stop()
        await self.rest(90_000)
        await self._cancel_all()
        await self.rest(90_000)
        self.is_over = True
        await poller
        follower.cancel()
        while not isinstance(self.statement, AccountStatement):
            stated = await self.venue.statement()
            self.statement = stated if isinstance(stated, AccountStatement) else None
        await self.http.close()

    async def _cancel_all(self) -> None:
        for order_id in self.asked:
            await self.venue.cancel(order_id, None)

    async def _live(self, number: int) -> None:
        """Places one order by the law for ids that live for ever, and cancels some of them."""
        await self.rest(self.chance.randrange(240_000))
        order = self._order(number)
        self.asked.append(order.order_id)
        taken_as = await self._settled(order)
        if taken_as is not None and self.chance.random() < 0.8:
            await self.rest(self.chance.randrange(5_000))
            await self.venue.cancel(order.order_id, taken_as)

    async def _settled(self, order: ApprovedOrder) -> VenueOrderId | None:
        """Sends and asks in turns until the venue's word is had. Gives: the venue's id, None when it refused."""
        for _ in range(ROUNDS_MAX):
            placed = await self.venue.place(order)
            if isinstance(placed, Accepted):
                return placed.venue_order_id
            if isinstance(placed, Rejected) and placed.reason not in (
                RejectReason.DUPLICATE_ID,
                RejectReason.RATE_LIMITED,
                RejectReason.OTHER,
            ):
                return None
            await self.rest(6_000)
            found = await self.venue.find(order.order_id)
            if isinstance(found, OrderReport):
                return found.venue_order_id
        return None

    def _order(self, number: int) -> ApprovedOrder:
        side = self.chance.choice((Side.BUY, Side.SELL))
        symbol = "AAPL" if side is Side.BUY else "NVDA"
        price = self.price(symbol, self.loop.instant)
        far = price - 5 if side is Side.BUY else price + 5
        limit = self.chance.choice((None, price, far))
        qty = Decimal(self.chance.randrange(1, 400)) * self.chance.choice((Decimal(1), Decimal("0.05")))
        return ApprovedOrder(
            order_id=OrderId(f"o{number}"),
            account=MAIN,
            instrument=InstrumentId(f"alpaca:{symbol}"),
            side=side,
            qty=Quantity(qty),
            limit=None if limit is None else Price(limit),
            reduce_only=False,
            style=OrderStyle.LIMIT,
            attempt=0,
            good_until=later(OPEN, seconds=3_600),
        )

    async def _follow(self) -> None:
        """Takes what is pushed, and listens again a while after a stream ended."""

        def take(pushed: Pushed) -> None:
            self.pushed += list(pushed.executions) if isinstance(pushed, OrderReport) else [pushed]

        while await self.venue.watch(take):
            await self.rest(REST_S * 1_000)

    async def _poll(self) -> None:
        """Reads executions page after page until the world is over and nothing new comes."""
        while True:
            is_last = self.is_over
            page = await self.venue.executions_since(self.cursor)
            if isinstance(page, tuple):
                self.executions += readable(page[0])
                self.cursor = page[1]
                if is_last and not page[0]:
                    return
            await self.rest(REST_S * 1_000)
