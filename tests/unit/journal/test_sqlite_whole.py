"""A journal that is written once stands at its path whole, or not at all."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from flatbook.engine.ports import Conflict, Fenced, JournalUnavailable
from flatbook.events.codec import encode_event
from flatbook.journal.inspection import verify
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.sqlite import open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.journal.sqlite_whole import whole_journal
from flatbook.values.ids import Seq
from tests.contract.journal.engines import NOW, mark


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal.sqlite"


def test_what_is_written_is_the_journal_that_any_other_engine_writes(path: Path) -> None:
    other = MemoryJournal()
    with whole_journal(path) as journal:
        for each in (journal, other):
            epoch = each.take_lease(NOW)
            each.append([mark(1), mark(2)], after=Seq(0), epoch=epoch, cursors={}, at=NOW)
            told = b"".join(encode_event(mark(number)) for number in (3, 4))
            each.append_encoded([(told, 2, NOW), (told, 2, NOW)], after=Seq(2), epoch=epoch)
        assert [row.last for row in journal.read(Seq(2))] == [4, 6]
        assert not path.exists()
    with closing(open_reader(path)) as reader:
        assert reader.head() == other.head()
        assert [row.events for row in reader.read()] == [row.events for row in other.read()]
    assert verify(path).head == other.head()


def test_it_is_gone_on_with_as_with_any_other(path: Path) -> None:
    with whole_journal(path) as journal:
        journal.append([mark(1)], after=Seq(0), epoch=journal.take_lease(NOW), cursors={}, at=NOW)
        first = journal.take_lease(NOW)
    with closing(open_journal(path)) as writer:
        epoch = writer.take_lease(NOW)
        assert epoch == first + 1
        assert writer.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=NOW) == 2


def test_nothing_is_left_of_a_run_that_breaks(path: Path) -> None:
    with pytest.raises(Conflict):
        _break_off(path)
    assert not list(path.parent.iterdir())


def _break_off(path: Path) -> None:
    with whole_journal(path) as journal:
        epoch = journal.take_lease(NOW)
        for after in (0, 0):
            journal.append([mark(1)], after=Seq(after), epoch=epoch, cursors={}, at=NOW)


def test_another_journal_is_never_written_over(path: Path) -> None:
    with whole_journal(path):
        pass
    with pytest.raises(JournalUnavailable, match="is there already"), whole_journal(path):
        pass


def test_only_the_newest_lease_goes_on_at_the_end(path: Path) -> None:
    with whole_journal(path) as journal:
        stale, epoch = journal.take_lease(NOW), journal.take_lease(NOW)
        with pytest.raises(Fenced):
            journal.append([mark(1)], after=Seq(0), epoch=stale, cursors={}, at=NOW)
        with pytest.raises(Conflict):
            journal.append([mark(1)], after=Seq(7), epoch=epoch, cursors={}, at=NOW)
        assert journal.last == 0
        assert journal.append([], after=Seq(0), epoch=epoch, cursors={}, at=NOW) == 0
