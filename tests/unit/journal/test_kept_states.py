from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from flatbook.engine.ports import Journal
from flatbook.engine.recover import fold_journal as fold_whole
from flatbook.engine.recover import recover
from flatbook.journal import kept_states
from flatbook.journal.archive import archive
from flatbook.journal.kept_states import FolderOfStates, desk_fold, keep_state
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.snapshot import Fold, fold_journal, keep_snapshot, read_snapshot
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes
from flatbook.values.ids import AssetId, Epoch, Seq
from tests.contract.journal.engines import NOW, fill_journal, mark, marks


def fold() -> Fold[State]:
    named = desk_fold()
    assert named is not None
    return named


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


@pytest.fixture
def journal() -> MemoryJournal:
    """A journal of three rows and six events."""
    journal = MemoryJournal()
    fill_journal(journal, 2, 3, 1)
    return journal


def append(journal: Journal, epoch: Epoch) -> None:
    after = journal.last
    journal.append([mark(after + 1)], after=after, epoch=epoch, cursors={}, at=NOW)


def test_recovery_takes_the_kept_state_and_folds_what_came_since(folder: Path) -> None:
    journal = MemoryJournal()
    epoch = fill_journal(journal, 2, 3)
    fold_journal(journal, folder, fold())
    append(journal, epoch)
    kept = FolderOfStates(folder)
    state = recover(journal, kept)
    assert kept.taken is not None
    assert (kept.taken.row, kept.taken.last, kept.passed_over) == (2, 5, [])
    assert (state.seq, state.marks[AssetId("AAPL")]) == (6, mark(6).usd)  # type: ignore[attr-defined]
    assert state_bytes(state) == state_bytes(fold_whole(journal))


def test_recovery_without_a_kept_state_folds_all(journal: MemoryJournal, folder: Path) -> None:
    kept = FolderOfStates(folder)
    assert recover(journal, kept).seq == 6
    assert (kept.taken, kept.passed_over) == (None, [])


def test_a_state_that_other_code_folded_is_passed_over(journal: MemoryJournal, folder: Path) -> None:
    wrong = msgspec.structs.replace(fold(), name="desk 6 other", initial=lambda: State(draining=True))
    fold_journal(journal, folder, wrong)
    kept = FolderOfStates(folder)
    assert recover(journal, kept).draining is False
    (file,) = folder.iterdir()
    assert (kept.taken, kept.passed_over) == (None, [(file.stem, "other code folded it")])


@pytest.mark.parametrize("place", [0, 40, 100, -1])
def test_a_state_with_a_changed_byte_is_passed_over(journal: MemoryJournal, folder: Path, place: int) -> None:
    fold_journal(journal, folder, fold())
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    kept = FolderOfStates(folder)
    assert recover(journal, kept).seq == 6
    assert (kept.taken, kept.passed_over) == (None, [(file.stem, "it cannot be read or was changed")])


def test_a_state_that_may_not_be_read_is_passed_over(journal: MemoryJournal, folder: Path) -> None:
    fold_journal(journal, folder, fold())
    (file,) = folder.iterdir()
    file.unlink()
    file.mkdir()
    kept = FolderOfStates(folder)
    assert recover(journal, kept).seq == 6
    assert kept.passed_over == [(file.stem, "it cannot be read or was changed")]


def test_a_state_cut_anywhere_is_passed_over(journal: MemoryJournal, folder: Path) -> None:
    fold_journal(journal, folder, fold())
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for size in range(0, len(whole), 7):
        file.write_bytes(whole[:size])
        kept = FolderOfStates(folder)
        assert state_bytes(recover(journal, kept)) == state_bytes(fold_whole(journal))
        assert kept.taken is None


def test_a_state_of_another_journal_is_passed_over(journal: MemoryJournal, folder: Path) -> None:
    other = MemoryJournal()
    fill_journal(other, 1, 1)
    fold_journal(other, folder, fold())
    kept = FolderOfStates(folder)
    assert recover(journal, kept).seq == 6
    (file,) = folder.iterdir()
    assert (kept.taken, kept.passed_over) == (None, [(file.stem, "it is not of this journal")])


