"""A stock ccxt client against the simulated exchanges over TCP: what it reads and does is what the books hold.

The client is as it was published; only its addresses say where the exchange is.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from flatbook.values.instants import Instant
from tests.clients.serving import rest, session_of
from tests.exchange import KEY, OTHER_KEY, OTHER_SECRET, SECRET, binance_over_tcp

pytestmark = pytest.mark.real


def machine_time() -> Instant:
    """Returns the true time: the client stamps its requests with it."""
    return Instant(time.time_ns())


def session(name: str, symbol: str) -> Any:
    """Returns what a client saw."""
    keys = (KEY, SECRET, OTHER_KEY, OTHER_SECRET)
    return session_of(
        "ccxt", "ccxt_trading_session.py", lambda: binance_over_tcp(machine_time, rest), name, symbol, *keys
    )


def test_usdm_is_traded_by_the_stock_client() -> None:
    seen = session("binanceusdm", "BTC/USDT:USDT")
    assert seen["files changed"] == []
    assert seen["balance"] == [100_000.0, 100_000.0]
    assert seen["book"] == [[49_999.0, 1.0], [50_001.0, 1.0]]
    assert seen["placed"] == ["open", "first-1"]
    assert seen["canceled"] == "canceled"
    assert seen["bought"] == ["closed", "buy", "market", 50_001.0, 0.02, 0.02, 50_001.0]
