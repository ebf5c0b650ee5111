"""What six exchanges tell is recorded from servers that speak as they do, read back as a tape, and played."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import web

from flatbook.backtest.tape_doctor import examine
from flatbook.backtest.tape_file import FileTape
from flatbook.market.depth import Grid
from flatbook.market.ticks import Kind
from flatbook.services.played_books import PlayedBooks
from flatbook.services.recorded_markets import MARKETS, quote_of
from flatbook.services.tape_recorder import Recorder, follow_until, stream_of
from flatbook.services.tape_sources import recordings_of
from flatbook.services.tapes import make_tape, surveyed
from flatbook.services.venue_refusals import refusal_of
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.tapes.clock import TapeClock
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import later
from flatbook.venues.http import SessionHttp
from flatbook.venues.websocket import SessionSocket
from tests.unit.venues.stream_scene import START, URL, outcome_of, rest

MS = START // 10**6
Said = Mapping[str, Any]


class Spoken(NamedTuple):
    """How an exchange speaks: its symbol, what must be asked for, and what it then says a second after the other."""

    symbol: str
    asked: tuple[str, ...]
    says: tuple[Said, ...]
    whole: Said | None = None


def okx(channel: str, action: str, **row: Any) -> Said:
    return {"arg": {"channel": channel, "instId": "BTC-USDT"}, "action": action, "data": [row]}


def bitget(channel: str, action: str, **row: Any) -> Said:
    return {"arg": {"instType": "SPOT", "channel": channel, "instId": "BTCUSDT"}, "action": action, "data": [row]}


def gate(channel: str, **result: Any) -> Said:
    return {"time": 1, "channel": channel, "event": "update", "result": result}


def coinbase(number: int, channel: str, **event: Any) -> Said:
    when = f"2026-06-02T14:00:0{number + 1}Z"
    return {"channel": channel, "timestamp": when, "sequence_num": number, "events": [event]}


def level(side: str, price: str, qty: str) -> Said:
    return {"side": side, "event_time": "x", "price_level": price, "new_quantity": qty}


def stamped(channel: str, event: str, **row: Any) -> Said:
    return {"event": event, "channel": f"{channel}_btcusd", "data": row}


# Source: the public documents of each: book and trade channels of spot.
SPEAK = {
    "okx": Spoken(
        "BTC-USDT",
        ('"books"', '"trades"'),
        (
            okx("books", "snapshot", bids=[["100.1", "2", "0", "1"]], asks=[["100.2", "3", "0", "1"]],
                ts=f"{MS + 1000}", checksum=-1, seqId=5, prevSeqId=-1),
            okx("books", "update", bids=[["100.0", "4", "0", "1"]], asks=[], ts=f"{MS + 1900}", checksum=-1, seqId=9,
                prevSeqId=5),
            {"arg": {"channel": "trades", "instId": "BTC-USDT"},
             "data": [{"instId": "BTC-USDT", "tradeId": "1", "px": "100.2", "sz": "1.5", "side": "buy",
                       "ts": f"{MS + 2900}"}]},
        ),
    ),
    "gate": Spoken(
        "BTC_USDT",
        ("spot.order_book_update", "spot.trades"),
        (
            gate("spot.order_book_update", t=MS + 1000, s="BTC_USDT", U=5, u=5, b=[["100.1", "2"]], a=[]),
            gate("spot.order_book_update", t=MS + 1900, s="BTC_USDT", U=6, u=7, b=[["100.0", "4"]], a=[]),
            gate("spot.trades", id=1, create_time_ms=f"{MS + 2900}.123", side="buy", currency_pair="BTC_USDT",
                 amount="1.5", price="100.2"),
        ),
        {"id": 5, "current": MS, "update": MS, "bids": [["100.1", "2"]], "asks": [["100.2", "3"]]},
    ),
    "bitget": Spoken(
        "BTCUSDT",
        ('"books"', '"trade"'),
        (
            bitget("books", "snapshot", bids=[["100.1", "2"]], asks=[["100.2", "3"]], checksum=7, ts=f"{MS + 1000}"),
            bitget("books", "update", bids=[["100.0", "4"]], asks=[], checksum=7, ts=f"{MS + 1900}"),
            bitget("trade", "update", ts=f"{MS + 2900}", price="100.2", size="1.5", side="buy", tradeId="1"),
        ),
    ),
    "gemini": Spoken(
        "BTCUSD",
        ('"l2"',),
        (
            {"type": "l2_updates", "symbol": "BTCUSD", "trades": [], "auction_events": [],
             "changes": [["buy", "100.1", "2"], ["sell", "100.2", "3"]]},
            {"type": "l2_updates", "symbol": "BTCUSD", "changes": [["buy", "100.0", "4"]]},
            {"type": "trade", "symbol": "BTCUSD", "event_id": 1, "timestamp": MS + 2900, "price": "100.2",
             "quantity": "1.5", "side": "buy"},
        ),
    ),
    "coinbase": Spoken(
        "BTC-USD",
        ('"level2"', '"market_trades"', '"heartbeats"'),
        (
            coinbase(0, "l2_data", type="snapshot", product_id="BTC-USD",
                     updates=[level("bid", "100.1", "2"), level("offer", "100.2", "3")]),
            coinbase(1, "l2_data", type="update", product_id="BTC-USD", updates=[level("bid", "100.0", "4")]),
            coinbase(2, "market_trades", type="update", trades=[
                {"trade_id": "1", "product_id": "BTC-USD", "price": "100.2", "size": "1.5", "side": "SELL",
                 "time": "2026-06-02T14:00:02.9Z"}]),
        ),
    ),
    "bitstamp": Spoken(
        "BTCUSD",
        ("diff_order_book_btcusd", "live_trades_btcusd"),
        (
            stamped("diff_order_book", "data", microtimestamp=f"{MS + 1000}000", bids=[["100.1", "2"]], asks=[]),
            stamped("diff_order_book", "data", microtimestamp=f"{MS + 1900}000", bids=[["100.0", "4"]], asks=[]),
            stamped("live_trades", "trade", id=1, price_str="100.2", amount_str="1.5", type=0,
                    microtimestamp=f"{MS + 2900}000"),
        ),
        {"microtimestamp": f"{MS + 1000}500", "bids": [["100.1", "2"]], "asks": [["100.2", "3"]]},
    ),
}  # fmt: skip


def recorded(path: Path, venue: str, symbol: str, serve: Callable[[web.BaseRequest], Any], seconds: int) -> Recorder:
    """Records what a server says, for some seconds of virtual time."""
    kept: list[Recorder] = []

    async def client(loop: VirtualLoop) -> None:
        clock, feed = LoopClock(loop), MARKETS[venue].books
        recorder = Recorder(path, clock, venue, [symbol])
        kept.append(recorder)
        http = SessionHttp(URL, clock, connect=SimulatedConnector, authorize=dict)
        socket = SessionSocket(URL, clock, connect=SimulatedConnector, beat=feed.beat)
        stream = stream_of(feed, [symbol], recorder, (socket, http), clock)
        await follow_until(stream, later(clock.now(), seconds=seconds), clock, recorder.is_over)
        recorder.close()
        await http.close()

    outcome_of(client, serve)
    return kept[0]


def speaking(spoken: Spoken) -> Callable[[web.BaseRequest], Any]:
    """Returns a server that speaks as an exchange does, once all was asked for that must be."""

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        if "upgrade" not in request.headers:
            return web.json_response(spoken.whole)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        asked = ""
        while not all(word in asked for word in spoken.asked):
            asked += await socket.receive_str()
        for said in spoken.says:
            await rest(1)
            await socket.send_str(json.dumps(said))
        await rest(60)
        return socket

    return serve


@pytest.mark.parametrize("venue", SPEAK)
def test_a_recording_of_an_exchange_becomes_a_tape_with_its_book_and_its_trades(tmp_path: Path, venue: str) -> None:
    spoken, path = SPEAK[venue], tmp_path / f"{venue}.gz"
    recorder = recorded(path, venue, spoken.symbol, speaking(spoken), 8)
    assert (list(recorder.unheard), recorder.refused, recorder.is_kept) == ([], None, True)
    head = make_tape(tmp_path / "t.parquet", [surveyed(each) for each in recordings_of([path])])
    tape = FileTape(tmp_path / "t.parquet")
    (instrument,) = head.instruments
    assert (instrument.id, instrument.product.value) == (f"{venue}:{spoken.symbol}", "spot")
    quote = "USD" if spoken.symbol.endswith("USD") else "USDT"
    assert (instrument.quote, instrument.tick, instrument.lot) == (quote, Decimal("0.1"), Decimal("0.1"))
    (chunk,) = tape.chunks()
    rows = list(zip(chunk.kind.tolist(), chunk.p1.tolist(), chunk.q1.tolist(), strict=True))
    assert rows[:3] == [(Kind.CLEAR, 0, 0), (Kind.BID, 1_001, 20), (Kind.ASK, 1_002, 30)]
    assert (Kind.BID, 1_000, 40) in rows
    assert (rows[-1], chunk.p2.tolist()[-1]) == ((Kind.TRADE, 1_002, 15), 1)
    assert chunk.ts.tolist()[-1] == START + 2_900 * 10**6
    assert not examine(tape).findings


@pytest.mark.parametrize("venue", SPEAK)
def test_a_recording_of_an_exchange_is_played_to_a_desk(tmp_path: Path, venue: str) -> None:
    spoken, path, market = SPEAK[venue], tmp_path / f"{venue}.gz", MARKETS[venue]
    recorded(path, venue, spoken.symbol, speaking(spoken), 8)
    heard: list[str] = []

    async def told() -> None:
        clock = TapeClock(START)
        played = PlayedBooks(path, (market.books, market.trades), {spoken.symbol: Grid(1, 1)}, clock)
        played.changed = lambda symbol, sync: heard.append(f"{symbol} {sync.book.best_bid} {sync.book.best_ask}")
        played.heard = lambda trade: heard.append(f"{trade.taker.value} {trade.qty} at {trade.price}")
        keeping = asyncio.create_task(played.keep())
        await clock.run_until(later(START, ms=3_300))
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping

    asyncio.run(told())
    assert heard[heard.index("buy 1.5 at 100.2") - 1] == f"{spoken.symbol} 1001 1002"


REFUSALS = {
    "bybit-linear": {"success": False, "ret_msg": "error:handler not found,topic:orderbook.50.NOPE", "op": "subscribe"},
    "okx": {"event": "error", "msg": "channel:books,instId:NOPE doesn't exist", "code": "60018"},
    "gate": {"channel": "spot.order_book_update", "event": "subscribe", "result": None,
             "error": {"code": 2, "message": "unknown currency pair NOPE"}},
    "bitget": {"event": "error", "arg": {"instId": "NOPE"}, "code": 30001, "msg": "instId:NOPE doesn't exist"},
    "gemini": {"result": "error", "reason": "InvalidSymbol NOPE"},
    "coinbase": {"type": "error", "message": "NOPE is not a valid product"},
    "bitstamp": {"event": "bts:error", "channel": "", "data": {"code": None, "message": "Bad subscription of NOPE"}},
}  # fmt: skip


@pytest.mark.parametrize("venue", REFUSALS)
def test_a_symbol_that_an_exchange_does_not_know_is_refused_at_once_in_its_words(tmp_path: Path, venue: str) -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        if "upgrade" not in request.headers:
            return web.json_response({"error": "no such market"}, status=404)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive_str()
        await socket.send_str(json.dumps(REFUSALS[venue]))
        await rest(30)
        return socket

    recorder = recorded(tmp_path / "x.gz", venue, "NOPE", serve, 3_600)
    assert "NOPE" in (recorder.refused or "")
    assert (list(recorder.unheard), recorder.is_kept) == (["NOPE"], False)
    assert not (tmp_path / "x.gz").exists()


def test_what_is_no_refusal_is_none() -> None:
    for frame in (b"pong", b"", b"[1]", b'{"success":true,"ret_msg":"","op":"subscribe"}', b'{"event":"subscribe"}'):
        assert refusal_of(frame) is None
    assert refusal_of(b'{"event":"error"}') == "it does not say why"
    assert len(refusal_of(b'{"event":"error","msg":"' + b"x" * 900 + b'"}') or "") == 200


def test_a_name_tells_in_what_prices_are_where_it_can() -> None:
    assert [quote_of(each) for each in ("BTC-USDT", "BTC_USD", "ETHBTC", "btcxyz")] == ["USDT", "USD", "BTC", ""]
