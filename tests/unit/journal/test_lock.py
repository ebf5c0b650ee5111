from __future__ import annotations

import os
from pathlib import Path

import pytest

from flatbook.engine.ports import JournalUnavailable
from flatbook.journal.lock import RUNS_MAX, hold, lock_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_a_lock_is_held_once_and_says_by_whom(path: Path) -> None:
    lock = hold(path)
    with pytest.raises(JournalUnavailable, match=f"is held by process {os.getpid()}: stop that one first"):
        hold(path)
    lock.release()
    lock.release()
    hold(path).release()


def test_a_lock_that_is_taken_over_belongs_to_the_second(path: Path) -> None:
    first = hold(path)
    first.check_held()
    second = hold(path, take_over=True)
    second.check_held()
    with pytest.raises(JournalUnavailable, match="was taken over by another process"):
        first.check_held()
    with pytest.raises(JournalUnavailable, match="is held by process"):
        hold(path)
    first.release()
    with pytest.raises(JournalUnavailable, match="is held by process"):
        hold(path)
    second.release()
    hold(path).release()


def test_the_runs_outlive_the_lock_and_a_take_over(path: Path) -> None:
    first = hold(path)
    first.note_runs("one", "two")
    second = hold(path, take_over=True)
    assert second.runs == ("one", "two")
    second.note_runs("three")
    second.release()
    first.release()
    third = hold(path)
    assert third.runs == ("three",)
    third.release()


def test_only_the_newest_runs_are_kept(path: Path) -> None:
    lock = hold(path)
    lock.note_runs(*(f"run{number}" for number in range(RUNS_MAX + 2)))
    assert lock.runs[0] == "run2"
    assert len(lock.runs) == 16
    lock.release()


def test_an_unreadable_note_is_as_good_as_none(path: Path) -> None:
    lock_path(path).write_bytes(b"\x00garbage")
    lock = hold(path)
    assert lock.runs == ()
    lock.release()


def test_the_lock_file_is_readable_by_its_owner_only(path: Path) -> None:
    hold(path).release()
    assert lock_path(path).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_is_said(path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="cannot be opened: No such file or directory"):
        hold(path.parent / "nowhere" / "journal.sqlite")
