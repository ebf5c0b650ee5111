"""What of a session is read alone: by connection, by each opening of it, by stream; and why nothing is."""

from __future__ import annotations

import json

import pytest

from flatbook.market.depth import Grid
from tests.captures.files import Line, NoBook
from tests.captures.told import asked_of, told_in
from tests.captures.venues import BITGET, BYBIT, COINBASE, GATE, OKX, SPOT, feed_of, is_filtered, parts_of

SPOT_URL = "wss://stream.binance.com:9443/stream?streams=x"


def frame(at: float, told: object, conn: str = "c", url: str = "wss://stream.bybit.com/v5/public/linear") -> Line:
    return Line(at, True, url, json.dumps(told), conn)


def bybit(symbol: str = "X", levels: str = "50", price: str = "1.5", size: str = "2") -> dict[str, object]:
    return {"topic": f"orderbook.{levels}.{symbol}", "data": {"s": symbol, "b": [[price, size]], "a": []}}


def binance(symbol: str) -> dict[str, object]:
    return {"stream": "x@depth@100ms", "data": {"e": "depthUpdate", "s": symbol, "b": [], "a": []}}


def asked(at: float, url: str) -> Line:
    return Line(at, False, url, '{"bids":[["1.25","2"]],"asks":[]}')


def test_each_stream_of_books_of_a_connection_is_a_part_with_the_frames_about_none() -> None:
    pong, deep, best = {"op": "pong"}, bybit(levels="200"), bybit(levels="1")
    lines = [frame(1, pong), frame(2, deep), frame(3, best), frame(4, best, "d")]
    parts = parts_of("x.jsonl", lines)
    assert [[line.at for line in part.lines] for part in parts] == [[1, 2], [1, 3], [4]]


def test_two_markets_of_one_name_have_their_own_grids() -> None:
    lines = [frame(1, bybit(price="1.5", size="2")), frame(2, bybit(price="1.25", size="0.001"), "d")]
    assert [part.grids() for part in parts_of("x.jsonl", lines)] == [{"X": Grid(1, 0)}, {"X": Grid(2, 3)}]


def test_a_connection_that_is_opened_again_begins_anew_with_the_answers_that_came_since() -> None:
    lines = [
        asked(0, "https://x/api/v3/depth?symbol=X&limit=9"),
        frame(1, binance("X"), "c", SPOT_URL),
        asked(2, "https://x/api/v3/exchangeInfo"),
        frame(3, binance("X"), "c #2", SPOT_URL),
        asked(4, "https://x/api/v3/depth?limit=9&symbol=X"),
        asked(5, "https://x/api/v3/depth?symbol=OTHER"),
        frame(6, binance("X"), "c #2", SPOT_URL),
        frame(7, binance("X"), "d", SPOT_URL),
    ]
    parts = parts_of("x.jsonl", lines)
    assert [[line.at for line in part.lines] for part in parts] == [[0, 1], [2, 3, 4, 6], [0, 2, 4, 7]]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://x/api/v3/depth?symbol=BTCUSDT&limit=5", "BTCUSDT"),
        ("https://x/api/v3/depth?limit=5&symbol=%E5%B8%81USDT", "币USDT"),
        ("https://x/spot/order_book?currency_pair=btc_usdt", "BTC_USDT"),
        ("https://x/futures/usdt/order_book?contract=BTC_USDT&with_id=true", "BTC_USDT"),
        ("https://x/api/v2/order_book/btcusd-perp/", "BTCUSD-PERP"),
        ("recorded:/depth?symbol=X", "X"),
        ("https://x/api/v3/klines?symbol=BTCUSDT", None),
    ],
)
def test_the_market_of_a_question_is_found_wherever_it_stands(url: str, found: str | None) -> None:
    assert asked_of(asked(1, url)) == found
    assert asked_of(frame(1, {})._replace(url=url)) is None


def test_a_message_may_tell_of_several_markets() -> None:
    event = {"updates": [{"price_level": "1.50", "new_quantity": "2"}]}
    told = told_in(
        frame(1, {"channel": "l2_data", "events": [{**event, "product_id": each} for each in ("A", "B", "A")]}),
        COINBASE.telling,
    )
    assert [(each.stream, each.symbol, each.levels) for each in told] == [
        ("level2", symbol, [("1.50", "2")]) for symbol in ("A", "B", "A")
    ]


