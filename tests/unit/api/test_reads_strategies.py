"""How strategies are configured, as fields; what waits in the files; and what a change would be."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api.app import create_app
from flatbook.api.reads import READS
from flatbook.services.demo_home import make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape
from tests.unit.api.conftest import site_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives the home of a demo desk that never ran."""
    home = tmp_path_factory.mktemp("demo") / "home"
    make_home(home, load_demo_tape())
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "home")


@pytest.fixture
def client(home: Path) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(site_of(home), READS)) as client:
        yield client


def fields(client: TestClient[Any], key: str) -> dict[str, Any]:
    """Returns the fields of a strategy by their names."""
    told = client.get("/api/v1/strategies").json()
    (strategy,) = (each for each in told["strategies"] if each["key"] == key)
    return {each["name"]: each for each in strategy["fields"]}


def checked(client: TestClient[Any], key: str, changes: dict[str, str | None]) -> Any:
    """Returns what the API says of changes."""
    body = {"key": key, "changes": [{"name": name, "to": to} for name, to in changes.items()]}
    return client.post("/api/v1/strategies/check", json=body)


def test_every_value_of_a_hedge_has_its_kind_unit_and_bounds(client: TestClient[Any]) -> None:
    told = fields(client, "hedges.desk.COIN")
    collar, sessions = told["collar_bps"], told["sessions"]
    assert (collar["kind"], collar["unit"], collar["least"], collar["most"]) == (
        "whole",
        "basis points (100 are one percent)",
        "1",
        "5000",
    )
    assert (collar["running"], collar["stated"], collar["waits"], collar["command"]) == ("100", "100", False, None)
    assert (sessions["kind"], "regular" in sessions["choices"]) == ("choices", True)
    assert (told["shorting"]["kind"], told["threshold_shares"]["kind"]) == ("yes_no", "number")
    assert told["threshold_shares"]["above"] == "0"
    assert told["open_wait_s"]["origin"] == "default"


def test_limits_that_a_command_tightens_name_it_and_others_wait_for_a_start(client: TestClient[Any]) -> None:
    told = fields(client, "risk")
    assert (told["order_shares_max"]["command"], told["resends_max"]["command"]) == ("set-limit", None)


def test_what_was_changed_in_the_files_waits_for_the_next_start(client: TestClient[Any], home: Path) -> None:
    file = home / "flatbook.toml"
    file.write_text(re.sub(r"(?m)^collar_bps = .*$", "collar_bps = 90", file.read_text("utf-8")), "utf-8")
    told = client.get("/api/v1/strategies").json()
    collar = fields(client, "hedges.desk.COIN")["collar_bps"]
    assert (collar["running"], collar["stated"], collar["waits"]) == ("100", "90", True)
    assert told["digest_of_files"] not in (None, told["digest"])


def test_files_that_cannot_be_used_are_told_and_what_runs_stays(client: TestClient[Any], home: Path) -> None:
    file = home / "flatbook.toml"
    file.write_text(file.read_text("utf-8") + "\n[nothing]\nx = 1\n", "utf-8")
    told = client.get("/api/v1/strategies").json()
    assert (told["digest_of_files"], told["refused"][0]["key"]) == (None, "nothing")
    assert fields(client, "risk")["open_orders_max"]["waits"] is False


def test_a_change_that_could_start_is_told_as_toml_and_nothing_is_written(client: TestClient[Any], home: Path) -> None:
    before = (home / "flatbook.toml").read_bytes()
    told = checked(client, "hedges.desk.COIN", {"collar_bps": "90", "threshold_shares": "2.5", "shorting": "false"})
    assert told.status_code == 200
    assert (told.json()["ok"], told.json()["problems"]) == (True, [])
    assert told.json()["toml"] == '[hedges.desk.COIN]\ncollar_bps = 90\nthreshold_shares = "2.5"\nshorting = false\n'
    assert (home / "flatbook.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"collar_bps": "0"}, "hedges.desk.COIN.collar_bps", "0 is out of range: from 1 to 5000"),
        ({"collar_bps": "many"}, "hedges.desk.COIN.collar_bps", "a whole number is expected, and not a text"),
        ({"threshold_shares": "-1"}, "hedges.desk.COIN.threshold_shares", "-1 is out of range"),
        ({"instrument": "NOTHING"}, "hedges.desk.COIN.instrument", "NOTHING"),
        ({"order_ttl_s": None}, "hedges.desk.COIN.order_ttl_s", "is missing"),
    ],
)
def test_a_change_that_could_not_start_says_why(
    client: TestClient[Any], changes: dict[str, str | None], key: str, said: str
) -> None:
    told = checked(client, "hedges.desk.COIN", changes).json()
    assert (told["ok"], told["digest"], told["problems"][0]["key"]) == (False, None, key)
    assert said in told["problems"][0]["what"]


def test_what_the_environment_states_is_not_changed_in_the_files(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLATBOOK__HEDGES__DESK__COIN__COLLAR_BPS", "80")
    told = checked(client, "hedges.desk.COIN", {"collar_bps": "90"}).json()
    assert (told["ok"], told["problems"][0]["where"]) == (False, "env FLATBOOK__HEDGES__DESK__COIN__COLLAR_BPS")


@pytest.mark.parametrize(("key", "name"), [("hedges.desk.NONE", "x"), ("accounts.paper", "kind"), ("risk", "nothing")])
def test_only_values_of_strategies_are_looked_at(client: TestClient[Any], key: str, name: str) -> None:
    assert checked(client, key, {name: "1"}).status_code == 404
