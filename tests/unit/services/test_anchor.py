"""The note of a journal's end: what it lets pass and what it refuses."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.engine.ports import JournalBroken, JournalUnavailable
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.services.anchor import AnchoredJournal, anchored
from flatbook.values.ids import Epoch, Seq
from tests.contract.journal.engines import NOW, marks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "journal.sqlite"
    create_journal(place)
    return place


def opened(path: Path, *, is_restored: bool = False) -> AnchoredJournal:
    return anchored(open_journal(path), path, is_restored=is_restored)


def append(path: Path, rows: int, *, is_restored: bool = False) -> Epoch:
    """Appends rows of one event each to a journal that notes its end."""
    with closing(opened(path, is_restored=is_restored)) as journal:
        epoch = journal.take_lease(NOW)
        for _ in range(rows):
            last = journal.last
            journal.append(marks(last + 1, last + 1), after=last, epoch=epoch, cursors={}, at=NOW)
    return epoch


def test_a_journal_that_ends_where_it_was_noted_is_taken(path: Path) -> None:
    append(path, 3)
    with closing(opened(path)) as journal:
        assert journal.last == 3
        assert [row.last for row in journal.read(Seq(1))] == [2, 3]


def test_a_journal_that_lacks_its_last_rows_is_refused_and_left_closed(path: Path, tmp_path: Path) -> None:
    append(path, 2)
    shutil.copyfile(path, tmp_path / "older")
    append(path, 3)
    shutil.copyfile(tmp_path / "older", path)
    for _ in range(2):
        with pytest.raises(
            JournalBroken, match=r"ends with row 2 \(event 2\), and row 5 \(event 5\) was committed here"
        ):
            opened(path)


def test_an_older_journal_that_was_restored_is_taken_and_noted_anew(path: Path, tmp_path: Path) -> None:
    append(path, 2)
    shutil.copyfile(path, tmp_path / "older")
    append(path, 3)
    shutil.copyfile(tmp_path / "older", path)
    opened(path, is_restored=True).close()
    with closing(opened(path)) as journal:
        assert journal.last == 2


def test_a_row_that_was_committed_and_not_noted_is_no_fault(path: Path) -> None:
    append(path, 2)
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(NOW)
        journal.append(marks(3, 3), after=Seq(2), epoch=epoch, cursors={}, at=NOW)
    with closing(opened(path)) as journal:
        assert journal.last == 3


def test_a_longer_journal_of_another_desk_is_refused(path: Path, tmp_path: Path) -> None:
    append(path, 2)
    other = tmp_path / "other" / "journal.sqlite"
    create_journal(other)
    with closing(open_journal(other)) as journal:
        journal.append(marks(7, 9), after=Seq(0), epoch=journal.take_lease(NOW), cursors={}, at=NOW)
        journal.append(marks(7, 9), after=Seq(3), epoch=Epoch(journal.take_lease(NOW)), cursors={}, at=NOW)
        journal.append(marks(7, 9), after=Seq(6), epoch=Epoch(journal.take_lease(NOW)), cursors={}, at=NOW)
    shutil.copyfile(other, path)
    with pytest.raises(JournalBroken, match="another journal was put in its place"):
        opened(path)


@pytest.mark.parametrize("note", [b"", b"{", b'{"rows":1}', b"\xff" * 256])
def test_a_note_that_cannot_be_read_is_none(path: Path, note: bytes) -> None:
    append(path, 2)
    path.with_name("journal.sqlite.head").write_bytes(note)
    with closing(opened(path)) as journal:
        assert journal.last == 2


def test_a_note_that_cannot_be_opened_is_told(path: Path) -> None:
    path.with_name("journal.sqlite.head").mkdir()
    with pytest.raises(JournalUnavailable, match=r"journal\.sqlite\.head cannot be opened: Is a directory"):
        opened(path)
