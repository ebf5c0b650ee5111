"""Monitors begin with the newest candles of their venue, at both simulated exchanges and over answers that fail."""

from __future__ import annotations

from typing import Any

import pytest

from flatbook.market.candles import Candles
from flatbook.ops.config_accounts import BinanceMarket, Environment
from flatbook.risk.monitor import MonitorRules, Policy
from flatbook.services.live_candles import past_candles_of, warm_one, warming
from flatbook.sim.alpaca.faults import Spoiling
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AccountId, OwnerId
from flatbook.values.instruments import Product
from flatbook.venues.binance.candles import read_candles as binance_read
from flatbook.venues.bybit.candles import read_candles as bybit_read
from tests.exchange import PERP, URL, Scene, levels, with_binance, with_bybit
from tests.unit.services.test_live_books import account, bybit
from tests.unit.venues.binance.sample import PERP as BTC
from tests.unit.venues.binance.sample import instrument

MONITOR = MonitorRules(
    instruments=(BTC,),
    owners=(OwnerId("maker"),),
    accounts=(AccountId("perps"),),
    interval_s=60,
    window=2,
    volume_multiple=3.0,
    calm_multiple=2.0,
    calm_s=60,
    policy=Policy.ANY,
    recovery=1,
    missing_s=120,
)
AT_BINANCE = account(BinanceMarket.USD_M, Environment.SANDBOX, URL)
AT_BYBIT = bybit(Environment.SANDBOX, URL)


@pytest.mark.parametrize(("section", "at"), [(AT_BINANCE, with_binance), (AT_BYBIT, with_bybit)])
def test_candles_of_a_venue_are_there_after_one_answer(section: Any, at: Any) -> None:
    async def talk(scene: Scene) -> None:
        candles, clock = Candles(), LoopClock(scene.loop)
        candles.watch("majors", MONITOR.watch)
        scene.faults.say("spoils", Spoiling.GARBLED, times=1)
        for _ in range(4):
            scene.exchange.advance(scene.now())
            scene.exchange.quote(PERP, levels("50000 x 5"), levels("50010 x 5"))
            scene.exchange.trade_outside(PERP, 1, PERP.lot)
            await scene.pass_ms(60_000)
        past = past_candles_of(section, Product.LINEAR_PERP)
        assert past is not None
        await warm_one(past, MONITOR, instrument(Product.LINEAR_PERP), candles, (clock, SimulatedConnector))
        sight = candles.sight("majors", BTC, clock.now())
        assert sight is not None
        assert (sight.is_full, sight.mean_close) == (True, 50010.0)

    at(talk)


def test_what_is_not_known_yet_is_told_with_how_long_it_takes() -> None:
    candles = Candles()
    candles.watch("majors", MONITOR.watch)
    assert warming({"majors": MONITOR}, candles) == [
        {"monitor": "majors", "instrument": BTC, "closed": 0, "window": 2, "full_in_s": 120}
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b"[[1]]", b'[["x","1","1","1","1","1"]]', b'[[1,"a","1","1","1","1"]]'])
def test_an_answer_that_holds_no_candles_is_none(body: bytes) -> None:
    assert binance_read(body) is None
    assert bybit_read(body) is None


def test_a_refusal_of_bybit_holds_no_candles() -> None:
    assert bybit_read(b'{"retCode":10001,"result":{"list":[]}}') is None
    assert bybit_read(b'{"retCode":0,"result":{"list":[]}}') == ()
