from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.engine.ports import Fenced, JournalBroken, JournalUnavailable
from flatbook.journal.archive import archive
from flatbook.journal.copies import backup, restore
from flatbook.journal.inspection import verify
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.ids import Seq
from flatbook.values.instants import later
from tests.contract.journal.engines import NOW, fill_journal, mark


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "book" / "journal.sqlite"
    create_journal(place)
    return place


def lasts_in(path: Path) -> list[int]:
    with closing(open_reader(path)) as reader:
        return [row.last for row in reader.read()]


def test_a_backup_of_a_running_journal_is_whole_and_one_file(path: Path, tmp_path: Path) -> None:
    to = tmp_path / "backup.sqlite"
    with closing(open_journal(path)) as journal:
        epoch = fill_journal(journal, 2, 1)
        verified = backup(path, to)
        journal.append([mark(4)], after=Seq(3), epoch=epoch, cursors={}, at=NOW)
    assert (verified.rows, verified.events) == (2, 3)
    assert lasts_in(to) == [2, 3]
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["backup.sqlite"]
    assert to.stat().st_mode & 0o777 == 0o600


def test_rows_committed_while_a_backup_is_made_are_not_mixed_in(path: Path, tmp_path: Path) -> None:
    with closing(open_journal(path)) as journal:
        epoch = fill_journal(journal, *[40] * 200)
        said = []

        def append_meanwhile(done: int, total: int) -> None:
            said.append((done, total))
            after = journal.last
            journal.append([mark(1)], after=after, epoch=epoch, cursors={}, at=NOW)

        verified = backup(path, tmp_path / "backup.sqlite", progress=append_meanwhile)
        assert journal.last == 8_000 + len(said)
    assert verified.head.last == 8_000
    assert said[-1][0] == said[-1][1]


def test_a_backup_never_overwrites(path: Path, tmp_path: Path) -> None:
    (tmp_path / "backup.sqlite").write_bytes(b"mine")
    with pytest.raises(JournalUnavailable, match="a backup never overwrites"):
        backup(path, tmp_path / "backup.sqlite")
    assert (tmp_path / "backup.sqlite").read_bytes() == b"mine"


def test_a_backup_into_a_folder_that_is_not_there_says_so(path: Path, tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="cannot be written: No such file or directory"):
        backup(path, tmp_path / "nowhere" / "backup.sqlite")


def test_a_restored_journal_never_repeats_an_epoch_of_the_one_it_replaces(path: Path, tmp_path: Path) -> None:
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 2)
        backup(path, tmp_path / "backup.sqlite")
        epoch = journal.take_lease(later(NOW, seconds=50))
        journal.append([mark(3)], after=Seq(2), epoch=epoch, cursors={}, at=NOW)
    shutil.rmtree(path.parent)
    verified = restore(tmp_path / "backup.sqlite", path)
    assert (verified.rows, verified.head.last) == (1, 2)
    with closing(open_journal(path)) as journal:
        fresh = journal.take_lease(later(NOW, seconds=51))
        assert fresh > epoch
        with pytest.raises(Fenced):
            journal.append([mark(3)], after=Seq(2), epoch=epoch, cursors={}, at=NOW)
        assert journal.append([mark(3)], after=Seq(2), epoch=fresh, cursors={}, at=NOW) == 3


@pytest.mark.parametrize("left", ["journal.sqlite", "journal.sqlite-wal"])
def test_a_backup_is_not_put_over_what_is_there(path: Path, tmp_path: Path, left: str) -> None:
    backup(path, tmp_path / "backup.sqlite")
    path.unlink()
    (path.parent / left).write_bytes(b"left")
    with pytest.raises(JournalUnavailable, match="move both away first"):
        restore(tmp_path / "backup.sqlite", path)


def test_a_damaged_backup_is_not_restored(path: Path, tmp_path: Path) -> None:
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 20, 20)
    copy = tmp_path / "backup.sqlite"
    backup(path, copy)
    content = copy.read_bytes()
    copy.write_bytes(content.replace(b"config", b"forged", 1))
    path.unlink()
    with pytest.raises(JournalBroken, match="row"):
        restore(copy, path)
    assert not path.exists()


def test_a_running_journal_is_no_backup(path: Path, tmp_path: Path) -> None:
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 1)
        with pytest.raises(JournalUnavailable, match="is a journal in use and no backup"):
            restore(path, tmp_path / "other.sqlite")


def test_a_restored_journal_finds_the_segments_it_was_archived_into(path: Path, tmp_path: Path) -> None:
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 2, 1, 1)
    archive(path, before=Seq(4), into=tmp_path / "cold")
    assert backup(path, tmp_path / "backup.sqlite").rows == 3
    path.unlink()
    restore(tmp_path / "backup.sqlite", path)
    assert lasts_in(path) == [2, 3, 4]
    assert verify(path).segments == 1
