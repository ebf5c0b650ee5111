"""History is downloaded page by page from a server that speaks as Binance does, and becomes a tape."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from flatbook.backtest.tape_file import FileTape
from flatbook.market.ticks import Kind
from flatbook.services.tape_download import MARKETS, Asked, DownloadFailed, Wanted, download
from flatbook.services.tape_sources import Stated, recordings_of
from flatbook.services.tapes import make_tape, surveyed
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.http import SessionHttp
from tests.unit.venues.stream_scene import START, URL, outcome_of, rest

MINUTE_MS = 60_000
T0 = 1_700_000_040_000
LATE = 10**6
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Binance:
    """Bars and rates of a made history, at most `limit` of them from `startTime` on, oldest first."""

    def __init__(self, rows: int, *, busy: int = 0, answered: int = 99) -> None:
        self.rows, self.busy, self.answered = rows, busy, answered
        self.asked: list[str] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        query = request.rel_url.query
        self.asked.append(request.rel_url.path)
        if len(self.asked) > self.answered:
            await rest(LATE)
        if self.busy:
            self.busy -= 1
            return web.Response(status=429)
        if query["symbol"] != "BTCUSDT":
            return web.Response(status=400, text='{"code":-1121,"msg":"Invalid symbol."}')
        step = MINUTE_MS if "klines" in request.rel_url.path else 8 * 60 * MINUTE_MS
        stamps = [T0 + step * number for number in range(self.rows)]
        wanted = [at for at in stamps if int(query["startTime"]) <= at <= int(query["endTime"])][: int(query["limit"])]
        make = self._bar if "klines" in request.rel_url.path else self._rate
        return web.Response(text=json.dumps([make(at) for at in wanted]), content_type="application/json")

    def _bar(self, at: int) -> list[Any]:
        return [at, "100.10", "100.50", "99.90", "100.20", "5.250", at + MINUTE_MS - 1, "525.1", 7, "2", "200", "0"]

    def _rate(self, at: int) -> dict[str, Any]:
        return {"symbol": "BTCUSDT", "fundingTime": at, "fundingRate": "-0.00010000", "markPrice": "100.15"}


def asked_of(symbol: str, wanted: Wanted = Wanted.BARS, until: int = 10**15) -> Asked:
    return Asked(
        market=MARKETS["binanceusdm"],
        wanted=wanted,
        symbol=symbol,
        interval="1m",
        since=Instant(T0 * NS_PER_MS),
        until=Instant(until * NS_PER_MS),
    )


def downloaded(
    server: Binance,
    path: Path,
    *,
    symbol: str = "BTCUSDT",
    wanted: Wanted = Wanted.BARS,
    until: int = 10**15,
) -> int:
    asked = asked_of(symbol, wanted, until)

    async def client(loop: VirtualLoop) -> int:
        clock = LoopClock(loop)
        http = SessionHttp(URL, clock, connect=SimulatedConnector, authorize=dict)
        try:
            return await download(asked, http, clock, path, list[str]().append)
        finally:
            await http.close()

    rows, _ = outcome_of(client, server.answer)
    assert isinstance(rows, int)
    return rows


def test_bars_are_asked_for_page_by_page_and_become_a_tape(tmp_path: Path) -> None:
    server, path = Binance(2_500), tmp_path / "BTCUSDT.csv.gz"
    assert downloaded(server, path) == 2_500
    assert server.asked == ["/fapi/v1/klines"] * 3
    (recording,) = recordings_of([path], Stated(venue="binanceusdm"))
    head = make_tape(tmp_path / "t.parquet", [surveyed(recording)])
    assert (head.rows, head.instruments[0].symbol, str(head.instruments[0].tick)) == (5_000, "BTCUSDT", "0.1")
    first = next(FileTape(tmp_path / "t.parquet").chunks())
    assert (int(first.kind[1]), int(first.q1[0]), int(first.ts[1])) == (Kind.BAR, 7, (T0 + MINUTE_MS) * NS_PER_MS)


def test_rates_of_funding_are_downloaded_with_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "f.csv.gz"
    assert downloaded(Binance(3), path, wanted=Wanted.FUNDING) == 3
    assert gzip.decompress(path.read_bytes()).decode().splitlines()[:2] == [
        "ts,symbol,funding_rate,mark_price",
        "2023-11-14T22:14:00Z,BTCUSDT,-0.00010000,100.15",
    ]


def test_the_end_is_not_included(tmp_path: Path) -> None:
    assert downloaded(Binance(10), tmp_path / "b.csv.gz", until=T0 + 3 * MINUTE_MS) == 3


def test_a_venue_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    server = Binance(2, busy=2)
    assert downloaded(server, tmp_path / "b.csv.gz") == 2
    assert len(server.asked) == 3


def test_what_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "b.csv.gz"
    with pytest.raises(DownloadFailed, match="Invalid symbol"):
        downloaded(Binance(2), path, symbol="NOBODY")
    with pytest.raises(DownloadFailed, match="429"):
        downloaded(Binance(2, busy=99), path)
    assert not path.exists()


@pytest.mark.parametrize(("answered", "least_s", "most_s"), [(0, 15, 20), (1, 120, 220)])
def test_a_venue_that_never_answers_is_given_up_soon_and_one_that_stops_later(
    tmp_path: Path, answered: int, least_s: int, most_s: int
) -> None:
    said, path = list[str](), tmp_path / "b.csv.gz"
    ends = list[int]()

    async def client(loop: VirtualLoop) -> int:
        http = SessionHttp(URL, LoopClock(loop), connect=SimulatedConnector, authorize=dict)
        with pytest.raises(DownloadFailed, match=r"no answer [(]timed_out[)]: look at the network"):
            await download(asked_of("BTCUSDT"), http, LoopClock(loop), path, said.append)
        ends.append((loop.instant - START) // 10**9)
        await http.close()
        return 0

    outcome_of(client, Binance(2_500, answered=answered).answer)
    assert least_s <= ends[0] <= most_s
    assert said[0] == "no answer (timed_out): look at the network; asking again in 2 s"
    assert not path.exists()
