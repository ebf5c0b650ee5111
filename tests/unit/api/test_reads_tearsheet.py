"""A kept backtest drawn from its own tables, and its tables as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api.app import create_app
from flatbook.api.reads import READS
from tests.unit.api.conftest import site_of
from tests.unit.cli.scene import call

HEAD = "happened_at,seen_at,owner,instrument,order_id,side,qty,price,middle,maker,spread,fees,quote\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives a home with one backtest of 1,000 points and three executions."""
    home = tmp_path_factory.mktemp("tear") / "home"
    assert call("init", "--recordings", "--home", str(home)).code == 0
    folder = home / "backtests" / "run-1"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text('{"rows": 3}', "utf-8")
    points = "".join(f"2026-03-02T{n // 60:02}:{n % 60:02}:00Z,{1000 + n},0,0,0,{n}\n" for n in range(1_000))
    (folder / "curve.csv").write_text("at,equity,spread,fees,funding,exposure\n" + points, "utf-8")
    rows = [
        "2026-03-02T00:00:00Z,2026-03-02T00:00:00Z,maker,BTC,o1,buy,0.1,99,99.5,maker,0.05,0.01,USDT\n",
        "2026-03-02T00:00:01Z,2026-03-02T00:00:01Z,maker,BTC,o2,sell,0.1,101,,taker,0.05,0.01,USDT\n",
        "2026-03-02T08:00:00Z,2026-03-02T08:00:00Z,maker,BTC,o3,buy,0.1,98,98.5,,0.05,0.01,USDT\n",
    ]
    (folder / "executions.csv").write_text(HEAD + "".join(rows), "utf-8")
    return home


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(site_of(home), READS)) as client:
        yield client


def test_the_course_of_a_run_keeps_its_last_point_and_is_not_longer_than_is_drawn(client: TestClient[Any]) -> None:
    told = client.get("/api/v1/reports/run-1/tearsheet").json()
    assert len(told["points"]) == 334
    assert (told["points"][0]["equity"], told["points"][-1]["equity"]) == ("1000", "1999")
    assert told["files"] == ["curve.csv", "executions.csv", "report.json"]


def test_trades_stand_on_the_middle_that_was_seen_with_them(client: TestClient[Any]) -> None:
    (traded,) = client.get("/api/v1/reports/run-1/tearsheet").json()["traded"]
    assert (traded["instrument"], traded["found"]) == ("BTC", 3)
    assert [(each["open"], each["close"]) for each in traded["seen"]] == [("99.5", "99.5"), ("98.5", "98.5")]
    assert [(each["side"], each["price"], each["made"]) for each in traded["trades"]] == [
        ("buy", "99", "maker"),
        ("sell", "101", "taker"),
        ("buy", "98", None),
    ]


def test_a_table_of_a_run_is_a_file_to_be_saved(client: TestClient[Any], home: Path) -> None:
    answer = client.get("/api/v1/reports/run-1/files/executions.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="run-1-executions.csv"'
    assert answer.content == (home / "backtests" / "run-1" / "executions.csv").read_bytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("curve.csv", b"x\n1\n"),
        ("curve.csv", b"at,equity,exposure\n2026-03-02T00:00:00Z,1\n"),
        ("curve.csv", b"at,equity,exposure\n\xff,1,1\n"),
        ("executions.csv", HEAD.encode() + b"long ago,,maker,BTC,o1,buy,1,1,1,,0,0,USDT\n"),
        ("executions.csv", HEAD.encode() + 2 * b"2026-03-02T00:00:00Z,,maker,BTC,o1,buy,1,1,one,,0,0,USDT\n"),
    ],
)
def test_a_table_that_is_damaged_is_said_so(client: TestClient[Any], home: Path, name: str, content: bytes) -> None:
    folder = home / "backtests" / "damaged"
    folder.mkdir(exist_ok=True)
    (folder / "report.json").write_text("{}", "utf-8")
    (folder / name).write_bytes(content)
    told = client.get("/api/v1/reports/damaged/tearsheet")
    (folder / name).unlink()
    assert (told.status_code, told.json()["code"]) == (503, "unavailable")
    assert told.json()["detail"].startswith(f"{folder / name} cannot be read: it is no table of a backtest")


@pytest.mark.parametrize(
    "path", ["none/tearsheet", "run-1/files/journal.sqlite", "run-1/files/curve.parquet", "..%2F..%2Fx/tearsheet"]
)
def test_what_is_no_table_of_a_run_is_not_told(client: TestClient[Any], path: str) -> None:
    assert client.get(f"/api/v1/reports/{path}").status_code == 404
