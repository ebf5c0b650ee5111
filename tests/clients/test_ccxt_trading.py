"""A stock ccxt client against the simulated exchanges over TCP: what it reads and does is what the books hold.

The client is as it was published, and so are its addresses: it is given a session of HTTP that goes to ours. Beside the
answers of REST it follows the book, its orders and its trades over streams.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from flatbook.values.instants import Instant
from tests.clients.serving import rest, session_of
from tests.exchange import KEY, OTHER_KEY, OTHER_SECRET, SECRET, binance_over_tcp, bybit_over_tcp

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
SERVED = {"binance": binance_over_tcp, "binanceusdm": binance_over_tcp, "bybit": bybit_over_tcp}
MARKETS = [("binance", SPOT), ("binanceusdm", PERP), ("bybit", SPOT), ("bybit", PERP)]
CONTRACTS = [each for each in MARKETS if each[1] == PERP]
_SEEN: dict[tuple[str, str], Any] = {}


def machine_time() -> Instant:
    """Returns the true time: the client stamps its requests with it."""
    return Instant(time.time_ns())


def session(name: str, symbol: str) -> Any:
    """Returns what a client saw, in one session for all tests."""
    if (name, symbol) not in _SEEN:
        keys = (KEY, SECRET, OTHER_KEY, OTHER_SECRET)
        serving = SERVED[name]
        script = "ccxt_trading_session.py"
        _SEEN[(name, symbol)] = session_of("ccxt", script, lambda: serving(machine_time, rest), name, symbol, *keys)
    return _SEEN[(name, symbol)]


pytestmark = pytest.mark.real


@pytest.mark.parametrize(("name", "symbol"), MARKETS)
def test_the_client_is_as_it_was_published_and_reads_market_balance_and_book(name: str, symbol: str) -> None:
    seen = session(name, symbol)
    touch = [[49_999.9, 1.0], [50_000.1, 1.0]] if symbol == SPOT else [[49_999.0, 1.0], [50_001.0, 1.0]]
    assert seen["files changed"] == []
    assert seen["market"] == ([0.01, 0.00001, 5.0] if symbol == SPOT else [0.1, 0.001, 5.0])
    assert seen["balance"] == [100_000.0, 100_000.0]
    assert seen["book"] == seen["watched book"] == touch


@pytest.mark.parametrize(("name", "symbol"), MARKETS)
def test_an_order_rests_with_its_client_id_locks_money_and_is_canceled_once(name: str, symbol: str) -> None:
    seen = session(name, symbol)
    assert seen["placed"] == ["first-1", True]
    assert seen["open"] == [["first-1", "open", "buy", 49_000.0, 0.01, 0.0, None]]
    assert seen["balance while open"] == [100_000.0, 490.0 if symbol == SPOT else 25.0]
    assert seen["canceled"] == ["first-1", "canceled", "buy", 49_000.0, 0.01, 0.0, None]
    assert seen["cancel again"] == "OrderNotFound"


@pytest.mark.parametrize(("name", "symbol"), MARKETS)
def test_orders_fill_in_parts_as_maker_and_at_once_as_taker(name: str, symbol: str) -> None:
    seen = session(name, symbol)
    ask = 50_000.1 if symbol == SPOT else 50_001.0
    assert seen["part"] == ["maker-1", "open", "buy", 50_000.0, 0.02, 0.005, 50_000.0]
    assert seen["whole"] == ["maker-1", "closed", "buy", 50_000.0, 0.02, 0.02, 50_000.0]
    assert seen["bought"] == ["closed", "buy", ask, 0.01, 0.01, ask]
    trades = [
        ["buy", 50_000.0, 0.005, "maker", 250.0],
        ["buy", 50_000.0, 0.015, "maker", 750.0],
        ["buy", ask, 0.01, "taker", ask / 100],
    ]
    assert [row[:5] for row in seen["my trades"]] == trades
    paid = [row[5:] for row in seen["my trades"]]
    in_coin, in_quote = ([0.000005, "BTC"], [0.000015, "BTC"], [0.00001, "BTC"]), ([0.05, "USDT"], [0.15, "USDT"])
    assert paid == list(in_coin if symbol == SPOT else (*in_quote, [0.250005, "USDT"]))


@pytest.mark.parametrize(("name", "symbol"), MARKETS)
def test_the_streams_tell_the_same_orders_and_trades(name: str, symbol: str) -> None:
    seen = session(name, symbol)
    ask = 50_000.1 if symbol == SPOT else 50_001.0
    assert seen["watched orders"] == [["canceled", 0.0], ["closed", 0.02]]
    assert seen["watched trades"] == [
        ["buy", 50_000.0, 0.005, "maker"],
        ["buy", 50_000.0, 0.015, "maker"],
        ["buy", ask, 0.01, "taker"],
    ]


@pytest.mark.parametrize(
    ("name", "symbol", "expected"),
    [
        ("binance", SPOT, ["InvalidOrder", "OrderImmediatelyFillable", "InsufficientFunds", "InvalidOrder"]),
        ("binanceusdm", PERP, ["InvalidOrder", "OrderNotFillable", "InsufficientFunds", "BadRequest"]),
        ("bybit", SPOT, ["InvalidOrder", "canceled", "InsufficientFunds", "InvalidOrder"]),
        ("bybit", PERP, ["InvalidOrder", "canceled", "InsufficientFunds", "BadRequest"]),
    ],
)
def test_refusals_reach_the_caller_as_the_clients_own_errors(name: str, symbol: str, expected: list[str]) -> None:
    seen = session(name, symbol)
    assert [seen["duplicate"], seen["post-only"], seen["too much"], seen["bad lot"]] == expected
    assert seen["too small"] in ("InvalidOrder", "BadRequest")
    assert seen["no order"] == "OrderNotFound"


@pytest.mark.parametrize(("name", "symbol"), CONTRACTS)
def test_positions_are_read_and_closed_by_orders_that_only_reduce(name: str, symbol: str) -> None:
    seen = session(name, symbol)
    side, contracts, entry, _ = seen["position"][0]
    assert (side, contracts, round(entry, 4)) == ("long", 0.03, 50_000.3333)
    assert seen["not reducing"] == "InvalidOrder"
    assert seen["reducing"] == [True, True]
    assert seen["open after cancel all"] == []
    assert seen["position after"] == []


@pytest.mark.parametrize(("name", "symbol"), MARKETS)
def test_the_balance_after_it_all_is_that_of_the_books(name: str, symbol: str) -> None:
    seen = session(name, symbol)
    assert seen["balance after"][0] == (98_499.999 if symbol == SPOT else 99_998.76001)
    if symbol == SPOT:
        assert seen["balance after"][1] == 2.02997