@pytest.mark.parametrize(
    "spoilt",
    ["[]", "1", "null", '"x"', '{"topic":"orderbook.50.X"}', '{"topic":"orderbook.50.X","data":7}', "{", "[" * 100_000],
)
def test_what_cannot_be_read_tells_nothing(spoilt: str) -> None:
    for telling in (SPOT.telling, BYBIT.telling, OKX.telling, BITGET.telling, GATE.telling, COINBASE.telling):
        assert told_in(Line(1, True, "", spoilt), telling) == []


@pytest.mark.parametrize(
    ("name", "url", "why"),
    [
        ("cf_BYBIT.jsonl", "wss://stream.bybit.com/realtime", "the protocol version is retired"),
        ("cf_BYBIT.jsonl", "wss://stream.bybit.com/spot/quote/ws/v1", "the protocol version is retired"),
        ("cf_COINBASE.jsonl", "wss://ws-feed.pro.coinbase.com", "the protocol version is retired"),
        ("cf_COINBASE.jsonl", "wss://ws-feed.exchange.coinbase.com", "no native feed"),
        ("cf_GEMINI.jsonl", "wss://ws.gemini.com", "no native feed"),
        ("cf_GEMINI.jsonl", "wss://api.gemini.com/v1/marketdata/btcusd", "the protocol version is retired"),
        ("cf_OKEX.jsonl", "wss://real.okex.com:8443/ws/v3", "the protocol version is retired"),
        ("cf_GATE.jsonl", "wss://op-ws.gateio.live/v4/ws/usdt", "no native feed"),
        ("cf_KRAKEN.jsonl", "wss://ws.kraken.com", "no native feed"),
        ("cf_BYBIT.jsonl", "wss://stream.bybit.com/v5/public/spot", "none of its frames is of a stream of books"),
    ],
)
def test_why_nothing_of_a_session_is_read_is_said(name: str, url: str, why: str) -> None:
    with pytest.raises(NoBook, match=why):
        parts_of(name, [frame(1, {"topic": "tickers.X"}, url=url)])


@pytest.mark.parametrize(
    ("url", "client"),
    [
        ("wss://fstream.binance.com/public/stream?streams=x", "binanceusdm"),
        ("wss://dstream.binance.com/stream?streams=x", "binancecoinm"),
        ("wss://data-stream.binance.vision/stream?streams=x", "binance"),
        ("wss://wspap.okx.com:8443/ws/v5/public", "okx"),
        ("wss://fx-ws.gateio.ws/v4/ws/btc", "gate"),
        ("wss://api.gateio.ws/ws/v4/", "gate"),
        ("wss://ws.bitget.com/v2/ws/public", "bitget"),
    ],
)
def test_where_frames_came_from_tells_how_they_are_read_before_the_name_of_their_file_does(
    url: str, client: str
) -> None:
    found = feed_of("cf_COINBASE.jsonl", url)
    assert found is not None
    assert found.client == client


def test_contracts_of_gate_are_read_by_their_own_feed_by_host_and_by_name() -> None:
    by_name = [feed_of(f"{name}_2022-01-01.jsonl", "") for name in ("cf_GATEIO_FUTURES", "cf_GATE_FUTURES", "cf_GATE")]
    by_host = [feed_of("x", f"wss://{host}") for host in ("fx-ws.gateio.ws/v4/ws/usdt", "api.gateio.ws/ws/v4/")]
    assert by_name[:2] == [by_host[0], by_host[0]]
    assert by_name[2] == by_host[1] != by_host[0]


def test_books_in_usdc_are_told_as_those_in_usd_and_nothing_is_missing_there() -> None:
    lines = [
        frame(1, {"channel": "subscriptions", "level2": ["BTC-USDC"]}),
        frame(2, {"channel": "l2_data", "product_id": "BTC-USD"}),
    ]
    assert not is_filtered("x.jsonl", lines)
