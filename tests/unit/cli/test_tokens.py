"""`flatbook token`: made, listed, revoked; its text is printed once and kept nowhere."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest

from flatbook.api import access_file
from flatbook.api.access_file import open_door_file
from flatbook.cli.faults import Exit
from tests.unit.cli.scene import call


@pytest.fixture(autouse=True)
def desk(home_of_its_own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives each test a desk whose API would listen on a port on which nobody does."""
    assert call("init").code == Exit.OK
    with socket.socket() as trying:
        trying.bind(("127.0.0.1", 0))
        monkeypatch.setenv("FLATBOOK__API__PORT", str(trying.getsockname()[1]))


def test_a_token_is_shown_once_and_listed_without_its_text(home_of_its_own: Path) -> None:
    made = call("token", "create", "bot", "--scope", "trade", "--json").body()
    assert made["name"] == "bot"
    assert made["token"].startswith("fbt_")
    told = call("token", "list")
    assert "bot" in told.out
    assert "trade" in told.out
    assert made["token"] not in told.out
    assert made["token"].encode() not in (home_of_its_own / "door.sqlite").read_bytes()


def test_a_revoked_token_is_gone(home_of_its_own: Path) -> None:
    call("token", "create", "bot", "--scope", "read")
    assert call("token", "revoke", "bot").out == "bot is revoked\n"
    assert call("token", "list").out == "there are no tokens\n"
    assert call("token", "revoke", "bot").code == Exit.USAGE


def test_a_token_needs_a_scope_and_a_bounded_life(home_of_its_own: Path) -> None:
    assert call("token", "create", "bot").code == Exit.USAGE
    refused = call("token", "create", "bot", "--scope", "read", "--days", "400")
    assert refused.code == Exit.USAGE
    assert "a token lasts 1 to 366 days" in refused.err


def test_a_link_opens_the_console_once(home_of_its_own: Path) -> None:
    from contextlib import closing

    from flatbook.api.access_file import open_door_file
    from flatbook.api.access_sessions import redeem_link
    from flatbook.ops.clock import SystemClock

    address = call("token", "link", "--port", "1", "--json").body()["link"]
    assert address.startswith("http://127.0.0.1:1/#once=fbl_")
    with closing(open_door_file(home_of_its_own / "door.sqlite")) as door:
        assert redeem_link(door, address.split("=")[1], "console:ewa", SystemClock().now()) is not None


def test_it_is_said_when_no_api_of_this_home_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLATBOOK__API__PORT", "2")
    made = call("token", "create", "bot", "--scope", "read")
    assert made.out.startswith("fbt_")
    assert made.err == "no API of this home answers at http://127.0.0.1:2: start `flatbook api`\n"
    linked = call("token", "link", "--port", "1")
    assert linked.out.startswith("http://127.0.0.1:1/#once=fbl_")
    assert linked.err == "no API of this home answers at http://127.0.0.1:1: start `flatbook api --port 1`\n"
    assert call("token", "link", "--json").body()["api_answers"] is False
    assert [each["name"] for each in call("token", "list", "--json").body()["tokens"]] == ["bot"]


def test_a_folder_without_a_configuration_is_given_no_door(tmp_path: Path) -> None:
    for words in (("create", "bot", "--scope", "read"), ("link",), ("list",), ("revoke", "bot")):
        told = call("token", *words, "--home", str(tmp_path))
        assert told.code == Exit.CONFIG
        assert "flatbook init" in told.err
    assert not (tmp_path / "door.sqlite").exists()


def test_tokens_are_revoked_although_the_configuration_is_spoilt(home_of_its_own: Path) -> None:
    call("token", "create", "bot", "--scope", "read")
    (home_of_its_own / "flatbook.toml").write_text("spoilt", "utf-8")
    assert call("token", "revoke", "bot").out == "bot is revoked\n"


def test_a_door_that_cannot_be_written_is_said_in_one_line(
    home_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("token", "create", "bot", "--scope", "read").code == Exit.OK

    def full(path: Path) -> sqlite3.Connection:
        connection = open_door_file(path)
        connection.execute("PRAGMA query_only = ON")
        return connection

    monkeypatch.setattr(access_file, "open_door_file", full)
    for words in (("create", "other", "--scope", "read"), ("revoke", "bot"), ("link",)):
        told = call("token", *words)
        assert (told.code, told.out) == (Exit.ERROR, "")
        assert told.err == (
            f"flatbook: {home_of_its_own}/door.sqlite cannot be used: attempt to write a readonly database; "
            "nothing was changed\n"
        )
    assert "bot" in call("token", "list").out
