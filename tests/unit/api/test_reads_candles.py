"""Candles of a book, beside an engine that tells them, and where none runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from litestar.testing import TestClient

from flatbook.api.answers.candles import CandleBody, CandlesSeen
from flatbook.api.app import create_app
from flatbook.api.reads import READS
from flatbook.ops.control_socket import ControlServer, Doors
from tests.unit.api.conftest import ENDS_AT, site_of
from tests.unit.api.test_live import refused

STOCK = "COIN/USD@paper"
CANDLE = CandleBody(at="2025-12-04T15:00:00Z", open="250", high="251", low="249.5", close="250.5", volume=None)


def told_of(instrument: str) -> CandlesSeen:
    """Returns one candle of the share, and none of anything else."""
    candles = [CANDLE] if instrument == STOCK else []
    return CandlesSeen(now=ENDS_AT, every_s=60, candles=candles)


@contextmanager
def beside(home: Path) -> Iterator[TestClient[Any]]:
    """Gives a client of the API over a home whose engine tells of candles."""
    site = site_of(home)
    with tempfile.TemporaryDirectory(prefix="fb-") as place:
        site.live.path = Path(place) / "run" / "engine.sock"
        doors = Doors(on_command=refused, status=lambda: {"pid": 7}, metrics=str, market=dict, candles=told_of)
        server = ControlServer(site.live.path, doors)
        with TestClient(create_app(site, READS)) as client, client.portal() as portal:
            portal.call(server.start)
            yield client
            portal.call(server.close)


def test_candles_come_with_our_trades_and_the_fills_that_they_hedge(demo: Path) -> None:
    with beside(demo) as api:
        told = api.get("/api/v1/candles", params={"instrument": STOCK}).json()
    assert (told["known"], told["every_s"], told["now"]) == (True, 60, ENDS_AT)
    assert told["candles"] == [msgspec.to_builtins(CANDLE)]
    fills = told["fills"]
    assert {(each["place"], each["asset"]) for each in fills} == {("onchain", "USDC"), ("offchain", "USD")}
    assert all(each["at"] >= CANDLE.at and 200 < float(each["price"]) < 400 for each in fills)


def test_without_an_engine_nothing_is_known_and_what_is_no_instrument_is_not_found(api: TestClient[Any]) -> None:
    told = api.get("/api/v1/candles", params={"instrument": STOCK}).json()
    assert (told["known"], told["candles"], told["fills"], told["now"]) == (False, [], [], None)
    nowhere = api.get("/api/v1/candles", params={"instrument": "NOWHERE"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    assert api.get("/api/v1/candles").json()["code"] == "invalid"
