from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from flatbook.engine.ports import Journal, JournalUnavailable, Link, Row
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.snapshot import SNAPSHOTS_KEPT, Fold, Snapshot, fold_journal, keep_snapshot, newest_snapshot
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.ids import Epoch, Seq, SourceId
from tests.contract.journal.engines import NOW, fill_journal, mark

BASE = SourceId("base")


def with_row(state: tuple[int, ...], row: Row) -> tuple[int, ...]:
    return (*state, row.last)


def text_of(state: tuple[int, ...]) -> bytes:
    return ",".join(map(str, state)).encode()


def state_of(text: bytes) -> tuple[int, ...]:
    return tuple(int(part) for part in text.decode().split(",") if part)


LASTS = Fold(name="lasts 1", initial=tuple[int, ...], apply=with_row, encode=text_of, decode=state_of)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


def append(journal: Journal, epoch: Epoch, *, events: int = 1) -> None:
    after = journal.last
    journal.append([mark(after + 1)] * events, after=after, epoch=epoch, cursors={BASE: str(after)}, at=NOW)


def test_a_second_fold_begins_where_the_first_ended(journal: MemoryJournal, folder: Path) -> None:
    epoch = fill_journal(journal, 2, 1)
    first = fold_journal(journal, folder, LASTS)
    assert (first.state, first.seq, first.rows, first.from_snapshot) == ((2, 3), 3, 2, False)
    append(journal, epoch)
    second = fold_journal(journal, folder, LASTS)
    assert (second.state, second.seq, second.rows, second.from_snapshot) == ((2, 3, 4), 4, 1, True)


def test_a_fold_with_nothing_new_keeps_the_snapshot_it_has(journal: MemoryJournal, folder: Path) -> None:
    fill_journal(journal, 2, 1)
    fold_journal(journal, folder, LASTS)
    again = fold_journal(journal, folder, LASTS)
    assert (again.state, again.rows, again.from_snapshot) == ((2, 3), 0, True)
    assert len(list(folder.iterdir())) == 1


def test_an_empty_journal_keeps_no_snapshot(journal: MemoryJournal, folder: Path) -> None:
    assert fold_journal(journal, folder, LASTS).state == ()
    assert not folder.exists()


def test_rows_of_cursors_around_a_snapshot_are_folded_once(journal: MemoryJournal, folder: Path) -> None:
    epoch = fill_journal(journal, 2)
    append(journal, epoch, events=0)
    assert fold_journal(journal, folder, LASTS).state == (2, 2)
    append(journal, epoch, events=0)
    append(journal, epoch)
    assert fold_journal(journal, folder, LASTS).state == (2, 2, 2, 3)
    append(journal, epoch, events=0)
    assert fold_journal(journal, folder, LASTS).state == (2, 2, 2, 3, 3)


def test_deleting_every_snapshot_changes_no_state(journal: MemoryJournal, folder: Path) -> None:
    fill_journal(journal, 2, 1)
    before = fold_journal(journal, folder, LASTS).state
    for file in folder.iterdir():
        file.unlink()
    assert fold_journal(journal, folder, LASTS).state == before == (2, 3)


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 200])
def test_a_damaged_snapshot_is_passed_over(journal: MemoryJournal, folder: Path, damage: bytes) -> None:
    fill_journal(journal, 2, 1)
    fold_journal(journal, folder, LASTS)
    (file,) = folder.iterdir()
    file.write_bytes(damage)
    folded = fold_journal(journal, folder, LASTS)
    assert (folded.state, folded.from_snapshot) == ((2, 3), False)


def test_a_snapshot_of_another_journal_is_passed_over(journal: MemoryJournal, folder: Path) -> None:
    other = MemoryJournal()
    fill_journal(other, 1, 1, 1)
    fold_journal(other, folder, LASTS)
    fill_journal(journal, 2, 2)
    folded = fold_journal(journal, folder, LASTS)
    assert (folded.state, folded.from_snapshot) == ((2, 4), False)


def test_a_snapshot_beyond_the_end_of_a_restored_journal_is_passed_over(journal: MemoryJournal, folder: Path) -> None:
    fill_journal(journal, 2)
    keep_snapshot(folder, Snapshot(fold="lasts 1", link=Link(1, Seq(9), Epoch(1), bytes(32)), at=NOW, state=b"9"))
    assert fold_journal(journal, folder, LASTS).state == (2,)


