"""Funding that was due on paper while no desk ran is asked for at the next start, and booked once."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from aiohttp import web

from flatbook.ops.config_accounts import BinanceMarket, PaperExchangeAccount, Shorting, WatchedExchange
from flatbook.ops.config_shape import LogSection
from flatbook.ops.telemetry import open_log
from flatbook.services.missed_funding import past_funding_of, pay_missed, settled_since
from flatbook.sim.exchange.paper import Owing, PaperExchange, Protocol, opening
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant
from flatbook.venues.http import SessionHttp
from tests.exchange import PERP
from tests.unit.sim.exchange.core import asked, placed
from tests.unit.venues.stream_scene import START, URL, outcome_of

D = Decimal
STARTS = ("start", "startTime", "from", "after")
CAUGHT_UP, UNKNOWN = "paper_funding_caught_up", "paper_funding_unknown"
HOUR_NS = 3_600 * NS_PER_S
FIRST, SECOND = Instant(START + 8 * HOUR_NS + 3 * NS_PER_MS), Instant(START + 16 * HOUR_NS)
MARKET = msgspec.structs.replace(PERP, is_watched=True, maker_rate=D(0), taker_rate=D(0))
RATES = {FIRST: ("0.0001", "40000"), SECOND: ("-0.0002", "50000")}


class Came(NamedTuple):
    """The flows after a start, after the next one, and what was asked."""

    flows: list[tuple[int, Decimal]]
    again: list[tuple[int, Decimal]]
    paths: list[str]
    said: list[tuple[str, int | None]]


def account(exchange: WatchedExchange) -> PaperExchangeAccount:
    return PaperExchangeAccount(
        exchange=exchange,
        market=BinanceMarket.USD_M,
        ledger="paper.json",
        coins={"USDT": D(100_000)},
        maker_bps=D(0),
        taker_bps=D(0),
        shorting=Shorting.NEVER,
        base_url=URL,
    )


def answer(path: str, at: int) -> object:
    """Returns what a venue answers in its own words."""
    ms = {each: str(each // NS_PER_MS) for each in RATES}
    if path == "/fapi/v1/fundingRate":
        return [
            {"symbol": PERP.symbol, "fundingTime": int(ms[each]), "fundingRate": rate, "markPrice": mark}
            for each, (rate, mark) in RATES.items()
        ]
    if path == "/v5/market/funding/history":
        rows = [{"fundingRate": rate, "fundingRateTimestamp": ms[each]} for each, (rate, _) in RATES.items()]
        return {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": rows[::-1]}}
    if path == "/api/v2/mix/market/history-fund-rate":
        told = [{"symbol": "X", "fundingRate": rate, "fundingTime": ms[each]} for each, (rate, _) in RATES.items()]
        return {"code": "00000", "msg": "success", "data": told[::-1]}
    if path == "/api/v5/public/funding-rate-history":
        told = [{"realizedRate": rate, "fundingTime": ms[each]} for each, (rate, _) in RATES.items()]
        return {"code": "0", "msg": "", "data": told[::-1]}
    if path == "/api/v4/futures/usdt/funding_rate":
        return [{"t": each // NS_PER_S, "r": rate} for each, (rate, _) in RATES.items()][::-1]
    if path == "/api/v4/futures/usdt/candlesticks":
        return [{"t": at, "o": mark} for each, (_, mark) in RATES.items() if each // NS_PER_S == at]
    if path == "/api/v5/market/history-mark-price-candles":
        marks = [mark for each, (_, mark) in RATES.items() if each // NS_PER_MS == at - 60_000]
        return {"code": "0", "data": [[str(at), *marks]]}
    mark = next(mark for each, (_, mark) in RATES.items() if each // NS_PER_MS == at)
    if path == "/api/v2/mix/market/history-mark-candles":
        return {"code": "00000", "data": [[str(at), mark, mark, mark, mark, "0", "0"]]}
    return {"retCode": 0, "retMsg": "OK", "result": {"list": [[str(at), mark, mark, mark, mark]]}}


def came(exchange: WatchedExchange, path: Path, *, refused: int = 0) -> Came:
    """Returns what came of a position of 0.5 coins that nobody was there for during a day."""
    protocol = Protocol.BINANCE if exchange is WatchedExchange.BINANCE else Protocol.BYBIT
    paths, said = list[str](), io.StringIO()

    async def serve(request: web.BaseRequest) -> web.Response:
        paths.append(request.path)
        if len(paths) <= refused:
            return web.Response(status=500)
        return web.json_response(
            answer(request.path, next((int(request.query[each]) for each in STARTS if each in request.query), 0))
        )

    async def client(loop: VirtualLoop) -> object:
        clock = LoopClock(loop)

        async def rest(ms: int) -> None:
            await asyncio.sleep(ms / 1_000)

        def opened() -> PaperExchange:
            first = opening(protocol, "key", "secret", {"USDT": D(100_000)})
            return PaperExchange(protocol, (MARKET,), first, now=clock.now, rest=rest, path=path)

        paper = opened()
        paper.saw_book(MARKET.name, [(499_990, 5_000)], [(500_010, 5_000)])
        placed(paper.exchange, asked("taken", 1, "0.5", None, account="paper", market=MARKET))
        paper.saw_mark(MARKET.name, D(50_000))
        told = list[list[tuple[int, Decimal]]]()
        log = open_log(said, now=clock.now, stated=LogSection())
        for hours in (24, 1):
            await asyncio.sleep(hours * 3_600)
            paper = opened()
            await pay_missed({"paper": paper}, {"paper": account(exchange)}, clock, log, SimulatedConnector)
            told.append([(flow.at, flow.amount) for flow in paper.exchange.flows])
        return told

    told, _ = outcome_of(client, serve)
    assert isinstance(told, list)
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    return Came(told[0], told[1], paths, [(line["event"], line.get("count")) for line in lines])


@pytest.mark.parametrize(
    "exchange",
    [
        WatchedExchange.BINANCE,
        WatchedExchange.BYBIT,
        WatchedExchange.BITGET,
        WatchedExchange.OKX,
        WatchedExchange.GATE,
    ],
)
def test_what_was_due_while_nobody_was_there_is_booked_once_at_its_rate_and_mark(
    exchange: WatchedExchange, tmp_path: Path
) -> None:
    found = came(exchange, tmp_path / "paper.json")
    first = FIRST if exchange is not WatchedExchange.GATE else Instant(FIRST // NS_PER_S * NS_PER_S)
    assert found.flows == [(first, D("-2")), (SECOND, D("5"))]
    assert found.again == found.flows
    assert found.said == [(CAUGHT_UP, 2), (CAUGHT_UP, 0)]


def test_a_venue_that_does_not_answer_is_asked_three_times_and_nothing_is_guessed(tmp_path: Path) -> None:
    found = came(WatchedExchange.BINANCE, tmp_path / "paper.json", refused=3)
    assert (found.flows, len(found.paths)) == ([], 4)
    assert found.again == [(FIRST, D("-2")), (SECOND, D("5"))]
    assert found.said == [(UNKNOWN, None), (CAUGHT_UP, 2)]


def test_what_no_venue_of_ours_settles_is_not_asked_for(tmp_path: Path) -> None:
    assert came(WatchedExchange.COINBASE, tmp_path / "paper.json").paths == []


class Old(NamedTuple):
    """What a venue is asked and answers of settlements each hour, in its own words; `rows` are in an answer."""

    exchange: WatchedExchange
    rows: int


def _answers(old: Old, query: Mapping[str, str], at: list[int]) -> object:
    """Returns a page of settlements, each in ms, as the venue gives it."""
    if old.exchange is WatchedExchange.BITGET:
        newest, page = at[::-1], int(query["pageNo"]) - 1
        rows = [
            {"symbol": "X", "fundingRate": "0.0001", "fundingTime": str(each)}
            for each in newest[page * old.rows : (page + 1) * old.rows]
        ]
        return {"code": "00000", "data": rows}
    if old.exchange is WatchedExchange.BINANCE:
        since = [each for each in at if each >= int(query["startTime"])][: old.rows]
        return [{"fundingTime": each, "fundingRate": "0.0001", "markPrice": "40000"} for each in since]
    start, end = int(query["startTime"]), int(query["endTime"])
    found = [each for each in at if start <= each <= end][::-1][: old.rows]
    told = [{"fundingRate": "0.0001", "fundingRateTimestamp": str(each)} for each in found]
    return {"retCode": 0, "result": {"list": told}}


@pytest.mark.parametrize(
    "old",
    [Old(WatchedExchange.BITGET, 100), Old(WatchedExchange.BYBIT, 200), Old(WatchedExchange.BINANCE, 1_000)],
    ids=lambda old: old.exchange.value,
)
@pytest.mark.parametrize("behind", [0, 1])
def test_settlements_that_do_not_fit_into_an_answer_are_asked_for_until_all_are_there(old: Old, behind: int) -> None:
    count = 2 * old.rows + behind
    start = int(START // NS_PER_MS)
    at = [start + hour * 3_600_000 for hour in range(-2 * old.rows, count + 1)]
    paths: list[str] = []

    async def serve(request: web.BaseRequest) -> web.Response:
        paths.append(request.path)
        return web.json_response(_answers(old, request.query, at))

    async def client(loop: VirtualLoop) -> object:
        clock = LoopClock(loop)
        await asyncio.sleep(count * 3_600 + 60)
        past = past_funding_of(account(old.exchange))
        assert past is not None
        http = SessionHttp(past.host, clock, connect=SimulatedConnector)
        owing = Owing(market="m", symbol="X", since=START)
        found = await settled_since(owing, (past, http), clock)
        await http.close()
        return found

    found, _ = outcome_of(client, serve)
    assert isinstance(found, list)
    assert [each.at // NS_PER_MS for each in found] == at[-count:]
    assert len(paths) == 3
