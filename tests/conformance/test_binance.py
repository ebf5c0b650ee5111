"""The conformance cards of Binance, spot and USD-M, over its own protocol."""

from __future__ import annotations

import pytest

from flatbook.sim.exchange.terms import Market
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.instruments import Instrument, Product
from flatbook.venues.binance import markets
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.standing import Ways
from flatbook.venues.binance.stream import FuturesUpdates, SpotUpdates
from flatbook.venues.binance.venue import BinanceAccount, BinanceFuturesVenue, BinanceVenue
from flatbook.venues.http import SessionHttp
from flatbook.venues.rate_budget import RateBudget
from flatbook.venues.websocket import SessionSocket
from tests.conformance.cards import Card, cards_of, play
from tests.conformance.stage import ACCOUNT, Bench, Features, instrument_of
from tests.exchange import KEY, PERP, SECRET, SPOT, URL, WS_URL, Scene, with_binance


class BinanceBench(Bench):
    """The adapter of one market of Binance before the simulated Binance."""

    def __init__(self, at: markets.Market, traded: Market, features: Features) -> None:
        super().__init__(at.name, traded, features, with_binance)
        self._at = at

    def venue(
        self, scene: Scene, *, secret: str | None = None, instruments: tuple[Instrument, ...] = ()
    ) -> BinanceVenue:
        clock = LoopClock(scene.loop)
        key = BinanceKey(clock, lambda: (KEY, SECRET if secret is None else secret))
        http = self.opened(SessionHttp(URL, clock, connect=SimulatedConnector, authorize=key.headers, sign=key.sign))
        line = BinanceLine(http, clock, key, RateBudget(self._at.gauges))
        ways = Ways(market=self._at, line=line, rights=line)
        socket = SessionSocket(WS_URL, clock, connect=SimulatedConnector)
        traded = instruments or (instrument_of(self._at.product, self.market),)
        account = BinanceAccount(account=ACCOUNT, instruments=traded)
        if self._at.product is Product.SPOT:
            return BinanceVenue(ways, clock, account=account, updates=SpotUpdates(socket, line))
        return BinanceFuturesVenue(ways, clock, account=account, updates=FuturesUpdates(socket, line, clock))


BENCHES = {
    "usdm": BinanceBench(markets.USD_M, PERP, Features(reduces=True, fee_asset="USDT", forces=True, switch=True)),
    "spot": BinanceBench(markets.SPOT, SPOT, Features(reduces=False, fee_asset="BTC", forces=False)),
}


@pytest.mark.parametrize(("bench", "card"), cards_of(BENCHES))
def test_a_card_holds(bench: BinanceBench, card: Card) -> None:
    assert play(bench, card) == card.number
