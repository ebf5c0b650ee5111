"""Backup and restore from the command line, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flatbook.journal.sqlite import open_journal
from tests.unit.cli.scene import call, flat_desk, keep, unknown_desk


@pytest.fixture
def backed_up(tmp_path: Path) -> tuple[Path, Path]:
    """Gives the home of a desk and a backup of its journal."""
    home = tmp_path / "desk"
    keep(flat_desk(), home)
    to = tmp_path / "copy.sqlite"
    told = call("backup", str(to), "--home", str(home))
    assert told.code == 0
    assert told.out.startswith(f"wrote {to}: 14 events, ends with event 14, hash ")
    return home, to


def test_a_backup_tells_the_same_story_as_the_journal(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    home, to = backed_up
    other = tmp_path / "other"
    restored = call("restore", str(to), "--json", "--home", str(other))
    assert (restored.code, restored.body()["aside"], restored.body()["events"]) == (0, None, 14)
    assert call("pnl", "--json", "--home", str(other)).out == call("pnl", "--json", "--home", str(home)).out


def test_a_backup_into_a_folder_names_itself_and_never_overwrites(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    home, to = backed_up
    body = call("backup", str(tmp_path), "--json", "--home", str(home)).body()
    assert Path(body["path"]).parent == tmp_path
    assert Path(body["path"]).name.startswith("journal-20")
    again = call("backup", str(to), "--home", str(home))
    assert again.code == 2
    assert "a backup never overwrites" in again.err


def test_a_backup_is_made_while_somebody_writes(tmp_path: Path) -> None:
    path = keep(flat_desk(), tmp_path)
    journal = open_journal(path)
    try:
        assert call("backup", str(tmp_path / "copy"), "--home", str(tmp_path)).code == 0
    finally:
        journal.close()


def test_a_restore_leaves_the_mark_that_halts_the_next_start(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    _, to = backed_up
    home = tmp_path / "other"
    told = call("restore", str(to), "--home", str(home))
    assert "the next start is halted" in told.out
    note = json.loads((home / "restored").read_text())
    assert (note["from"], note["events"]) == (str(to), 14)


def test_a_restore_over_a_journal_needs_force_and_keeps_it(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    _, to = backed_up
    home = tmp_path / "other"
    keep(unknown_desk(), home)
    refused = call("restore", str(to), "--yes", "--home", str(home))
    assert (refused.code, (home / "restored").exists()) == (2, False)
    unsure = call("restore", str(to), "--force", "--home", str(home))
    assert (unsure.code, (home / "restored").exists()) == (2, False)
    assert "add --yes if you mean it" in unsure.err
    body = call("restore", str(to), "--force", "--yes", "--json", "--home", str(home)).body()
    assert call("status", "--json", "--home", str(home)).body()["flat"] is True
    aside = Path(body["aside"])
    aside.rename(aside.with_name("journal.sqlite.was"))
    assert not list(home.glob("journal.sqlite.replaced-*"))
    other = tmp_path / "was"
    other.mkdir()
    aside.with_name("journal.sqlite.was").rename(other / "journal.sqlite")
    assert call("status", "--exit-code", "--home", str(other)).code == 7


def test_a_damaged_backup_changes_nothing(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    _, to = backed_up
    content = bytearray(to.read_bytes())
    place = content.index(b"250.02")
    content[place : place + 6] = b"250.03"
    to.write_bytes(content)
    home = tmp_path / "other"
    path = keep(unknown_desk(), home)
    before = path.read_bytes()
    told = call("restore", str(to), "--force", "--yes", "--home", str(home))
    assert told.code == 1
    assert "its content does not give its hash" in told.err
    assert path.read_bytes() == before
    assert not (home / "restored").exists()


def test_a_restore_while_somebody_writes_changes_nothing(backed_up: tuple[Path, Path]) -> None:
    home, to = backed_up
    journal = open_journal(home / "journal.sqlite")
    try:
        told = call("restore", str(to), "--force", "--yes", "--home", str(home))
        assert told.code == 1
        assert "is held by process" in told.err
        assert journal.last == 14
        assert not (home / "restored").exists()
    finally:
        journal.close()


def test_a_restore_of_nothing_is_refused(tmp_path: Path) -> None:
    told = call("restore", str(tmp_path / "gone"))
    assert (told.code, told.err) == (2, f"flatbook: {tmp_path / 'gone'}: there is no such file\n")
