from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from flatbook.engine.ports import JournalBroken, JournalUnavailable
from flatbook.journal import inspection
from flatbook.journal.chain import Head
from flatbook.journal.inspection import read_until, statistics, verify
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.ids import Seq, SourceId
from flatbook.values.instants import Instant, later
from tests.contract.journal.engines import NOW, fill_journal, mark, marks

DAY_S = 86_400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "journal.sqlite"
    create_journal(place)
    with closing(open_journal(place)) as journal:
        fill_journal(journal, 2, 3, 1)
    return place


def delete_after(path: Path, row: int) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM commits WHERE row > ?", (row,))


def head_of(path: Path) -> Head:
    with closing(open_reader(path)) as reader:
        return reader.head()


def test_a_whole_journal_is_verified_with_its_figures(path: Path) -> None:
    verified = verify(path)
    assert (verified.rows, verified.events) == (3, 6)
    assert verified.head == head_of(path)
    assert (verified.segments, verified.missing) == (0, ())


def test_an_empty_journal_is_whole(tmp_path: Path) -> None:
    create_journal(tmp_path / "empty.sqlite")
    verified = verify(tmp_path / "empty.sqlite")
    assert (verified.rows, verified.events, verified.head.hash) == (0, 0, "00" * 32)


def test_the_head_kept_elsewhere_passes_as_an_anchor_now_and_after_more_rows(path: Path) -> None:
    anchor = head_of(path)
    assert verify(path, anchor=anchor).rows == 3
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 1)
    assert verify(path, anchor=anchor).rows == 4


def test_a_cut_tail_is_found_only_by_an_anchor(path: Path) -> None:
    anchor = head_of(path)
    delete_after(path, 2)
    assert verify(path).rows == 2
    with pytest.raises(JournalBroken, match="tail of the journal is missing: expected at least 3 rows up to event 6"):
        verify(path, anchor=anchor)


def test_a_tail_written_anew_is_found_by_an_anchor(path: Path) -> None:
    anchor = head_of(path)
    delete_after(path, 2)
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(NOW)
        journal.append([mark(77)], after=Seq(5), epoch=epoch, cursors={}, at=NOW)
    with pytest.raises(JournalBroken, match="row 3, from event 6 on: the journal is not the one the anchor was taken"):
        verify(path, anchor=anchor)


def test_an_anchor_survives_its_text(path: Path) -> None:
    anchor = head_of(path)
    assert msgspec.json.decode(msgspec.json.encode(anchor), type=Head) == anchor
    assert set(msgspec.json.decode(msgspec.json.encode(anchor))) == {"rows", "last", "hash"}


def test_an_edited_row_is_named(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        (body,) = connection.execute("SELECT body FROM commits WHERE row = 2").fetchone()
        connection.execute("UPDATE commits SET body = ? WHERE row = 2", (body.replace(b"config", b"forged"),))
    with pytest.raises(JournalBroken, match=r"row 2, from event 3 on: .* expected \w{12}, found \w{12}"):
        verify(path)


def test_a_row_edited_as_text_is_named(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE commits SET body = replace(body, 'config', 'forged') WHERE row = 2")
    with pytest.raises(JournalBroken, match=r"row 2, from event 3 on: unreadable"):
        verify(path)


def test_progress_is_said_on_the_way_and_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "PROGRESS_ROWS", 2)
    said: list[tuple[int, int]] = []
    verify(path, progress=lambda done, total: said.append((done, total)))
    assert said == [(2, 3), (3, 3)]


def test_a_missing_journal_is_unavailable_not_broken(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="is not there"):
        verify(tmp_path / "nowhere.sqlite")


def test_statistics_count_the_events_of_the_last_day_and_week(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(NOW)
        for days, count in ((-30, 5), (-6, 3), (-2, 4), (0, 2)):
            after = journal.last
            events = marks(after + 1, after + count)
            journal.append(events, after=after, epoch=epoch, cursors={}, at=later(NOW, seconds=days * DAY_S))
    figures = statistics(path, later(NOW, seconds=1))
    assert (figures.rows, figures.live_rows, figures.events) == (4, 4, 14)
    assert (figures.events_last_day, figures.events_last_week) == (2, 9)
    assert figures.bytes == path.stat().st_size
    assert (figures.wal_bytes, figures.segments, figures.segment_bytes) == (0, 0, 0)
    assert figures.disk_free_bytes > 0


def test_statistics_of_an_empty_journal_are_zero(tmp_path: Path) -> None:
    create_journal(tmp_path / "empty.sqlite")
    figures = statistics(tmp_path / "empty.sqlite", NOW)
    assert (figures.rows, figures.events, figures.events_last_day, figures.events_last_week) == (0, 0, 0, 0)


@pytest.mark.parametrize(("seq", "lasts"), [(0, []), (1, [1]), (2, [2]), (3, [2, 3]), (5, [2, 5]), (9, [2, 5, 6])])
def test_the_past_ends_at_an_event_even_inside_a_row(path: Path, seq: int, lasts: list[int]) -> None:
    with closing(open_reader(path)) as reader:
        rows = list(read_until(reader.read(), seq=Seq(seq)))
    assert [row.last for row in rows] == lasts
    assert tuple(event for row in rows for event in row.events) == marks(1, min(seq, 6))


def test_a_row_cut_in_its_middle_states_no_cursor(path: Path) -> None:
    with closing(open_reader(path)) as reader:
        whole, cut = read_until(reader.read(), seq=Seq(3))
    assert whole.cursors == {"base": "1000"}
    assert cut.cursors == {}


def test_the_past_ends_at_an_instant_that_it_includes(path: Path) -> None:
    with closing(open_reader(path)) as reader:
        assert [row.last for row in read_until(reader.read(), at=Instant(NOW + 1))] == [2, 5]
        assert [row.last for row in read_until(reader.read(), at=Instant(NOW - 1))] == []


def test_the_past_keeps_the_cursors_committed_right_after_its_event(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(NOW)
        journal.append((), after=Seq(6), epoch=epoch, cursors={SourceId("base"): "late"}, at=NOW)
        journal.append([mark(7)], after=Seq(6), epoch=epoch, cursors={}, at=NOW)
        rows = list(read_until(journal.read(), seq=Seq(6)))
    assert rows[-1].cursors == {"base": "late"}
