"""The conformance cards of Binance, spot and USD-M, over its own protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flatbook.sim.exchange.terms import Market
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import LinkFaults
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AssetId, Underlying
from flatbook.values.instruments import Instrument, Product, TradingRules
from flatbook.venues.binance import markets
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.standing import Ways
from flatbook.venues.binance.stream import FuturesUpdates, SpotUpdates
from flatbook.venues.binance.venue import BinanceAccount, BinanceFuturesVenue, BinanceVenue
from flatbook.venues.http import SessionHttp
from flatbook.venues.rate_budget import RateBudget
from flatbook.venues.websocket import SessionSocket
from tests.conformance.cards import Card, cards_for
from tests.conformance.stage import ACCOUNT, INSTRUMENT, Features, Stage
from tests.exchange import KEY, PERP, SECRET, SPOT, URL, WS_URL, Scene, with_binance


class BinanceBench:
    """The adapter of one market of Binance before the simulated Binance."""

    def __init__(self, at: markets.Market, traded: Market, features: Features) -> None:
        self.name, self._at, self._traded, self.features = at.name, at, traded, features
        self._opened: list[SessionHttp] = []

    def market(self) -> Market:
        return self._traded

    def run(self, talk: Callable[[Scene], Awaitable[Any]], *, link: LinkFaults | None = None) -> Any:
        async def closed_after(scene: Scene) -> Any:
            try:
                return await talk(scene)
            finally:
                await self.close()

        return with_binance(closed_after, link=link)

    async def close(self) -> None:
        """Closes what was opened."""
        while self._opened:
            await self._opened.pop().close()

    def venue(
        self, scene: Scene, *, secret: str | None = None, instruments: tuple[Instrument, ...] = ()
    ) -> BinanceVenue:
        clock = LoopClock(scene.loop)
        key = BinanceKey(clock, lambda: (KEY, SECRET if secret is None else secret))
        http = SessionHttp(URL, clock, connect=SimulatedConnector, authorize=key.headers, sign=key.sign)
        self._opened.append(http)
        line = BinanceLine(http, clock, key, RateBudget(self._at.gauges))
        ways = Ways(market=self._at, line=line, rights=line)
        socket = SessionSocket(WS_URL, clock, connect=SimulatedConnector)
        traded = instruments or (instrument_of(self._at.product, self._traded),)
        account = BinanceAccount(account=ACCOUNT, instruments=traded)
        if self._at.product is Product.SPOT:
            return BinanceVenue(ways, clock, account=account, updates=SpotUpdates(socket, line))
        return BinanceFuturesVenue(ways, clock, account=account, updates=FuturesUpdates(socket, line, clock))


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


BENCHES = {
    "usdm": BinanceBench(markets.USD_M, PERP, Features(reduces=True, fee_asset="USDT", forces=True, switch=True)),
    "spot": BinanceBench(markets.SPOT, SPOT, Features(reduces=False, fee_asset="BTC", forces=False)),
}


@pytest.mark.parametrize(
    ("bench", "card"),
    [
        pytest.param(bench, card, id=f"{name}-{card.number:02}")
        for name, bench in BENCHES.items()
        for card in cards_for(bench.features)
    ],
)
def test_a_card_holds(bench: BinanceBench, card: Card) -> None:
    async def talk(scene: Scene) -> int:
        stage = Stage(bench, scene)
        try:
            await card.talk(stage)
        finally:
            await stage.close()
        return card.number

    assert bench.run(talk) == card.number
