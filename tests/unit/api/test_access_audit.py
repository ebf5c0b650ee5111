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
    older = [(number, 1, 1, 1, f"old:{number}", "old", "old", "") for number in range(1, 10_001)]
    door.executemany("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", older)
    for number in range(300):
        trail.note(f"token:{number}", "GET /", "unknown_route", "", NOW)
    assert len(trail._open) <= 257
    assert door.execute("SELECT count(*), min(number), max(number) FROM attempts").fetchone() == (10_000, 301, 10_300)


def test_ever_new_attempts_of_one_actor_are_told_apart_up_to_a_number_and_counted_together_behind_it(
    door: sqlite3.Connection,
) -> None:
    trail = Trail(door)
    for number in range(1_000):
        trail.note("nobody", f"GET /{number}", "unknown_route", "no such path", NOW)
    trail.note("token:bot", "POST /api/v1/commands/lift", "scope_missing", "it has read", NOW)
    kept = told(trail)
    assert kept[:2] == [
        ("token:bot", "POST /api/v1/commands/lift", "scope_missing", 1),
        ("nobody", "and more, of many kinds", "unknown_route", 872),
    ]
    assert door.execute("SELECT count(*) FROM attempts").fetchone() == (130,)
    trail.note("nobody", "GET /later", "unknown_route", "no such path", later(NOW, seconds=60))
    assert told(trail)[0] == ("nobody", "GET /later", "unknown_route", 1)


def test_a_flood_of_days_pushes_out_nothing_of_what_others_did(door: sqlite3.Connection) -> None:
    trail = Trail(door)
    door.execute("PRAGMA synchronous = OFF")
    trail.note("token:bot", "make token spy", "token_made", "admin, 30 days", NOW)
    for number in range(12_000):
        trail.note("nobody", f"GET /{number}", "unknown_route", "", later(NOW, seconds=number))
    assert trail.latest(before=None, limit=5_000)[-1].act == "make token spy"
    assert door.execute("SELECT count(*) FROM attempts WHERE actor = 'nobody'").fetchone() == (2_000,)


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


def test_what_is_known_is_told_on_a_disk_that_takes_nothing(door: sqlite3.Connection) -> None:
    trail = Trail(door)
    for _ in range(3):
        trail.note("nobody", "a", "not_logged_in", "", NOW)
    door.execute("PRAGMA query_only = ON")
    assert told(trail) == [("nobody", "a", "not_logged_in", 1)]
    door.execute("PRAGMA query_only = OFF")
    assert told(trail) == [("nobody", "a", "not_logged_in", 3)]


def test_a_clock_that_was_set_back_begins_a_line_of_its_own(door: sqlite3.Connection) -> None:
    trail = Trail(door)
    trail.note("nobody", "a", "not_logged_in", "", NOW)
    trail.note("nobody", "a", "not_logged_in", "", later(NOW, seconds=-3_600))
    assert told(trail) == [("nobody", "a", "not_logged_in", 1)] * 2
