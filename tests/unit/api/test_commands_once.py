"""Keys of commands: the same is answered the same, another body is told apart, a restart forgets nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.api.access import Access
from flatbook.api.access_file import open_door_file
from flatbook.api.commands_once import Answers, Begun, Known, digest_of, is_key
from flatbook.ops.clock import SystemClock
from flatbook.ops.config_api import ApiSection

HALT = digest_of("/api/v1/commands/halt", b'{"reason":"a"}')
KEY = "key-0001"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_door_file(tmp_path / "door.sqlite")) as connection:
        yield connection


def test_a_stop_waits_for_nobody_who_holds_the_file_of_the_door(tmp_path: Path) -> None:
    path = tmp_path / "door.sqlite"
    access = Access(path, SystemClock(), host="127.0.0.1", port=8787, user="ewa", section=ApiSection())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert access.answers.begin("token:bot", "key-0001", b"halt") is Begun.FRESH
        access.answers.end("token:bot", "key-0001", Known(status=200, body=b"{}"))
        access.note(None, "POST /api/v1/commands/halt", "key_missing", "")
        other.execute("ROLLBACK")
    assert access.trail.lost == 1
    assert access.file.execute("PRAGMA busy_timeout").fetchone() == (200,)
    access.close()


def test_the_same_command_is_answered_as_before_by_the_next_process_too(
    door: sqlite3.Connection, tmp_path: Path
) -> None:
    answers = Answers(door)
    assert answers.begin("token:bot", KEY, HALT) is Begun.FRESH
    answers.end("token:bot", KEY, Known(status=200, body=b"{}"))
    assert answers.begin("token:bot", KEY, HALT) == Known(status=200, body=b"{}")
    with closing(open_door_file(tmp_path / "door.sqlite")) as again:
        assert Answers(again).begin("token:bot", KEY, HALT) == Known(status=200, body=b"{}")


def test_the_same_key_with_another_body_or_path_is_another_command(door: sqlite3.Connection) -> None:
    answers = Answers(door)
    answers.begin("token:bot", KEY, HALT)
    answers.end("token:bot", KEY, None)
    assert answers.begin("token:bot", KEY, digest_of("/api/v1/commands/halt", b"{}")) is Begun.OTHER_BODY
    other = digest_of("/api/v1/commands/kill", b'{"reason":"a"}')
    assert answers.begin("token:bot", KEY, other) is Begun.OTHER_BODY


def test_keys_of_two_actors_do_not_meet(door: sqlite3.Connection) -> None:
    answers = Answers(door)
    assert answers.begin("token:bot", KEY, HALT) is Begun.FRESH
    assert answers.begin("token:bat", KEY, HALT) is Begun.FRESH


def test_a_command_under_way_is_not_begun_again(door: sqlite3.Connection) -> None:
    answers = Answers(door)
    answers.begin("token:bot", KEY, HALT)
    assert answers.begin("token:bot", KEY, HALT) is Begun.UNDER_WAY


def test_a_command_without_an_answer_may_be_tried_again_by_whoever_comes_next(
    door: sqlite3.Connection, tmp_path: Path
) -> None:
    Answers(door).begin("token:bot", KEY, HALT)
    with closing(open_door_file(tmp_path / "door.sqlite")) as again:
        assert Answers(again).begin("token:bot", KEY, HALT) is Begun.FRESH


def test_the_newest_ten_thousand_answers_are_kept(door: sqlite3.Connection) -> None:
    door.execute("INSERT INTO answers VALUES (1, 'token:bot', 'key-old1', x'00', 200, x'00')")
    door.execute("INSERT INTO answers VALUES (10000, 'token:bot', 'key-old2', x'00', 200, x'00')")
    Answers(door).begin("token:bot", KEY, HALT)
    assert [row[0] for row in door.execute("SELECT number FROM answers ORDER BY number")] == [10_000, 10_001]


@pytest.mark.parametrize(
    ("text", "is_good"),
    [("a" * 8, True), ("a" * 64, True), ("A-Z_9-09", True), ("a" * 7, False), ("a" * 65, False), ("a b c d e", False)],
)
def test_a_key_has_eight_to_sixty_four_plain_characters(text: str, is_good: bool) -> None:
    assert is_key(text) is is_good
