"""A world in which the production adapter of Binance trades with the simulated one over faulty connections."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from flatbook.engine.ports import ApprovedOrder, CancelsAll, OrderVenue
from flatbook.engine.reports import (
    Absent,
    Accepted,
    Execution,
    FindAnswer,
    NotSent,
    OrderReport,
    Rejected,
)
from flatbook.events.orders import ForcedBy, OrderStyle
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.injected import InjectedExchange
from flatbook.sim.exchange.orders import BookedOrder, Change
from flatbook.sim.exchange.orders import Execution as Executed
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.http_broker import Ask
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.binance import markets
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.standing import Ways
from flatbook.venues.binance.stream import FuturesUpdates, SpotUpdates
from flatbook.venues.binance.venue import BINANCE_CARD, BinanceAccount, BinanceFuturesVenue, BinanceVenue
from flatbook.venues.http import SessionHttp
from flatbook.venues.rate_budget import RateBudget
from flatbook.venues.websocket import SessionSocket
from tests.desk import OPEN, PAPER
from tests.sim.engine_desk import PRICE
from tests.sim.exchange_desk import ACCOUNT, TERMS, TRADED, coin_at
from tests.sim.faulty_world import FaultyWorld

HOST = "exchange.example"
WORDS = {ForcedBy.LIQUIDATION: "liquidation", ForcedBy.DELEVERAGING: "adl", ForcedBy.SETTLEMENT: "settlement"}
FINDS_MAX = 60
STRENGTHS = {
    "N1": 300, "N2": 300, "N3": 300, "N4": 200, "N5": 300, "N6": 30, "N7": 50, "N8": 50, "N9": 300, "N11": 30,
    "N12": 100, "V5": 200, "V7": 30, "V9": 30, "V11": 2_000, "V16": 300, "V23": 100,
    "T1": 30, "W1": 500, "W2": 300, "W3": 2_000, "W7": 300,
}  # fmt: skip


class WorldVenue(OrderVenue, CancelsAll, Protocol):
    """What a world asks of an adapter."""


class ExchangeWorld(FaultyWorld):
    """One desk at one market of Binance, and what the desk learned. Implements Watcher."""

    venue: WorldVenue
    terms, serving, card, placing = TERMS, staticmethod(binance_server), BINANCE_CARD, "/order"

    def __init__(self, seed: int, product: Product, strengths: dict[str, int] | None = None) -> None:
        super().__init__(seed, STRENGTHS if strengths is None else strengths, start=OPEN)
        self.product = product
        self.market = next(market for market in self.terms.markets if market.kind is TRADED[product].kind)
        faults = InjectedExchange("binance", self.loop, self.injection)
        self.exchange = Exchange(self.terms, now=OPEN, faults=faults)
        self.exchange.watchers.append(self)
        self.truth: list[tuple[str, str, Decimal, Decimal]] = []
        self.server = self.serving(self.exchange, now=self.now, rest=self.rest)
        self.copies = 0
        self.server.arrived = self._arrived
        self.http, self.venue = self.adapter()
        self.asked: list[OrderId] = []
        self.absent: list[OrderId] = []
        self.executions: list[Execution] = []

    def adapter(self) -> tuple[SessionHttp, WorldVenue]:
        """Returns the adapter, and what carries its requests."""
        key = BinanceKey(self.clock, lambda: (ACCOUNT.key, ACCOUNT.secret))
        http = SessionHttp(
            f"https://{HOST}", self.clock, connect=SimulatedConnector, authorize=key.headers, sign=key.sign
        )
        at = markets.SPOT if self.product is Product.SPOT else markets.USD_M
        line = BinanceLine(http, self.clock, key, RateBudget(at.gauges))
        ways = Ways(market=at, line=line, rights=line)
        socket = SessionSocket(f"wss://{HOST}", self.clock, connect=SimulatedConnector)
        account = BinanceAccount(account=PAPER, instruments=(coin_at(self.product),))
        if self.product is Product.SPOT:
            return http, BinanceVenue(ways, self.clock, account=account, updates=SpotUpdates(socket, line))
        updates = FuturesUpdates(socket, line, self.clock)
        return http, BinanceFuturesVenue(ways, self.clock, account=account, updates=updates)

    # What happens at the exchange.

    def _arrived(self, ask: Ask, _host: str, _sent_at: Instant, copy: int) -> None:
        self.copies += copy > 0 and ask.method == "POST" and ask.path.endswith(self.placing)

    def order_changed(self, order: BookedOrder, _change: Change, execution: Executed | None) -> None:
        """Keeps each execution as it truly was."""
        if execution is not None:
            side = "buy" if order.sign > 0 else "sell"
            forced = "" if order.forced is None else order.forced.value
            self.truth.append((forced or order.client_id, side, execution.qty, execution.price))

    def account_changed(self, account: str, wallet: str, why: str, coins: tuple[str, ...], market: str) -> None:
        """Leaves balances to the end."""

    def printed(self, market: object, trade: object) -> None:
        """Leaves prints to others."""

    def depth_changed(self, market: object, first_id: int, last_id: int, levels: object) -> None:
        """Leaves books to others."""

    # What the desk does.

    def run(self, orders: int) -> None:
        """Lets the world run to its end."""
        self.live(self.server, HOST, orders)

    def learn(self, executions: Iterable[Execution]) -> None:
        """Keeps the executions of a page."""
        self.executions += executions

    async def trade(self, orders: int) -> None:
        """Trades, ends the faults, and settles until nothing is open."""
        poller, follower = asyncio.create_task(self.poll()), asyncio.create_task(self.follow())
        stating, moving = asyncio.create_task(self._state()), asyncio.create_task(self._move())
        await asyncio.gather(*(self._live(number) for number in range(orders)))
        self.injection.stop()
        await self.rest(120_000)
        await self.venue.cancel_all()
        await self.rest(60_000)
        self.is_over = True
        await poller
        for task in (follower, stating, moving):
            task.cancel()
        await self.be_stated()
        await self.http.close()
        self.server.close()

    async def _live(self, number: int) -> None:
        """Places one order once, asks for it until its fate is known, and cancels some of them."""
        await self.rest(5_000 + self.chance.randrange(120_000))
        order = self._order(number)
        placed = await self.venue.place(order)
        for _ in range(FINDS_MAX):
            if not isinstance(placed, NotSent):
                break
            await self.rest(3_000)
            placed = await self.venue.place(order)
        self.asked.append(order.order_id)
        if isinstance(placed, Rejected | NotSent):
            return
        venue_order_id = placed.venue_order_id if isinstance(placed, Accepted) else None
        if venue_order_id is None and isinstance(await self._found(order), Absent):
            self.absent.append(order.order_id)
            return
        await self.rest(self.chance.randrange(20_000))
        if self.chance.random() < 0.7:
            await self.venue.cancel(order.order_id, venue_order_id)

    async def _found(self, order: ApprovedOrder) -> FindAnswer:
        """Asks from the fence on until an answer says whether the order is there."""
        fence = self.card.place_timeout_s + self.card.request_window_s + self.card.read_lag_max_s
        await self.rest(fence * 1_000)
        found = await self.venue.find(order.order_id)
        for _ in range(FINDS_MAX):
            if isinstance(found, OrderReport | Absent):
                break
            await self.rest(3_000)
            found = await self.venue.find(order.order_id)
        return found

    def _order(self, number: int) -> ApprovedOrder:
        side = self.chance.choice((Side.BUY, Side.SELL))
        near = PRICE + side.sign * Decimal("0.03")
        style = self.chance.choice((OrderStyle.LIMIT, OrderStyle.IOC, OrderStyle.POST_ONLY))
        limit = PRICE - side.sign * Decimal("0.05") if style is OrderStyle.POST_ONLY else near
        return ApprovedOrder(
            order_id=OrderId(f"fb{number:024}"),
            account=PAPER,
            instrument=coin_at(self.product).id,
            side=side,
            qty=Quantity(Decimal(self.chance.randrange(1, 2_000)).scaleb(-2)),
            limit=Price(limit),
            reduce_only=False,
            style=style,
            attempt=0,
            good_until=later(OPEN, seconds=7_200),
        )

    async def _move(self) -> None:
        """Lets the outside trade and quote anew."""
        while True:
            price = PRICE + Decimal(self.chance.randrange(-3, 4)).scaleb(-2)
            bids, asks = (
                [(price + sign * Decimal("0.02") * each, Decimal(50)) for each in range(1, 6)] for sign in (-1, 1)
            )
            self.exchange.quote(self.market, bids, asks)
            self.exchange.trade_outside(self.market, self.chance.choice((-1, 1)), Decimal(5))
            await self.rest(4_000)

    async def _state(self) -> None:
        """Reads statements, without which nothing is placed."""
        while True:
            await self.venue.statement()
            await self.rest(20_000)

    def told(self) -> list[tuple[str, str, Decimal, Decimal]]:
        """Returns what the desk learned of executions, as the truth is kept."""
        return [
            (
                {"deleveraging": "adl"}.get(each.forced.value, each.forced.value)
                if each.forced
                else str(each.order_id),
                each.side.value,
                each.qty,
                each.price,
            )
            for each in self.executions
        ]

    def per_intent(self) -> Counter[str]:
        """Returns how many orders the exchange has of each client id of ours."""
        return Counter(order.client_id for order in self.exchange.orders.values() if order.forced is None)
