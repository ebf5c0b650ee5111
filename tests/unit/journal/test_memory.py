from __future__ import annotations

import pytest

from flatbook.engine.ports import JournalUnavailable
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.values.ids import Seq
from tests.contract.journal.engines import NOW, fill_journal, mark, marks


def test_a_store_outlives_the_journal_that_filled_it() -> None:
    store = MemoryStore()
    first = MemoryJournal(store)
    fill_journal(first, 2)
    first.close()
    second = MemoryJournal(store)
    assert second.last == 2
    assert [row.events for row in second.read()] == [marks(1, 2)]


def test_each_journal_without_a_store_has_its_own() -> None:
    first = MemoryJournal()
    fill_journal(first, 1)
    assert MemoryJournal().last == 0


def test_a_full_store_takes_rows_again_once_it_has_room() -> None:
    store = MemoryStore(bytes_max=200)
    journal = MemoryJournal(store)
    epoch = fill_journal(journal, 1)
    with pytest.raises(JournalUnavailable, match="full: 200 bytes"):
        journal.append(marks(2, 3), after=Seq(1), epoch=epoch, cursors={}, at=NOW)
    store.bytes_max = 2_000
    assert journal.append(marks(2, 3), after=Seq(1), epoch=epoch, cursors={}, at=NOW) == 3


def test_reading_gives_the_rows_there_were_when_it_began() -> None:
    journal = MemoryJournal()
    epoch = fill_journal(journal, 1, 1)
    seen = []
    for row in journal.read():
        seen.append(row.last)
        journal.append([mark(9)], after=journal.last, epoch=epoch, cursors={}, at=NOW)
    assert seen == [1, 2]


def test_the_head_of_a_journal_counts_rows_and_events() -> None:
    journal = MemoryJournal()
    fill_journal(journal, 2, 3)
    head = journal.head()
    assert (head.rows, head.last) == (2, 5)
    assert head.hash == list(journal.read())[-1].hash.hex()
