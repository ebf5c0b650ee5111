"""What was earned, what stands where, and what bounds it."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api.app import create_app
from flatbook.api.reads import READS
from flatbook.journal.sqlite import create_journal
from flatbook.services.demo_home import add_grid, make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape
from tests.unit.api.conftest import site_of
from tests.unit.api.test_reads_desk import answered, told_by


def test_the_report_is_that_of_the_command_line(api: TestClient[Any], demo: Path) -> None:
    assert api.get("/api/v1/report").json() == told_by("report", demo)


def test_what_each_account_earned_adds_up_to_the_whole(api: TestClient[Any]) -> None:
    body = answered(api, "/pnl")
    assert [line["account"] for line in body["accounts"]] == ["paper", "vault"]
    for name in ("net_usd", "gross_usd", "cost_usd"):
        assert sum(Decimal(line[name]) for line in body["accounts"]) == Decimal(body["total"][name])


def test_every_limit_says_how_far_it_is_used(api: TestClient[Any]) -> None:
    limits = {line["name"]: line for line in answered(api, "/risk")["limits"]}
    assert limits["open_orders_max"]["current"] == "0"
    assert (limits["order_shares_max"]["limit"], limits["order_shares_max"]["current"]) == ("50", None)
    assert limits["day_loss_usd_max"]["scope"] == "desk:COIN"


def test_a_limit_names_the_command_that_makes_it_tighter(api: TestClient[Any]) -> None:
    commands = {line["name"]: line["command"] for line in answered(api, "/risk")["limits"]}
    assert commands == {
        "order_notional_usd_max": "set-limit",
        "order_shares_max": "set-limit",
        "collar_bps_max": "set-limit",
        "second_bps_max": "set-limit",
        "price_age_s_max": "set-limit",
        "open_orders_max": "set-limit",
        "orders_per_minute_max": "set-limit",
        "residue_usd_max": None,
        "day_loss_usd_max": "set-limit",
    }


def test_a_grid_of_the_configuration_has_its_limits_beside_those_of_the_desk(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    make_home(home, load_demo_tape())
    add_grid(home)
    create_journal(home / "journal.sqlite")
    with TestClient(create_app(site_of(home), READS)) as client:
        limits = client.get("/api/v1/risk").json()["limits"]
    grid = {
        row["name"]: (row["limit"], row["current"], row["use_pct"])  # no command makes any of these tighter
        for row in limits
        if row["scope"].startswith("grid maker:BTC") and row["command"] is None
    }
    assert grid == {
        "order_notional_usd_max": ("2500", None, None),
        "order_qty_max": ("0.1", None, None),
        "inventory_max": ("0.5", "0", "0"),
        "orders_per_minute_max": ("400", "0", "0"),
        "day_loss_usd_max": ("2000", "0", "0"),
    }


def test_the_inventory_names_every_account_and_vault_with_its_balances(api: TestClient[Any], demo: Path) -> None:
    accounts = {each["account"]: each for each in answered(api, "/inventory")["accounts"]}
    told = [
        {"account": name, "asset": each["asset"], "amount": each["amount"]}
        for name, account in accounts.items()
        for each in account["balances"]
    ]
    assert told == told_by("positions", demo)["balances"]
    assert (accounts["paper"]["kind"], accounts["vault"]["kind"]) == ("paper", None)


def test_nothing_is_known_of_the_market_without_an_engine(api: TestClient[Any]) -> None:
    nothing: dict[str, object] = {"known": False, "now": None, "books": [], "prices": [], "instruments": []}
    assert api.get("/api/v1/market").json() == nothing


def test_the_configuration_says_where_each_value_comes_from(api: TestClient[Any]) -> None:
    values = {each["key"]: each for each in api.get("/api/v1/config").json()["values"]}
    assert (values["mode"]["value"], values["mode"]["origin"]) == ("paper", "flatbook.toml:3")


def test_a_kept_backtest_is_listed_and_told(api: TestClient[Any], demo: Path) -> None:
    folder = demo / "backtests" / "grid-1"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps({"schema": "flatbook.backtest.v1", "net": "1.5"}), "utf-8")
    assert [line["name"] for line in api.get("/api/v1/reports").json()["reports"]] == ["grid-1"]
    assert api.get("/api/v1/reports/grid-1").json()["report"]["net"] == "1.5"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null", b'{"net": NaN}', b"[" * 100_000])
def test_a_report_that_is_damaged_is_said_so(api: TestClient[Any], demo: Path, content: bytes) -> None:
    path = demo / "backtests" / "damaged" / "report.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    told = api.get("/api/v1/reports/damaged")
    shutil.rmtree(path.parent)
    assert (told.status_code, told.json()["code"]) == (503, "unavailable")
    assert told.json()["detail"] == f"{path} cannot be read: it is no report of a backtest"


def test_what_is_no_backtest_is_neither_listed_nor_in_the_way(api: TestClient[Any], demo: Path) -> None:
    for name, leads_to in (("nowhere", "/nowhere"), ("a name", None), ("folder", None)):
        path = demo / "backtests" / name / "report.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        if leads_to is not None:
            path.symlink_to(leads_to)
        elif name == "folder":
            path.mkdir()
        else:
            path.write_text("{}", "utf-8")
    listed = api.get("/api/v1/reports")
    for name in ("nowhere", "a name", "folder"):
        shutil.rmtree(demo / "backtests" / name)
    assert (listed.status_code, "nowhere" in listed.text, "a name" in listed.text) == (200, False, False)


def test_what_has_gathered_stands_beside_its_threshold(api: TestClient[Any]) -> None:
    (line,) = answered(api, "/accumulators")["accumulators"]
    assert (line["owner"], line["underlying"], line["threshold_shares"]) == ("desk", "COIN", "1")


def test_instruments_are_told_with_their_rules_and_the_fees_of_the_configuration(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    make_home(home, load_demo_tape())
    add_grid(home)
    create_journal(home / "journal.sqlite")
    with TestClient(create_app(site_of(home), READS)) as client:
        told = {each["instrument"]: each for each in client.get("/api/v1/instruments").json()["instruments"]}
    stock, coin = told["COIN/USD@paper"], told["BTC/USDT@exchange"]
    assert (stock["tick"], stock["tick_below_one"], stock["lot"], stock["notional_min"]) == (
        "0.01",
        "0.0001",
        "0.001",
        "1",
    )
    assert [(fee["name"], fee["value"], fee["unit"]) for fee in stock["fees"]] == [
        ("per share sold", "0.000166", "USD per share")
    ]
    assert (coin["tick"], coin["tick_below_one"], coin["notional_min"]) == ("0.01", None, "5")
    assert [(fee["name"], fee["value"], fee["stated_by"]) for fee in coin["fees"]] == [
        ("maker", "0.5", "accounts.exchange"),
        ("taker", "5", "accounts.exchange"),
        ("resting", "0.5", "grid.maker"),
    ]
