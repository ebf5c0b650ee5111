"""The trail of attempts: equal ones are counted, the file has a bound, a full disk stops nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.api.access_audit import Trail
from flatbook.api.access_file import open_door_file
from flatbook.values.instants import Instant, later

NOW = Instant(1_800_000_000_000_000_000)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_door_file(tmp_path / "door.sqlite")) as connection:
        yield connection


def told(trail: Trail) -> list[tuple[str, str, str, int]]:
    return [(each.actor, each.act, each.code, each.times) for each in trail.latest(before=None, limit=100)]


def test_equal_attempts_of_a_minute_are_one_line_with_a_count(door: sqlite3.Connection) -> None:
    trail = Trail(door)
    for second in range(50):
        trail.note("nobody", "GET /api/v1/orders", "not_logged_in", "no cookie", later(NOW, seconds=second))
    trail.note("nobody", "GET /api/v1/orders", "not_logged_in", "no cookie", later(NOW, seconds=60))
    assert told(trail) == [
        ("nobody", "GET /api/v1/orders", "not_logged_in", 1),
        ("nobody", "GET /api/v1/orders", "not_logged_in", 50),
    ]
    assert trail.latest(before=None, limit=2)[1].last_at == later(NOW, seconds=49)


def test_other_attempts_have_lines_of_their_own_and_pages_go_back(door: sqlite3.Connection) -> None:
    trail = Trail(door)
    for act in ("a", "b", "c"):
        trail.note("nobody", act, "not_logged_in", "", NOW)
    newest = trail.latest(before=None, limit=2)
    assert [each.act for each in newest] == ["c", "b"]
    assert [each.act for each in trail.latest(before=newest[-1].number, limit=2)] == ["a"]


def test_ever_new_attempts_leave_the_newest_ten_thousand_and_bounded_memory(door: sqlite3.Connection) -> None:
    trail = Trail(door)
    door.execute("PRAGMA synchronous = OFF")
    door.execute("INSERT INTO attempts VALUES (9999, 1, 1, 1, 'old', 'old', 'old', '')")
    door.execute("INSERT INTO attempts VALUES (1, 1, 1, 1, 'older', 'older', 'older', '')")
    for number in range(300):
        trail.note("nobody", f"GET /{number}", "unknown_route", "", NOW)
    assert len(trail._open) <= 257
    assert door.execute("SELECT count(*), min(number), max(number) FROM attempts").fetchone() == (301, 9_999, 10_299)


def test_the_next_process_finds_what_was_noted(door: sqlite3.Connection, tmp_path: Path) -> None:
    trail = Trail(door)
    trail.note("token:bot", "POST /api/v1/commands/lift", "scope_missing", "it has read", NOW)
    trail.note("token:bot", "POST /api/v1/commands/lift", "scope_missing", "it has read", NOW)
    trail.flush()
    with closing(open_door_file(tmp_path / "door.sqlite")) as again:
        assert told(Trail(again)) == [("token:bot", "POST /api/v1/commands/lift", "scope_missing", 2)]


def test_a_disk_that_takes_nothing_loses_the_note_and_stops_nothing(door: sqlite3.Connection) -> None:
    trail = Trail(door)
    door.execute("PRAGMA query_only = ON")
    trail.note("nobody", "a", "not_logged_in", "", NOW)
    assert trail.lost == 1
    assert told(trail) == []
