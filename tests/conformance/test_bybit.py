"""The conformance cards of Bybit, spot and linear perpetuals, over its own protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flatbook.sim.exchange.terms import Market
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import LinkFaults
from flatbook.sim.world.process import LoopClock
from flatbook.values.instruments import Product
from flatbook.venues.bybit.pacing import new_budget
from flatbook.venues.bybit.stream import PING, STREAM_PATIENCE, PrivateStream
from flatbook.venues.bybit.venue import BybitAccount, BybitVenue, BybitWay
from flatbook.venues.bybit.wire import Ahead, signer
from flatbook.venues.http import SessionHttp
from flatbook.venues.websocket import SessionSocket
from tests.conformance.cards import Card, cards_for
from tests.conformance.stage import ACCOUNT, Features, Stage
from tests.conformance.test_binance import instrument_of
from tests.exchange import BYBIT, KEY, SECRET, URL, WS_URL, Scene, with_bybit


class BybitBench:
    """The adapter of one market of Bybit before the simulated Bybit."""

    def __init__(self, product: Product, traded: Market, features: Features) -> None:
        self.name, self._product, self._traded, self.features = f"bybit {product.value}", product, traded, features
        self._opened: list[SessionHttp] = []

    def market(self) -> Market:
        return self._traded

    def run(self, talk: Callable[[Scene], Awaitable[Any]], *, link: LinkFaults | None = None) -> Any:
        async def closed_after(scene: Scene) -> Any:
            try:
                return await talk(scene)
            finally:
                while self._opened:
                    await self._opened.pop().close()

        return with_bybit(closed_after, link=link)

    def venue(self, scene: Scene, *, secret: str | None = None) -> BybitVenue:
        clock, ahead = LoopClock(scene.loop), Ahead()

        def reveal() -> tuple[str, str]:
            return KEY, SECRET if secret is None else secret

        http = SessionHttp(URL, clock, connect=SimulatedConnector, sign=signer(reveal, clock, ahead))
        self._opened.append(http)
        socket = SessionSocket(WS_URL, clock, connect=SimulatedConnector, patience=STREAM_PATIENCE, beat=PING)
        return BybitVenue(
            BybitWay(http=http, ahead=ahead, budget=new_budget()),
            clock,
            account=BybitAccount(
                account=ACCOUNT, user_id="", instruments=(instrument_of(self._product, self._traded),)
            ),
            stream=PrivateStream(socket, reveal, clock),
        )


SPOT, PERP, *_ = BYBIT.markets
BENCHES = {
    "linear": BybitBench(
        Product.LINEAR_PERP, PERP, Features(reduces=True, fee_asset="USDT", forces=True, post_only_pushed=True)
    ),
    "spot": BybitBench(
        Product.SPOT, SPOT, Features(reduces=False, fee_asset="BTC", forces=False, post_only_pushed=True)
    ),
}


@pytest.mark.parametrize(
    ("bench", "card"),
    [
        pytest.param(bench, card, id=f"{name}-{card.number:02}")
        for name, bench in BENCHES.items()
        for card in cards_for(bench.features)
    ],
)
def test_a_card_holds(bench: BybitBench, card: Card) -> None:
    async def talk(scene: Scene) -> int:
        stage = Stage(bench, scene)
        try:
            await card.talk(stage)
        finally:
            await stage.close()
        return card.number

    assert bench.run(talk) == card.number
