"""A simulated exchange as a process of its own: its markets follow from prices, and its books are told line by line."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from flatbook.services.sim_exchange import ExchangePlay, markets_of, quote_of
from flatbook.services.sim_serve import Broker, Serving, serve
from flatbook.sim.exchange.terms import Kind
from flatbook.sim.network.served_books import read_books
from tests.unit.sim.exchange.bybit_client import signature

D = Decimal


def played(protocol: str, **prices: str) -> ExchangePlay:
    return ExchangePlay(
        protocol=protocol,
        account="main",
        key="key",
        secret="word",
        prices={symbol: D(price) for symbol, price in prices.items()},
        coins={"USDT": D(1_000)},
        seed="1",
    )


def test_each_symbol_is_a_spot_market_and_a_perpetual_with_ticks_and_lots_for_its_price() -> None:
    markets = markets_of(played("binance", BTCUSDT="50000", XRPUSDC="0.5"))
    assert [(each.name, each.coin, each.quote, each.tick, each.lot) for each in markets] == [
        ("spot:BTCUSDT", "BTC", "USDT", D("0.1"), D("0.001")),
        ("perp:BTCUSDT", "BTC", "USDT", D("0.1"), D("0.001")),
        ("spot:XRPUSDC", "XRP", "USDC", D("0.000001"), D(1)),
        ("perp:XRPUSDC", "XRP", "USDC", D("0.000001"), D(1)),
    ]
    assert [each.taker_rate for each in markets if each.kind is Kind.SPOT] == [D("0.001"), D("0.001")]


@pytest.mark.parametrize("symbol", ["BTC", "USDT", "BTCEUR"])
def test_a_symbol_whose_quote_coin_is_not_known_is_none(symbol: str) -> None:
    assert quote_of(symbol) is None


def test_a_market_with_a_recording_is_watched_with_the_ticks_of_that(tmp_path: Path) -> None:
    path = tmp_path / "btcusdt.gz"
    path.write_bytes(gzip.compress(b'1 {"lastUpdateId":7,"bids":[["61808.10","1.5"]],"asks":[["61808.25","0.25"]]}\n'))
    playing = msgspec.structs.replace(played("bybit", BTCUSDT="61700"), recordings={"perp:BTCUSDT": path})
    spot, perp = markets_of(playing)
    assert (spot.is_watched, perp.is_watched, perp.tick, perp.lot) == (False, True, D("0.01"), D("0.01"))


def served(broker: Broker, folder: Path) -> Serving:
    return Serving(
        broker=broker,
        account="main",
        key="key",
        secret="word",
        prices={"BTCUSDT": D(50_000)},
        holdings={"BTC": D(1)},
        cash=D(1_000),
        faults={},
        books=folder / "books.jsonl",
    )


@pytest.mark.real
@pytest.mark.parametrize(
    ("broker", "path"),
    [
        (Broker.BINANCE, "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT"),
        (Broker.BYBIT, "/v5/market/tickers?category=linear&symbol=BTCUSDT"),
    ],
)
def test_an_exchange_is_served_until_it_is_told_to_end(broker: Broker, path: str, tmp_path: Path) -> None:
    urls: list[str] = []
    told: list[Any] = []

    async def scene() -> None:
        ready = asyncio.Event()

        def listening(url: str) -> None:
            urls.append(url)
            ready.set()

        serving = asyncio.create_task(serve(served(broker, tmp_path), listening))
        await ready.wait()
        async with aiohttp.ClientSession() as session, session.get(urls[0] + path) as answer:
            told.append(await answer.json())
        os.kill(os.getpid(), signal.SIGTERM)
        await serving

    asyncio.run(scene())
    bid = told[0]["bidPrice"] if broker is Broker.BINANCE else told[0]["result"]["list"][0]["bid1Price"]
    assert D(49_900) < D(bid) < D(50_100)
    assert [(line.what, line.symbol, line.qty) for line in read_books(tmp_path / "books.jsonl")][:2] == [
        ("opened", "BTC", D(1)),
        ("opened", "USDT", D(1_000)),
    ]


@pytest.mark.real
def test_an_order_stands_in_the_file_of_the_books_before_its_answer(tmp_path: Path) -> None:
    async def scene() -> str:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(served(Broker.BYBIT, tmp_path), ready.set_result))
        url = await ready
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/v5/market/time") as answer:
                stamp = str((await answer.json())["time"])
            body = (
                '{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.01",'
                '"price":"40000","orderLinkId":"a-1"}'
            )
            sign = signature("word", f"{stamp}key5000{body}")
            headers = {"X-BAPI-API-KEY": "key", "X-BAPI-TIMESTAMP": stamp, "X-BAPI-SIGN": sign}
            headers["X-BAPI-RECV-WINDOW"] = "5000"
            async with session.post(f"{url}/v5/order/create", data=body, headers=headers) as answer:
                told = (await answer.json())["retMsg"]
        os.kill(os.getpid(), signal.SIGTERM)
        await serving
        return str(told)

    assert asyncio.run(scene()) == "OK"
    taken = [line for line in read_books(tmp_path / "books.jsonl") if line.what == "taken"]
    assert [(line.client_id, line.symbol, line.qty, line.price) for line in taken] == [
        ("a-1", "perp:BTCUSDT", D("0.01"), D(40_000))
    ]
