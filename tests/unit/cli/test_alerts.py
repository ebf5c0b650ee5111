from __future__ import annotations

import json
from pathlib import Path

import pytest

from flatbook.ops.alerts.delivery import file_beside, read_kept
from flatbook.ops.config_example import EXAMPLE
from tests.unit.cli.scene import call, keep, unknown_desk

LOG = '\n[alerts.channels.log]\nkind = "log"\n'
DEAD = '\n[alerts.channels.dead]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n'


def home_with(folder: Path, channels: str) -> Path:
    (folder / "flatbook.toml").write_text(EXAMPLE + channels, encoding="ascii")
    return folder


@pytest.fixture
def unsure(tmp_path: Path) -> Path:
    """Gives the home of a desk that was cut while an order was unknown."""
    keep(unknown_desk(), tmp_path)
    return home_with(tmp_path, LOG)


def test_what_stands_is_listed_with_its_age_and_whether_it_was_told(unsure: Path) -> None:
    body = call("alerts", "list", "--json", "--home", str(unsure)).body()
    listed = {alert["name"]: alert for alert in body["alerts"]}
    assert body["schema"] == "flatbook.alerts.list.v1"
    assert {"order_unknown", "engine_gone"} <= set(listed)
    unknown = listed["order_unknown"]
    assert (unknown["severity"], unknown["told_at"]) == ("warning", None)
    assert unknown["age_s"] > 0
    assert unknown["runbook"] == "docs/runbook.md#order_unknown"
    assert not file_beside(unsure / "journal.sqlite").exists()


def test_people_read_a_table(unsure: Path) -> None:
    told = call("alerts", "list", "--home", str(unsure))
    assert told.code == 0
    assert told.out.splitlines()[0].endswith(" alerts")
    assert "docs/runbook.md#order_unknown" in told.out


def test_every_rule_is_listed_with_its_bound(tmp_path: Path) -> None:
    home = home_with(tmp_path, "\n[alerts]\nunknown_s = 45\n")
    rules = {rule["name"]: rule for rule in call("alerts", "rules", "--json", "--home", str(home)).body()["rules"]}
    assert rules["order_unknown"]["bound"] == "45 s"
    assert rules["halted"]["bound"] == "at once"


def test_a_test_message_goes_through_each_channel_and_says_what_came_of_it(tmp_path: Path) -> None:
    told = call("alerts", "test", "--json", "--home", str(home_with(tmp_path, LOG + DEAD)))
    assert told.code == 1
    assert told.body()["channels"] == [
        {"channel": "log", "kind": "log", "taken": True, "why": None},
        {"channel": "dead", "kind": "webhook", "taken": False, "why": "no connection, or it broke"},
    ]
    assert json.loads(told.err)["event"] == "alert_told"


def test_channels_that_take_the_test_end_it_well(tmp_path: Path) -> None:
    assert call("alerts", "test", "--home", str(home_with(tmp_path, LOG))).code == 0


@pytest.mark.parametrize("verb", ["test", "watch"])
def test_without_a_channel_nothing_can_be_told(tmp_path: Path, verb: str) -> None:
    told = call("alerts", verb, "--home", str(home_with(tmp_path, "")))
    assert told.code == 2
    assert told.err.startswith("flatbook: alerts.channels: there is no channel")
    assert read_kept(file_beside(tmp_path / "journal.sqlite")).book == {}
