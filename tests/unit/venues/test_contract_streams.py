"""Perpetuals of OKX and Gate, which count in contracts: their books, trades, marks and settlements of funding."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from flatbook.market.depth import Books, Grid, Unread, UnreadFor, Update
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side
from flatbook.venues.book_stream import books_of
from flatbook.venues.gate import futures as gate
from flatbook.venues.gate import past_funding as gate_past
from flatbook.venues.http import SessionHttp
from flatbook.venues.okx import marks as okx
from flatbook.venues.okx import past_funding as okx_past
from flatbook.venues.past_funding import Settlement
from flatbook.venues.told_stream import Marked, ToldStream, Traded
from flatbook.venues.websocket import SessionSocket
from tests.unit.venues.stream_scene import URL, outcome_of

GRID = {"BTC_USDT": Grid(1, 0)}
CHANGE = {
    "t": 1615366381417,
    "s": "BTC_USDT",
    "U": 11,
    "u": 13,
    "b": [{"p": "54672.1", "s": 0}, {"p": "54664.5", "s": 58794}],
    "a": [{"p": "54743.6", "s": 95}],
}
CONTRACT = {"name": "BTC_USDT", "funding_next_apply": 1610035200, "funding_rate": "0.000053", "funding_interval": 28800}


def said(channel: str, result: object) -> bytes:
    return json.dumps({"time": 1615366381, "channel": channel, "event": "update", "result": result}).encode()


def test_a_book_of_gate_counts_whole_contracts_and_follows_its_numbers() -> None:
    """Source: gate.com/docs/developers/futures/ws, Order Book Update."""
    books: Books = books_of(gate.BOOKS, GRID)
    whole = {"id": 10, "asks": [{"p": "54744", "s": 7}], "bids": [{"p": "54672.1", "s": 3}]}
    books.take(gate.read_whole("BTC_USDT", json.dumps(whole).encode(), GRID["BTC_USDT"]))
    (heard,) = gate.read_frame(said("futures.order_book_update", CHANGE), GRID)
    assert isinstance(heard, Update)
    books.take(heard)
    book = books.by_symbol["BTC_USDT"].book
    assert (list(book.bids()), list(book.asks())) == ([(546_645, 58_794)], [(547_436, 95), (547_440, 7)])
    assert heard.happened_at == 1_615_366_381_417_000_000


@pytest.mark.parametrize(
    ("field", "word", "reason"),
    [
        ("b", [{"p": "54672.1", "s": 5.5}], UnreadFor.MALFORMED),
        ("b", [{"p": 54672.1, "s": 5}], UnreadFor.MALFORMED),
        ("b", [{"p": "54672.12", "s": 5}], UnreadFor.OFF_GRID),
        ("b", [{"p": "54672.1", "s": -5}], UnreadFor.OFF_GRID),
        ("u", "13", UnreadFor.MALFORMED),
    ],
    ids=["size-float", "price-number", "off-grid", "below-zero", "number-text"],
)
def test_a_change_of_gate_that_cannot_be_read_says_why(field: str, word: Any, reason: UnreadFor) -> None:
    (heard,) = gate.read_frame(said("futures.order_book_update", CHANGE | {field: word}), GRID)
    assert isinstance(heard, Unread)
    assert heard.reason is reason


def test_a_trade_of_gate_below_zero_is_of_a_seller_and_one_that_met_no_order_is_none() -> None:
    """Source: gate.com/docs/developers/futures/ws, Trades."""
    row = {"size": -108, "id": 27753479, "create_time_ms": 1545136464123, "price": "96.4", "contract": "BTC_USDT"}
    at = Instant(1_545_136_464_123_000_000)
    assert gate.read_trades(said("futures.trades", [row])) == (Traded("BTC_USDT", "96.4", "108", Side.SELL, at),)
    bought = gate.read_trades(said("futures.trades", [row | {"size": 3}]))
    assert bought == (Traded("BTC_USDT", "96.4", "3", Side.BUY, at),)
    assert gate.read_trades(said("futures.trades", [row | {"is_internal": True}])) == ()
    for wrong, reason in ((0, UnreadFor.NO_NUMBER), ("3", UnreadFor.MALFORMED), (1.5, UnreadFor.MALFORMED)):
        (heard,) = gate.read_trades(said("futures.trades", [row | {"size": wrong}]))
        assert isinstance(heard, Unread)
        assert heard.reason is reason


def test_a_ticker_of_gate_tells_the_mark_and_its_contract_when_funding_is_settled() -> None:
    """Source: gate.com/docs/developers/apiv4, Get a single contract."""
    told = said("futures.tickers", [{"contract": "BTC_USDT", "mark_price": "118.35", "funding_rate": "-0.000114"}])
    assert gate.read_marks(told) == (Marked("BTC_USDT", "118.35", "-0.000114", None),)
    settles_at = Instant(1_610_035_200 * NS_PER_S)
    for stated in (1610035200, 1610035200.0):
        body = json.dumps(CONTRACT | {"funding_next_apply": stated}).encode()
        assert gate.read_contract("BTC_USDT", body) == Marked("BTC_USDT", "", "0.000053", settles_at)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "ETH_USDT"}, UnreadFor.UNKNOWN_WORD),
        ({"funding_next_apply": 1.5}, UnreadFor.NO_INSTANT),
        ({"funding_next_apply": -1}, UnreadFor.NO_INSTANT),
        ({"funding_next_apply": 1e300}, UnreadFor.NO_INSTANT),
        ({"funding_next_apply": "1610035200"}, UnreadFor.MALFORMED),
        ({"funding_rate": "much"}, UnreadFor.NO_NUMBER),
    ],
    ids=["other-contract", "part-of-a-second", "below-zero", "beyond", "text", "rate"],
)
def test_a_contract_of_gate_that_cannot_be_read_says_why(change: dict[str, Any], reason: UnreadFor) -> None:
    found = gate.read_contract("BTC_USDT", json.dumps(CONTRACT | change).encode())
    assert isinstance(found, Unread)
    assert found.reason is reason


def test_marks_and_funding_of_okx_come_by_two_channels() -> None:
    """Source: okx.com/docs-v5, Mark price channel and Funding rate channel."""
    arg = {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}
    mark = {"arg": arg, "data": [{"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "42310.6", "ts": "1"}]}
    assert okx.read_frame(json.dumps(mark).encode()) == (Marked("BTC-USDT-SWAP", "42310.6"),)
    row = {
        "fundingRate": "0.0001875391284828",
        "fundingTime": "1700726400000",
        "nextFundingTime": "1700755200000",
        "instId": "BTC-USDT-SWAP",
    }
    rate = {"arg": {"channel": "funding-rate", "instId": "BTC-USDT-SWAP"}, "data": [row]}
    settles_at = Instant(1_700_726_400_000_000_000)
    expected = Marked("BTC-USDT-SWAP", "", "0.0001875391284828", settles_at)
    assert okx.read_frame(json.dumps(rate).encode()) == (expected,)
    (opening,) = okx.FEED.opening(("BTC-USDT-SWAP",))
    assert [each["channel"] for each in json.loads(opening)["args"]] == ["mark-price", "funding-rate"]
    (unread,) = okx.read_frame(json.dumps(rate).replace("1700726400000", "soon").encode())
    assert isinstance(unread, Unread)
    assert unread.reason is UnreadFor.NO_INSTANT
    assert okx.read_frame(b'{"event":"subscribe","arg":{"channel":"funding-rate"}}') == ()


def test_past_settlements_and_marks_are_read_oldest_first() -> None:
    rows = [{"realizedRate": "0.0002", "fundingTime": "2000"}, {"realizedRate": "0.0001", "fundingTime": "1000"}]
    told = json.dumps({"code": "0", "data": rows}).encode()
    first, second = Settlement(Instant(10**9), "0.0001"), Settlement(Instant(2 * 10**9), "0.0002")
    assert okx_past.read_settlements(told) == (first, second)
    assert okx_past.read_settlements(told.replace(b'"0"', b'"50011"')) is None
    assert okx_past.read_mark(b'{"code":"0","data":[["60000","7"],["1","5"]]}') == "5"
    assert gate_past.read_settlements(b'[{"t":2,"r":"0.0002"},{"t":1,"r":"0.0001"}]') == (first, second)
    assert gate_past.read_settlements(b'[{"t":-2,"r":"0.0002"}]') is None
    assert gate_past.read_mark(b'[{"t":60,"o":"7"},{"t":1,"o":"5"}]') == "5"
    assert gate_past.read_mark(b"[]") is None


def test_what_no_stream_tells_is_asked_for_each_minute_and_a_refusal_tells_nothing() -> None:
    asked: list[tuple[float, str]] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        asked.append((asyncio.get_running_loop().time(), request.path))
        if len(asked) == 2:
            return web.Response(status=503)
        return web.json_response(CONTRACT | ({"funding_next_apply": "x"} if len(asked) == 3 else {}))

    heard: list[Marked] = []
    streams: list[ToldStream[Marked]] = []

    async def client(loop: VirtualLoop) -> None:
        clock, feed = LoopClock(loop), gate.MARKED
        http = SessionHttp(URL, clock, connect=SimulatedConnector)
        stream = ToldStream(feed, ("BTC_USDT",), SessionSocket(URL, clock, connect=SimulatedConnector), clock)
        stream.heard = heard.append
        streams.append(stream)
        assert feed.asked is not None
        asking = asyncio.create_task(stream.keep_asking(feed.asked, http))
        await asyncio.sleep(290)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await http.close()

    outcome_of(client, serve)
    assert {path for _, path in asked} == {"/api/v4/futures/usdt/contracts/BTC_USDT"}
    assert 4 <= len(asked) <= 6
    assert len(heard) == len(asked) - 2
    assert streams[0].unread[UnreadFor.MALFORMED] == 1
