"""A world in which the production adapter of Alpaca trades with the simulated one over faulty connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import Accepted, Execution, OrderReport, Rejected
from flatbook.events.orders import OrderStyle, RejectReason
from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.wire_faults import InjectedBroker
from flatbook.values.ids import InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity
from flatbook.venues.alpaca.stream import BrokerUpdates
from flatbook.venues.alpaca.venue import AlpacaAccount, AlpacaVenue
from flatbook.venues.alpaca.wire import broker_api, broker_headers
from flatbook.venues.event_stream import SessionEvents
from flatbook.venues.http import SessionHttp
from tests.sim.faulty_world import MAIN, SESSION, SYMBOLS, FaultyWorld, share, swinging_price

ACCOUNT_ID = "904837e3-3b76-47ec-b432-046db621571b"
HOST = "broker-api.example"
ROUNDS_MAX = 400
LOT = Decimal("0.000000001")

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


class AlpacaWorld(FaultyWorld):
    """One desk, one Alpaca, and what the desk learned."""

    def __init__(self, seed: int, strengths: dict[str, int] | None = None) -> None:
        super().__init__(seed, STRENGTHS if strengths is None else strengths, start=SESSION)
        self.server = AlpacaServer(
            TERMS,
            swinging_price,
            now=self.now,
            rest=self.rest,
            faults=InjectedBroker("alpaca", self.loop, self.injection),
        )
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
                instruments=tuple(share("alpaca", symbol, LOT) for symbol in SYMBOLS),
            ),
            updates=BrokerUpdates(events, ACCOUNT_ID),
        )
        self.asked: list[OrderId] = []
        self.executions: list[Execution] = []

    @property
    def ledger(self) -> Ledger:
        """The truth of the broker."""
        return self.server.front.ledger

    def run(self, orders: int) -> None:
        """Lets the world run to its end."""
        self.live(self.server, HOST, orders)

    def learn(self, executions: Iterable[Execution]) -> None:
        """Keeps the executions of a page."""
        self.executions += executions

    async def trade(self, orders: int) -> None:
        """Trades, ends the faults, and settles until nothing is open."""
        poller, follower = asyncio.create_task(self.poll()), asyncio.create_task(self.follow())
        await asyncio.gather(*(self._live(number) for number in range(orders)))
        self.injection.stop()
        await self.rest(90_000)
        await self._cancel_all()
        await self.rest(90_000)
        self.is_over = True
        await poller
        follower.cancel()
        await self.be_stated()
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
        price = swinging_price(symbol, self.now())
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
            good_until=later(SESSION, seconds=3_600),
        )
