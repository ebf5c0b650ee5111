"""Candles of a book, beside an engine that tells them, and where none runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from litestar.testing import TestClient

from flatbook.api.answers.basis import of_fills, of_pair
from flatbook.api.answers.candles import CandleBody, CandleFillBody, CandlesSeen
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


def test_our_fills_onchain_stand_beside_the_price_of_their_minute(demo: Path) -> None:
    with beside(demo) as api:
        told = api.get("/api/v1/basis", params={"instrument": STOCK}).json()
        fills = api.get("/api/v1/candles", params={"instrument": STOCK}).json()["fills"]
    assert (told["known"], told["against"], told["choices"]) == (True, None, [])
    assert (told["hedges"], told["since"]) == ([STOCK], CANDLE.at)
    onchain = [each for each in fills if each["place"] == "onchain"]
    assert [(each["ref"], each["price"], each["market"]) for each in told["points"]] == [
        (each["ref"], each["price"], "250.5") for each in sorted(onchain, key=lambda each: each["at"])
    ]
    assert len(told["points"]) > 1


def test_a_basis_is_in_basis_points_of_the_market_and_above_zero_where_ours_is_higher() -> None:
    pair = [msgspec.structs.replace(CANDLE, close=close) for close in ("250", "251")]
    (point,) = of_pair(pair[:1], pair[1:])
    assert (point.price, point.market, point.basis_bps) == ("251", "250", "40")
    (lower,) = of_pair(pair[1:], pair[:1])
    assert lower.basis_bps == "-39.84"
    assert list(of_pair(pair[:1], [msgspec.structs.replace(pair[1], at="2025-12-04T15:01:00Z")])) == []


def test_a_fill_before_the_first_candle_or_at_an_exchange_has_no_basis() -> None:
    fill = CandleFillBody(
        at="2025-12-04T15:00:10Z",
        side="sell",
        qty="1",
        price="250.5",
        asset="USDC",
        place="onchain",
        order_id=None,
        ref="fill:1",
        owner="desk",
    )
    others = (
        {"at": "2025-12-04T14:59:59Z"},
        {"place": "offchain"},
        {"price": None},
    )
    changed = [msgspec.structs.replace(fill, **each) for each in others]
    assert [each.ref for each in of_fills([CANDLE], [*changed, fill])] == ["fill:1"]


def test_only_instruments_of_one_underlying_are_compared(api: TestClient[Any]) -> None:
    refused = api.get("/api/v1/basis", params={"instrument": STOCK, "against": STOCK})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert api.get("/api/v1/basis", params={"instrument": "NOWHERE"}).status_code == 404
    assert api.get("/api/v1/basis", params={"instrument": STOCK}).json()["known"] is False
