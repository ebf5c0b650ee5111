"""Tokens: shown once, kept as a hash, over at their end and after a revocation."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.api.access_file import DoorUnusable, open_door_file
from flatbook.api.access_scopes import Scope, includes
from flatbook.api.access_tokens import (
    TokenRefused,
    actor_of_token,
    create_token,
    list_tokens,
    revoke_token,
    token_stands,
)
from flatbook.values.instants import Instant, later

NOW = Instant(1_800_000_000_000_000_000)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_door_file(tmp_path / "door.sqlite")) as connection:
        yield connection


def test_a_token_names_its_actor_and_scope(door: sqlite3.Connection) -> None:
    actor = actor_of_token(door, create_token(door, "bot", Scope.TRADE, days=30, now=NOW))
    assert actor is not None
    assert (actor.name, actor.scopes) == ("token:bot", ("read", "trade"))
    assert actor.ends_at == later(NOW, seconds=2_592_000)


def test_the_scopes_are_a_ladder() -> None:
    held = {held: [asked.value for asked in Scope if includes(held, asked)] for held in Scope}
    assert held == {
        Scope.READ: ["read"],
        Scope.TRADE: ["read", "trade"],
        Scope.RISK: ["read", "trade", "risk"],
        Scope.ADMIN: ["read", "trade", "risk", "admin"],
    }


def test_the_text_of_a_token_is_not_kept(door: sqlite3.Connection, tmp_path: Path) -> None:
    text = create_token(door, "bot", Scope.READ, days=1, now=NOW)
    written = b"".join(path.read_bytes() for path in tmp_path.glob("door.sqlite*"))
    assert text.encode() not in written
    assert len(text) == 56


def test_a_token_stands_until_its_end(door: sqlite3.Connection) -> None:
    actor = actor_of_token(door, create_token(door, "bot", Scope.READ, days=1, now=NOW))
    assert actor is not None
    assert token_stands(door, actor.number, later(NOW, seconds=86_399))
    assert not token_stands(door, actor.number, later(NOW, seconds=86_400))


def test_a_revoked_token_is_nobodys_for_every_process_at_once(door: sqlite3.Connection, tmp_path: Path) -> None:
    text = create_token(door, "bot", Scope.READ, days=1, now=NOW)
    with closing(open_door_file(tmp_path / "door.sqlite")) as command_line:
        revoke_token(command_line, "bot")
    assert actor_of_token(door, text) is None
    assert list_tokens(door) == ()


@pytest.mark.parametrize("name", ["", "Bot", "-bot", "a" * 41, "a b", "b\N{SNOWMAN}t"])
def test_a_name_that_would_confuse_the_journal_is_refused(door: sqlite3.Connection, name: str) -> None:
    with pytest.raises(TokenRefused, match="1 to 40 lower-case"):
        create_token(door, name, Scope.READ, days=1, now=NOW)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_lasts_a_day_to_a_year(door: sqlite3.Connection, days: int) -> None:
    with pytest.raises(TokenRefused, match="1 to 366 days"):
        create_token(door, "bot", Scope.READ, days=days, now=NOW)


def test_two_tokens_cannot_have_one_name(door: sqlite3.Connection) -> None:
    create_token(door, "bot", Scope.READ, days=1, now=NOW)
    with pytest.raises(TokenRefused, match="exists"):
        create_token(door, "bot", Scope.ADMIN, days=1, now=NOW)
    with pytest.raises(TokenRefused, match="no token is called 'bat'"):
        revoke_token(door, "bat")


def test_there_are_at_most_sixty_four_tokens(door: sqlite3.Connection) -> None:
    for number in range(64):
        create_token(door, f"bot{number}", Scope.READ, days=1, now=NOW)
    with pytest.raises(TokenRefused, match="revoke one first"):
        create_token(door, "one-more", Scope.READ, days=1, now=NOW)


def test_a_file_of_another_version_or_none_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "door.sqlite"
    with closing(open_door_file(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(DoorUnusable, match="another version"):
        open_door_file(path)
    for side in tmp_path.glob("door.sqlite*"):
        side.unlink()
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(DoorUnusable, match="cannot be used"):
        open_door_file(path)
