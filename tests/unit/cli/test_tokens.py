"""`flatbook token`: made, listed, revoked; its text is printed once and kept nowhere."""

from __future__ import annotations

from pathlib import Path

from flatbook.cli.faults import Exit
from tests.unit.cli.scene import call


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

    address = call("token", "link", "--port", "9000", "--json").body()["link"]
    assert address.startswith("http://127.0.0.1:9000/#once=fbl_")
    with closing(open_door_file(home_of_its_own / "door.sqlite")) as door:
        assert redeem_link(door, address.split("=")[1], "console:ewa", SystemClock().now()) is not None
