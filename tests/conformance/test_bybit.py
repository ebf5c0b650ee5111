"""The conformance cards of Bybit, spot and linear perpetuals, over its own protocol."""

from __future__ import annotations

import pytest

from flatbook.sim.exchange.terms import Market
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.instruments import Product
from flatbook.venues.bybit.pacing import new_budget
from flatbook.venues.bybit.stream import PING, STREAM_PATIENCE, PrivateStream
from flatbook.venues.bybit.venue import BybitAccount, BybitVenue, BybitWay
from flatbook.venues.bybit.wire import Ahead, signer
from flatbook.venues.http import SessionHttp
from flatbook.venues.websocket import SessionSocket
from tests.conformance.cards import Card, cards_of, play
from tests.conformance.stage import ACCOUNT, Bench, Features, instrument_of
from tests.exchange import BYBIT, KEY, SECRET, URL, WS_URL, Scene, with_bybit


class BybitBench(Bench):
    """The adapter of one market of Bybit before the simulated Bybit."""

    def __init__(self, product: Product, traded: Market, features: Features) -> None:
        super().__init__(f"bybit {product.value}", traded, features, with_bybit)
        self._product = product
        topics = ("dcp.spot" if product is Product.SPOT else "dcp.future",)
        self._topics = topics if features.guarded_s is not None else ()

    def venue(self, scene: Scene, *, secret: str | None = None) -> BybitVenue:
        clock, ahead = LoopClock(scene.loop), Ahead()

        def reveal() -> tuple[str, str]:
            return KEY, SECRET if secret is None else secret

        http = self.opened(SessionHttp(URL, clock, connect=SimulatedConnector, sign=signer(reveal, clock, ahead)))
        socket = SessionSocket(WS_URL, clock, connect=SimulatedConnector, patience=STREAM_PATIENCE, beat=PING)
        return BybitVenue(
            BybitWay(http=http, ahead=ahead, budget=new_budget()),
            clock,
            account=BybitAccount(
                account=ACCOUNT,
                user_id="",
                instruments=(instrument_of(self._product, self.market),),
                dead_man_s=self.features.guarded_s,
            ),
            stream=PrivateStream(socket, reveal, clock, topics=self._topics),
        )


SPOT, PERP, *_ = BYBIT.markets
BENCHES = {
    "linear": BybitBench(
        Product.LINEAR_PERP,
        PERP,
        Features(reduces=True, fee_asset="USDT", forces=True, post_only_pushed=True, guarded_s=40),
    ),
    "spot": BybitBench(
        Product.SPOT, SPOT, Features(reduces=False, fee_asset="BTC", forces=False, post_only_pushed=True)
    ),
}


@pytest.mark.parametrize(("bench", "card"), cards_of(BENCHES))
def test_a_card_holds(bench: BybitBench, card: Card) -> None:
    assert play(bench, card) == card.number
