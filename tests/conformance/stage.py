"""What a conformance card stands on: an adapter, the exchange behind it, and what the adapter delivered.

A venue adds a `Bench`: how its adapter is made over connections in memory to a simulated exchange that speaks the
venue's own protocol. The cards know no venue. Prices are those of the books of tests/exchange.py: BTC at 50,000 with
outside liquidity of 1 on each of five levels a side.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.ports import ApprovedOrder, OrderVenue
from flatbook.engine.reports import AccountStatement, Execution, OrderReport, PlaceAnswer, Pushed
from flatbook.events.orders import OrderStyle
from flatbook.sim.exchange.terms import Market
from flatbook.sim.network.link import LinkFaults
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying
from flatbook.values.instants import later
from flatbook.values.instruments import Instrument, Product, Side, TradingRules
from flatbook.values.money import Price, Quantity
from flatbook.venues.http import SessionHttp
from tests.exchange import Scene

ACCOUNT = AccountId("exchange")
INSTRUMENT = InstrumentId("BTC-AT-EXCHANGE")
LASTS_S = 600
OURS = OrderId("fbaaaaaaaaaaaaaaaaaaaaaaaa")
NEXT = OrderId("fbbbbbbbbbbbbbbbbbbbbbbbbb")
THIRD = OrderId("fbcccccccccccccccccccccccc")
NEVER = OrderId("fbzzzzzzzzzzzzzzzzzzzzzzzz")


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue has and how it does it, as far as cards differ by it.

    `fee_asset` is what a buy is charged in. `pushes`: it has a stream. `post_only_pushed`: a post-only order that would
    take is accepted and ended by the venue, which tells it afterwards. `switch`: a dead man's switch that a countdown
    works. `guarded_s`: after how many seconds without our stream the venue cancels, None where no stream does that.
    """

    reduces: bool
    fee_asset: str
    forces: bool
    pushes: bool = True
    post_only_pushed: bool = False
    switch: bool = False
    guarded_s: int | None = None
    duplicate_refused: bool = True


class Bench(ABC):
    """How an adapter of one market of a venue is put before its simulated exchange, which `serving` talks with."""

    def __init__(self, name: str, market: Market, features: Features, serving: Callable[..., Any]) -> None:
        self.name, self.market, self.features = name, market, features
        self._serving = serving
        self._opened: list[SessionHttp] = []

    @abstractmethod
    def venue(self, scene: Scene, *, secret: str | None = None) -> OrderVenue:
        """Returns the adapter of the account `main`, with another secret where one is given."""

    def opened(self, http: SessionHttp) -> SessionHttp:
        """Returns a way to the exchange that is closed when its talk is over."""
        self._opened.append(http)
        return http

    async def close(self) -> None:
        """Closes what was opened."""
        while self._opened:
            await self._opened.pop().close()

    def run(self, talk: Callable[[Scene], Awaitable[Any]], *, link: LinkFaults | None = None) -> Any:
        """Runs a talk in virtual time with the exchange served."""

        async def closed_after(scene: Scene) -> Any:
            try:
                return await talk(scene)
            finally:
                await self.close()

        return self._serving(closed_after, link=link)


def instrument_of(product: Product, market: Market) -> Instrument:
    """Returns the instrument that the cards trade, on the grid of its market."""
    return Instrument(
        id=INSTRUMENT,
        account=ACCOUNT,
        symbol=market.symbol,
        underlying=Underlying(market.coin),
        quote=AssetId(market.quote),
        product=product,
        rules=TradingRules(tick=market.tick, lot=market.lot, qty_min=market.qty_min, notional_min=market.notional_min),
    )


class Stage:
    """One card under way."""

    def __init__(self, bench: Bench, scene: Scene) -> None:
        self.bench, self.scene, self.exchange, self.faults = bench, scene, scene.exchange, scene.faults
        self.market = bench.market
        self.venue = bench.venue(scene)
        self.pushed: list[Pushed] = []
        self._listening: list[asyncio.Task[None]] = []

    async def open(self) -> AccountStatement:
        """Reads the first statement, without which nothing is placed."""
        statement = await self.venue.statement()
        assert isinstance(statement, AccountStatement), statement
        return statement

    def listen(self) -> None:
        """Listens as the engine does, until the card ends: again whenever the stream ended."""

        async def for_ever() -> None:
            while await self.venue.watch(self.pushed.append):
                await self.scene.pass_ms(1_000)

        self._listening.append(asyncio.create_task(for_ever()))

    async def close(self) -> None:
        """Ends what still listens."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)

    def order(
        self,
        side: Side,
        qty: str,
        limit: str | None,
        style: OrderStyle = OrderStyle.LIMIT,
        *,
        order_id: OrderId = OURS,
        reduce_only: bool = False,
    ) -> ApprovedOrder:
        """Returns an order of the instrument that the cards trade."""
        return ApprovedOrder(
            order_id=order_id,
            account=ACCOUNT,
            instrument=INSTRUMENT,
            side=side,
            qty=Quantity(Decimal(qty)),
            limit=None if limit is None else Price(Decimal(limit)),
            reduce_only=reduce_only,
            style=style,
            attempt=0,
            good_until=later(self.scene.now(), seconds=LASTS_S),
        )

    async def place(self, side: Side, qty: str, limit: str | None, *style: OrderStyle, **more: Any) -> PlaceAnswer:
        """Places an order."""
        return await self.venue.place(self.order(side, qty, limit, *style, **more))

    def truth(self) -> list[tuple[str, str]]:
        """Returns client id and state of all orders that the exchange has of the account."""
        return [(each.client_id, each.status.value) for each in self.exchange.orders.values() if each.account == "main"]

    def pushed_executions(self) -> list[Execution]:
        """Returns all executions that were pushed, in the order of their coming."""
        found: list[Execution] = []
        for each in self.pushed:
            if isinstance(each, Execution):
                found.append(each)
            elif isinstance(each, OrderReport):
                found += each.executions
        return found


async def executions(venue: OrderVenue, cursor: str = "") -> list[Any]:
    """Returns all that polls of executions tell after a cursor."""
    found: list[Any] = []
    for _ in range(10):
        page = await venue.executions_since(cursor)
        assert isinstance(page, tuple), page
        lines, after = page
        found += lines
        if not lines or after == cursor:
            return found
        cursor = after
    raise AssertionError("pages without end")
