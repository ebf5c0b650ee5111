"""Accounts and channels as they are configured: of their keys the place, and never the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from flatbook.api.app import create_app
from flatbook.api.reads import READS
from tests.unit.api.conftest import site_of
from tests.unit.cli.scene import call

MORE = """
[alerts.channels.phone]
kind = "telegram"
token = "secret:bot"
chat = "1"
severity = "critical"

[secrets]
bot = "env:BOT_TOKEN"
"""


def test_the_place_of_a_key_is_told_and_not_the_key(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("BOT_TOKEN", "very-secret")
    assert call("init", "--recordings", "--home", str(tmp_path)).code == 0
    (tmp_path / "flatbook.d").mkdir(exist_ok=True)
    (tmp_path / "flatbook.d" / "phone.toml").write_text(MORE, "utf-8")
    with TestClient(create_app(site_of(tmp_path), READS)) as client:
        channels = client.get("/api/v1/channels")
        accounts = client.get("/api/v1/accounts").json()["accounts"]
    assert channels.json()["channels"] == [
        {
            "channel": "phone",
            "kind": "telegram",
            "severity": "critical",
            "quiet": None,
            "keys": [{"field": "token", "name": "bot", "place": "env:BOT_TOKEN"}],
        }
    ]
    assert channels.json()["bounds_s"]["unhedged_s"] == 300
    assert "very-secret" not in channels.text
    assert [(each["account"], each["real_money"], each["keys"]) for each in accounts] == [("paper", False, [])]
