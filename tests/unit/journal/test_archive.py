from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.engine.ports import JournalBroken, JournalUnavailable
from flatbook.journal.archive import archive
from flatbook.journal.inspection import statistics, verify
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.ids import Seq, SourceId
from tests.contract.journal.engines import NOW, fill_journal, mark, marks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of five rows that end at the events 2, 5, 6, 10 and 11."""
    place = tmp_path / "journal.sqlite"
    create_journal(place)
    with closing(open_journal(place)) as journal:
        fill_journal(journal, 2, 3, 1, 4, 1)
    return place


def lasts_in(path: Path, after: int = 0) -> list[int]:
    with closing(open_reader(path)) as reader:
        return [row.last for row in reader.read(Seq(after))]


def hashes_in(path: Path) -> list[bytes]:
    with closing(open_reader(path)) as reader:
        return [row.hash for row in reader.read()]


def test_archived_rows_are_still_read_as_one_chain(path: Path) -> None:
    before = hashes_in(path)
    archived = archive(path, before=Seq(7))
    assert archived is not None
    assert (archived.rows, archived.events, archived.end.last) == (3, 6, 6)
    assert archived.path == path.parent / "segments" / "journal-000001-1-6.sqlite"
    assert archived.path.stat().st_mode & 0o777 == 0o400
    assert hashes_in(path) == before
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT row FROM commits ORDER BY row").fetchall() == [(4,), (5,)]


@pytest.mark.parametrize(("before", "moved"), [(1, None), (2, None), (3, 2), (5, 2), (6, 5), (11, 10), (99, 11)])
def test_only_rows_wholly_before_the_event_are_moved(path: Path, before: int, moved: int | None) -> None:
    archived = archive(path, before=Seq(before))
    assert (archived and archived.end.last) == moved
    assert lasts_in(path) == [2, 5, 6, 10, 11]


def test_reading_from_any_event_crosses_segments(path: Path) -> None:
    whole = [lasts_in(path, after) for after in range(12)]
    archive(path, before=Seq(6))
    archive(path, before=Seq(11))
    assert [lasts_in(path, after) for after in range(12)] == whole


def test_everything_can_be_archived_and_the_journal_goes_on(path: Path) -> None:
    archive(path)
    assert archive(path) is None
    with closing(open_journal(path)) as journal:
        assert journal.last == 11
        epoch = journal.take_lease(NOW)
        assert journal.append([mark(12)], after=Seq(11), epoch=epoch, cursors={}, at=NOW) == 12
        assert [row.last for row in journal.read()] == [2, 5, 6, 10, 11, 12]
    assert verify(path).rows == 6


def test_cursors_after_the_last_event_stay_in_the_live_file(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(NOW)
        for number in range(3):
            journal.append((), after=Seq(11), epoch=epoch, cursors={SourceId("base"): str(number)}, at=NOW)
    archived = archive(path)
    assert archived is not None
    assert archived.end.rows == 5
    with closing(open_reader(path)) as reader:
        assert [row.cursors["base"] for row in reader.read(Seq(11))] == ["0", "1", "2"]  # type: ignore[index]


def test_the_room_of_archived_rows_is_given_back(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(NOW)
        journal.append(marks(12, 5_000), after=Seq(11), epoch=epoch, cursors={}, at=NOW)
    before = path.stat().st_size
    archived = archive(path)
    assert archived is not None
    assert path.stat().st_size < before // 4
    figures = statistics(path, NOW)
    assert (figures.segments, figures.segment_bytes) == (1, archived.bytes)
    assert (figures.rows, figures.live_rows, figures.events) == (6, 0, 5_000)


def test_a_missing_segment_is_named_with_where_to_put_it(path: Path) -> None:
    archived = archive(path, before=Seq(7))
    assert archived is not None
    shutil.move(archived.path, path.parent.parent / archived.path.name)
    with pytest.raises(JournalUnavailable, match=r"rows up to 3 \(event 6\) are in journal-000001-1-6\.sqlite"):
        lasts_in(path)
    assert lasts_in(path, 6) == [10, 11]


def test_a_segment_beside_the_journal_is_found(path: Path) -> None:
    archived = archive(path, before=Seq(7))
    assert archived is not None
    shutil.move(archived.path, path.parent / archived.path.name)
    assert lasts_in(path) == [2, 5, 6, 10, 11]


def test_the_rest_is_verified_without_the_segments_and_says_so(path: Path) -> None:
    archived = archive(path, before=Seq(7))
    assert archived is not None
    assert (verify(path).rows, verify(path).segments, verify(path).missing) == (5, 1, ())
    archived.path.unlink()
    verified = verify(path)
    assert (verified.rows, verified.events, verified.segments) == (2, 5, 0)
    assert verified.missing == ("journal-000001-1-6.sqlite",)


def test_an_anchor_inside_a_missing_segment_cannot_pass(path: Path) -> None:
    with closing(open_reader(path)) as reader:
        anchor = reader.head()
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 1)
    archived = archive(path)
    assert archived is not None
    archived.path.unlink()
    with pytest.raises(JournalBroken, match="row 5 of the anchor is in an archived segment that is not there"):
        verify(path, anchor=anchor)


def test_an_edited_segment_is_found_with_its_row(path: Path) -> None:
    archived = archive(path)
    assert archived is not None
    archived.path.chmod(0o600)
    with closing(sqlite3.connect(archived.path)) as connection, connection:
        connection.execute("UPDATE commits SET body = zeroblob(50) WHERE row = 2")
    with pytest.raises(JournalBroken, match="row 2, from event 3 on"):
        verify(path)


def test_a_segment_swapped_for_another_is_found(path: Path) -> None:
    first, second = archive(path, before=Seq(6)), archive(path)
    assert first is not None
    assert second is not None
    shutil.copyfile(second.path, path.parent / "other")
    (path.parent / "other").replace(first.path)
    with pytest.raises(JournalBroken, match="row 1, from event 1 on: a row is missing"):
        lasts_in(path)


def test_a_segment_can_be_verified_by_itself(path: Path) -> None:
    archive(path, before=Seq(6))
    second = archive(path, before=Seq(11))
    assert second is not None
    verified = verify(second.path)
    assert (verified.rows, verified.events, verified.head) == (2, 5, second.end)


def test_a_damaged_journal_is_not_archived(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE commits SET body = zeroblob(50) WHERE row = 2")
    with pytest.raises(JournalBroken, match="row 2"):
        archive(path, before=Seq(7))
    assert list(path.parent.glob("segments/*")) == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM commits").fetchone() == (5,)


def test_nothing_is_archived_while_an_engine_holds_the_journal(path: Path) -> None:
    with closing(open_journal(path)), pytest.raises(JournalUnavailable, match="is held by process"):
        archive(path)


def test_a_segment_left_by_a_run_that_died_is_written_again(path: Path) -> None:
    before = hashes_in(path)
    died = path.parent / "segments" / "journal-000001-1-6.sqlite"
    died.parent.mkdir()
    died.write_bytes(b"half a segment")
    died.with_name(f"{died.name}.part").write_bytes(b"half of another")
    archive(path, before=Seq(7))
    assert hashes_in(path) == before
    assert [file.name for file in died.parent.iterdir()] == [died.name]


def test_a_folder_that_cannot_be_written_leaves_the_journal_as_it_was(path: Path) -> None:
    (path.parent / "place").write_bytes(b"a file")
    with pytest.raises(JournalUnavailable, match="cannot be made a folder"):
        archive(path, into=path.parent / "place")
    assert lasts_in(path) == [2, 5, 6, 10, 11]
    assert statistics(path, NOW).segments == 0


def test_a_reader_that_began_before_the_archive_misses_nothing(path: Path) -> None:
    with closing(open_reader(path)) as reader:
        rows = reader.read()
        assert next(rows).last == 2
        archive(path)
        late = reader.read(Seq(2))
        assert [row.last for row in rows] == [5, 6, 10, 11]
        assert [row.last for row in late] == [5, 6, 10, 11]


def test_pages_that_were_archived_between_two_of_them_are_read_from_the_segment(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    with closing(open_journal(path)) as journal:
        fill_journal(journal, *[1] * 700)
    with closing(open_reader(path)) as reader:
        rows = reader.read()
        assert next(rows).last == 1
        archive(path, before=Seq(600))
        assert [row.last for row in rows] == list(range(2, 701))


def test_progress_of_an_archive_counts_its_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flatbook.journal.archive.PROGRESS_ROWS", 2)
    said: list[tuple[int, int]] = []
    archive(path, progress=lambda done, total: said.append((done, total)))
    assert said == [(2, 5), (4, 5)]
