"""The books and trades that a life of a simulated desk watches at its exchange, by the production streams."""

from __future__ import annotations

import asyncio
from contextvars import Context

from flatbook.engine.observe import Observations
from flatbook.engine.ports import Clock
from flatbook.engine.rules import Rules
from flatbook.market.quotes import Market
from flatbook.ops.config_accounts import (
    BinanceAccount,
    BinanceMarket,
    BybitAccount,
    Environment,
    ExchangeAccount,
    Shorting,
)
from flatbook.services.live_books import LiveBooks, seen_of
from flatbook.services.market_feeds import feeds_of
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.runs.scenario import Broker, Scenario
from flatbook.sim.world.seat import instrument_of
from flatbook.sim.world.wire_exchange import HOST
from flatbook.values.instruments import Product


class Watching:
    """What one life sees of its market; nothing in a world without streams."""

    def __init__(self, scenario: Scenario, rules: Rules, clock: Clock) -> None:
        self._books: LiveBooks | None = None
        self.market = Market()
        if scenario.shape.grid is None:
            return
        instrument = instrument_of(scenario)
        feeds = feeds_of(_account(scenario, instrument.product), instrument.product)
        assert feeds is not None, "both exchanges tell their books"
        self._books = LiveBooks(clock, SimulatedConnector)
        self._books.add(feeds, {instrument.symbol: seen_of(instrument, by_monitors=bool(rules.monitors))})
        self._observations = Observations(rules, self._books.books)
        self.market = Market(self._observations)

    async def close(self) -> None:
        """Lets go of what was opened, after the end of the world."""
        if self._books is not None:
            await self._books.close()

    def begin(self, loop: VirtualLoop, context: Context, running: asyncio.Task[str]) -> None:
        """Follows the streams while an engine runs."""
        if self._books is None:
            return
        works = self._books.follow(self._observations, self.market.candles)
        following = [context.run(loop.create_task, work) for work in works]
        running.add_done_callback(lambda _ended: [task.cancel() for task in following])


def _account(scenario: Scenario, product: Product) -> ExchangeAccount:
    """Returns the account whose public streams are those of the simulated exchange."""
    url = f"https://{HOST}"
    if scenario.shape.broker is Broker.BYBIT:
        return BybitAccount(
            environment=Environment.SANDBOX,
            user_id="",
            key="key",
            secret="word",
            shorting=Shorting.WHOLE_SHARES,
            base_url=url,
        )
    market = BinanceMarket.SPOT if product is Product.SPOT else BinanceMarket.USD_M
    return BinanceAccount(
        market=market,
        environment=Environment.SANDBOX,
        key="key",
        secret="word",
        shorting=Shorting.WHOLE_SHARES,
        base_url=url,
    )