def test_an_older_snapshot_serves_when_the_newest_is_damaged(journal: MemoryJournal, folder: Path) -> None:
    epoch = fill_journal(journal, 2)
    fold_journal(journal, folder, LASTS)
    append(journal, epoch)
    fold_journal(journal, folder, LASTS)
    max(folder.iterdir()).write_bytes(b"gone")
    folded = fold_journal(journal, folder, LASTS)
    assert (folded.state, folded.rows, folded.from_snapshot) == ((2, 3), 1, True)


def test_folds_of_another_name_have_snapshots_of_their_own(journal: MemoryJournal, folder: Path) -> None:
    fill_journal(journal, 2)
    fold_journal(journal, folder, LASTS)
    assert newest_snapshot(journal, folder, "lasts 2") is None
    assert newest_snapshot(journal, folder, "lasts 1") is not None


def test_what_another_version_kept_of_the_same_kind_goes_and_other_kinds_stay(
    journal: MemoryJournal, folder: Path
) -> None:
    fill_journal(journal, 2)
    fold_journal(journal, folder, LASTS)
    fold_journal(journal, folder, msgspec.structs.replace(LASTS, name="sums 1"))
    fold_journal(journal, folder, msgspec.structs.replace(LASTS, name="lasts 2"))
    assert newest_snapshot(journal, folder, "lasts 1") is None
    assert newest_snapshot(journal, folder, "sums 1") is not None
    assert [file.name.split("-")[0] for file in sorted(folder.iterdir())] == ["lasts", "sums"]


def test_a_snapshot_under_the_name_of_another_fold_is_passed_over(journal: MemoryJournal, folder: Path) -> None:
    fill_journal(journal, 2)
    fold_journal(journal, folder, LASTS)
    (file,) = folder.iterdir()
    other = msgspec.structs.replace(LASTS, name="lasts 2")
    fold_journal(journal, folder, other)
    assert newest_snapshot(journal, folder, "lasts 1") is None
    (named,) = folder.iterdir()
    named.rename(file)
    assert newest_snapshot(journal, folder, "lasts 1") is None


def test_a_snapshot_can_be_read_only_by_its_owner(journal: MemoryJournal, folder: Path) -> None:
    fill_journal(journal, 2)
    fold_journal(journal, folder, LASTS)
    (file,) = folder.iterdir()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_only_the_newest_snapshots_are_kept(journal: MemoryJournal, folder: Path) -> None:
    epoch = fill_journal(journal, 1)
    for _ in range(6):
        append(journal, epoch)
        fold_journal(journal, folder, LASTS)
    assert len(list(folder.iterdir())) == SNAPSHOTS_KEPT == 3
    assert [file.name[-29:] for file in sorted(folder.iterdir())] == [f"{seq:020d}.snapshot" for seq in (5, 6, 7)]


def test_a_place_that_cannot_be_written_costs_nothing_but_the_snapshot(journal: MemoryJournal, tmp_path: Path) -> None:
    fill_journal(journal, 1)
    (tmp_path / "place").write_bytes(b"a file")
    kept = Snapshot(fold="lasts 1", link=Link(1, Seq(1), Epoch(1), bytes(32)), at=NOW, state=b"1")
    with pytest.raises(JournalUnavailable, match="cannot be made a folder"):
        keep_snapshot(tmp_path / "place", kept)
    assert fold_journal(journal, tmp_path / "place", LASTS).state == (1,)


def test_a_snapshot_is_kept_only_when_enough_was_folded(journal: MemoryJournal, folder: Path) -> None:
    epoch = fill_journal(journal, 2)
    assert fold_journal(journal, folder, LASTS, events_min=3).state == (2,)
    assert not folder.exists()
    append(journal, epoch)
    assert fold_journal(journal, folder, LASTS, events_min=3).from_snapshot is False
    again = fold_journal(journal, folder, LASTS, events_min=3)
    assert (again.state, again.seq, again.at, again.from_snapshot) == ((2, 3), 3, NOW, True)


def test_a_process_beside_the_engine_folds_while_it_writes(tmp_path: Path, folder: Path) -> None:
    create_journal(tmp_path / "journal.sqlite")
    with closing(open_journal(tmp_path / "journal.sqlite")) as journal:
        epoch = fill_journal(journal, 2, 1)
        with closing(open_reader(tmp_path / "journal.sqlite")) as reader:
            assert fold_journal(reader, folder, LASTS).state == (2, 3)
            append(journal, epoch)
            assert fold_journal(reader, folder, LASTS).rows == 1