@pytest.mark.parametrize("row", [1, 2, 4, 10**9])
def test_a_state_at_a_wrong_row_is_passed_over(journal: MemoryJournal, folder: Path, row: int) -> None:
    fold_journal(journal, folder, fold())
    (file,) = folder.iterdir()
    snapshot = read_snapshot(file, fold().name)
    assert snapshot is not None
    keep_snapshot(folder, msgspec.structs.replace(snapshot, link=snapshot.link._replace(row=row)))
    kept = FolderOfStates(folder)
    assert recover(journal, kept).seq == 6
    assert kept.passed_over == [(file.stem, "it is not of this journal")]


def test_a_state_that_stands_at_another_event_than_it_says_is_passed_over(journal: MemoryJournal, folder: Path) -> None:
    fold_journal(journal, folder, msgspec.structs.replace(fold(), initial=lambda: State(seq=Seq(1))))
    kept = FolderOfStates(folder)
    assert recover(journal, kept).seq == 6
    assert [why for _, why in kept.passed_over] == ["it cannot be read or was changed"]


def test_an_older_state_serves_when_the_newest_is_damaged(folder: Path) -> None:
    journal = MemoryJournal()
    epoch = fill_journal(journal, 2)
    fold_journal(journal, folder, fold())
    append(journal, epoch)
    fold_journal(journal, folder, fold())
    newest = max(folder.iterdir())
    newest.write_bytes(b"torn")
    kept = FolderOfStates(folder)
    assert recover(journal, kept).seq == 3
    assert kept.taken is not None
    assert (kept.taken.last, kept.passed_over) == (2, [(newest.stem, "it cannot be read or was changed")])


def test_what_was_passed_over_is_told_of_the_last_recovery_only(journal: MemoryJournal, folder: Path) -> None:
    fold_journal(journal, folder, fold())
    (file,) = folder.iterdir()
    file.write_bytes(b"torn")
    kept = FolderOfStates(folder)
    recover(journal, kept)
    recover(journal, kept)
    assert len(kept.passed_over) == 1


def test_where_the_code_cannot_be_named_nothing_is_taken_or_kept(
    journal: MemoryJournal, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fold_journal(journal, folder, fold())
    monkeypatch.setattr(kept_states, "fold_code", lambda: None)
    kept = FolderOfStates(folder)
    assert recover(journal, kept).seq == 6
    assert (kept.taken, kept.passed_over) == (None, [])
    keep_state(tmp_path / "journal.sqlite", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a journal of three rows and six events on the disk."""
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 2, 3, 1)
    return path


@pytest.mark.parametrize(("events_min", "events_max", "count"), [(6, 6, 1), (7, 9, 0), (1, 5, 0)])
def test_an_end_keeps_the_state_of_neither_too_few_nor_too_many_events(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, events_min: int, events_max: int, count: int
) -> None:
    monkeypatch.setattr(kept_states, "SNAPSHOT_EVENTS_MIN", events_min)
    monkeypatch.setattr(kept_states, "END_EVENTS_MAX", events_max)
    keep_state(path, folder)
    assert len(list(folder.glob("*"))) == count


def test_an_end_counts_the_events_since_the_newest_kept_state(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_states, "SNAPSHOT_EVENTS_MIN", 2)
    keep_state(path, folder)
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(NOW)
        journal.append(marks(7, 7), after=Seq(6), epoch=epoch, cursors={}, at=NOW)
        keep_state(path, folder)
        assert len(list(folder.iterdir())) == 1
        journal.append(marks(8, 8), after=Seq(7), epoch=epoch, cursors={}, at=NOW)
        keep_state(path, folder)
        assert len(list(folder.iterdir())) == 2
        kept = FolderOfStates(folder)
        assert recover(journal, kept).seq == 8
    assert kept.taken is not None
    assert kept.taken[:2] == (5, 8)


def test_an_end_of_a_journal_that_cannot_be_read_keeps_nothing(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"no journal")
    keep_state(tmp_path / "journal.sqlite", folder)
    assert not folder.exists()


def test_a_state_over_archived_rows_is_taken(path: Path, folder: Path) -> None:
    with closing(open_reader(path)) as reader:
        fold_journal(reader, folder, fold())
    archive(path, before=Seq(6))
    with closing(open_reader(path)) as reader:
        kept = FolderOfStates(folder)
        assert recover(reader, kept).seq == 6  # type: ignore[arg-type]
    assert kept.taken is not None
    assert kept.taken[:2] == (3, 6)
