"""Which public streams show the market at an account, and what they call it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.ops.config_accounts import CcxtAccount, Environment, PaperExchangeAccount, Shorting, WatchedExchange
from flatbook.services.market_feeds import PERPETUALS, feeds_of, own_symbol
from flatbook.values.instruments import Product

SIX = [each for each in WatchedExchange if each not in (WatchedExchange.BINANCE, WatchedExchange.BYBIT)]
NO_FEE: Any = {"maker_bps": Decimal(0), "taker_bps": Decimal(0), "coins": {}, "shorting": Shorting.NEVER}
KEYS: Any = {"key": "secret:k", "secret": "secret:s", "shorting": Shorting.NEVER, "python": "python"}


def ccxt(watched: WatchedExchange | None, base_url: str | None = None) -> CcxtAccount:
    return CcxtAccount(exchange="x", environment=Environment.LIVE, watched=watched, base_url=base_url, **KEYS)


@pytest.mark.parametrize("exchange", SIX)
def test_a_paper_account_and_one_of_ccxt_hear_the_same_streams(exchange: WatchedExchange) -> None:
    paper = feeds_of(PaperExchangeAccount(exchange=exchange, ledger="x", **NO_FEE), Product.SPOT)
    real = feeds_of(ccxt(exchange), Product.SPOT)
    assert paper is not None
    assert real is not None
    assert (paper.books, paper.trades) == (real.books, real.trades)
    assert (paper.books.name, paper.trades.name) == (exchange.value, exchange.value)
    assert paper.books.host == paper.trades.host


def test_perpetuals_are_watched_at_three_of_the_six_and_their_marks_with_them() -> None:
    for exchange in SIX:
        found = feeds_of(PaperExchangeAccount(exchange=exchange, ledger="x", **NO_FEE), Product.LINEAR_PERP)
        assert (found is not None) == (exchange in PERPETUALS)
        assert found is None or found.marks is not None
    at_bitget = feeds_of(
        PaperExchangeAccount(exchange=WatchedExchange.BITGET, ledger="x", **NO_FEE), Product.LINEAR_PERP
    )
    assert at_bitget is not None
    assert "USDT-FUTURES" in at_bitget.books.opening(["BTCUSDT"])[0]


def test_what_is_asked_for_beside_a_stream_goes_to_the_same_place() -> None:
    local = PaperExchangeAccount(exchange=WatchedExchange.GATE, ledger="x", base_url="http://127.0.0.1:8080", **NO_FEE)
    found = feeds_of(local, Product.LINEAR_PERP)
    assert found is not None
    assert found.marks is not None
    assert found.marks.asked is not None
    assert (found.marks.host, found.marks.asked.host) == ("ws://127.0.0.1:8080", "http://127.0.0.1:8080")


@pytest.mark.parametrize("exchange", SIX)
def test_another_address_stands_for_all_of_a_venue(exchange: WatchedExchange) -> None:
    found = feeds_of(ccxt(exchange, "http://127.0.0.1:8080"), Product.SPOT)
    assert found is not None
    assert (found.books.host, found.trades.host) == ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080")
    assert found.books.whole is None or found.books.whole.host == "http://127.0.0.1:8080"


def test_ccxt_tells_the_books_of_an_account_that_watches_nothing() -> None:
    assert feeds_of(ccxt(None), Product.SPOT) is None
    assert own_symbol(ccxt(None), "BTC/USDT") == "BTC/USDT"


@pytest.mark.parametrize(
    ("exchange", "symbol"),
    [
        (WatchedExchange.OKX, "BTC-USDT"),
        (WatchedExchange.GATE, "BTC_USDT"),
        (WatchedExchange.BITGET, "BTCUSDT"),
        (WatchedExchange.GEMINI, "BTCUSDT"),
        (WatchedExchange.COINBASE, "BTC-USDT"),
        (WatchedExchange.BITSTAMP, "BTCUSDT"),
    ],
)
def test_a_market_is_named_as_its_venue_does(exchange: WatchedExchange, symbol: str) -> None:
    assert own_symbol(ccxt(exchange), "BTC/USDT") == symbol
