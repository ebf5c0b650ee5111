"""What the simulated Binance and Bybit tell is recorded as it came, and becomes a tape with its books."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flatbook.backtest.tape_doctor import Ill, examine
from flatbook.backtest.tape_file import FileTape
from flatbook.market.ticks import Kind
from flatbook.services.recorded_markets import MARKETS
from flatbook.services.tape_recorder import Recorder, follow_until, stream_of
from flatbook.services.tape_sources import recordings_of
from flatbook.services.tapes import make_tape, surveyed
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import later
from flatbook.venues.http import SessionHttp
from flatbook.venues.websocket import SessionSocket
from tests.exchange import PERP, SPOT, URL, D, Scene, passed, with_binance, with_bybit


@pytest.mark.parametrize("venue", ["binance", "binanceusdm", "bybit-linear", "bybit-spot"])
def test_a_session_is_recorded_and_becomes_a_tape(tmp_path: Path, venue: str) -> None:
    path = tmp_path / f"{venue}.gz"
    market = SPOT if venue in ("binance", "bybit-spot") else PERP

    async def talk(scene: Scene) -> None:
        clock = LoopClock(scene.loop)
        recorder = Recorder(path, clock, venue, ["BTCUSDT"])
        http = SessionHttp(URL, clock, connect=SimulatedConnector, authorize=dict)
        socket = SessionSocket(URL, clock, connect=SimulatedConnector, beat=MARKETS[venue].books.beat)
        stream = stream_of(MARKETS[venue].books, ["BTCUSDT"], recorder, (socket, http), clock)
        following = asyncio.create_task(follow_until(stream, later(clock.now(), seconds=20), clock, recorder.is_over))
        for step in range(30):
            await passed(500)
            scene.exchange.quote(market, [(D(50_000 + step % 3), D(2))], [(D(50_010 + step % 2), D(3))])
            scene.exchange.trade_outside(market, 1, D(1))
        await following
        recorder.close()
        await http.close()

    (with_bybit if venue.startswith("bybit") else with_binance)(talk)
    found = [surveyed(each) for each in recordings_of([path])]
    assert found[0].recording.holds is not venue.startswith("bybit")
    head = make_tape(tmp_path / "t.parquet", found)
    examined = examine(FileTape(tmp_path / "t.parquet"))
    assert head.instruments[0].symbol == "BTCUSDT"
    assert head.instruments[0].product is MARKETS[venue].product
    assert {Kind.CLEAR, Kind.BID, Kind.ASK, Kind.TRADE} <= head.kinds_of(0)
    assert examined.looked[0].whole_books == 1
    # The simulated exchange tells its best prices less often than its book changes, unlike the real one.
    assert {finding.ill for finding in examined.findings} <= {Ill.QUOTES_DIFFER}


def test_a_connection_that_breaks_is_held_anew_and_its_book_is_recorded_whole_again(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"

    async def talk(scene: Scene) -> None:
        clock = LoopClock(scene.loop)
        recorder = Recorder(path, clock, "binance", ["BTCUSDT"])
        http = SessionHttp(URL, clock, connect=SimulatedConnector, authorize=dict)
        socket = SessionSocket(URL, clock, connect=SimulatedConnector)
        stream = stream_of(MARKETS["binance"].books, ["BTCUSDT"], recorder, (socket, http), clock)
        following = asyncio.create_task(follow_until(stream, later(clock.now(), seconds=30), clock, recorder.is_over))
        for step in range(40):
            await passed(500)
            scene.exchange.quote(SPOT, [(D(50_000 + step % 3), D(2))], [(D(50_010), D(3))])
            if step == 20:
                scene.faults.say("cuts_stream", True)
        await following
        recorder.close()
        await http.close()

    with_binance(talk)
    head = make_tape(tmp_path / "t.parquet", [surveyed(each) for each in recordings_of([path])])
    assert head.counts["whole_books"] == 2


def test_of_a_symbol_that_there_is_not_nothing_is_heard_over_a_connection_that_stands(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"

    async def talk(scene: Scene) -> None:
        clock = LoopClock(scene.loop)
        recorder = Recorder(path, clock, "binance", ["NOPE"])
        http = SessionHttp(URL, clock, connect=SimulatedConnector, authorize=dict)
        socket = SessionSocket(URL, clock, connect=SimulatedConnector)
        stream = stream_of(MARKETS["binance"].books, ["NOPE"], recorder, (socket, http), clock)
        following = asyncio.create_task(follow_until(stream, later(clock.now(), seconds=5), clock, recorder.is_over))
        for _ in range(12):
            await passed(500)
        await following
        recorder.close()
        await http.close()
        assert (stream.opened, recorder.frames, list(recorder.unheard)) == (1, 0, ["NOPE"])

    with_binance(talk)
    assert not path.exists()
