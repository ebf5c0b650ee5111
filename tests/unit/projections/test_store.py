"""Projections kept in a file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal
from flatbook.projections.ledger import Ledger, balances
from flatbook.projections.orders import Orders, order_lines
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import totals_of
from flatbook.projections.store import COMMITS_PER_SAVE_MAX, ProjectionStore, StoreUnusable, catch_up
from flatbook.projections.timeline import Threads, find_subjects
from flatbook.values.ids import Seq, SourceId
from flatbook.values.instruments import Side
from tests.unit.projections import scene
from tests.unit.projections.scene import T0, USD, USDC, accepted, at, executed, fill, intended

BUY, SELL = Side.BUY, Side.SELL
SOLD = fill(1, SELL, "2", "520", 0)
FIRST: tuple[Event, ...] = (scene.mark(USDC, "1", -60), SOLD, intended(BUY, "2", 5, because=SOLD))
THEN: tuple[Event, ...] = (accepted(6), executed(BUY, "2", "255", 30, fees=[("USD", "0.65")]))


class CountingJournal:
    """A journal in memory that counts from where it is read."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self.epoch = self.journal.take_lease(T0)
        self.read_from: list[Seq] = []

    def append(self, *events: Event, cursor: str = "") -> None:
        cursors = {SourceId("chain"): cursor} if cursor else {}
        self.journal.append(events, after=self.journal.last, epoch=self.epoch, cursors=cursors, at=at(0))

    def read(self, after: Seq) -> Any:
        self.read_from.append(after)
        return self.journal.read(after)


def journal_of(*events: Event) -> CountingJournal:
    found = CountingJournal()
    for event in events:
        found.append(event)
    return found


def caught_up(path: Path, new: type, journal: CountingJournal) -> Any:
    store = ProjectionStore(path)
    found = catch_up(store, new, journal.read)
    store.close()
    return found


@pytest.mark.parametrize("new", [Ledger, Pnl, Orders, Threads])
def test_what_was_stored_and_what_came_since_make_the_same_rows_as_a_new_fold(tmp_path: Path, new: Any) -> None:
    journal = journal_of(*FIRST)
    caught_up(tmp_path / "views", new, journal)
    journal.append(*THEN)
    found = caught_up(tmp_path / "views", new, journal)
    whole = caught_up(tmp_path / "others", new, journal)
    assert found.table.rows == whole.table.rows
    assert found.table.last == whole.table.last == 5
    assert journal.read_from == [0, 2, 0]


def test_a_stored_projection_answers_like_a_new_one(tmp_path: Path) -> None:
    journal = journal_of(*FIRST, *THEN)
    for new in (Ledger, Pnl, Orders, Threads):
        caught_up(tmp_path / "views", new, journal)
    assert totals_of(caught_up(tmp_path / "views", Pnl, journal)).net == scene.d("9.35")
    assert balances(caught_up(tmp_path / "views", Ledger, journal)) == balances(scene.folded(Ledger(), *FIRST, *THEN))
    assert len(order_lines(caught_up(tmp_path / "views", Orders, journal))) == 1
    assert find_subjects(caught_up(tmp_path / "views", Threads, journal), SOLD.key.tx).found == 1


def test_a_removed_row_is_removed_in_the_file(tmp_path: Path) -> None:
    journal = journal_of(*FIRST)
    caught_up(tmp_path / "views", Pnl, journal)
    journal.append(scene.reversal(SOLD))
    caught_up(tmp_path / "views", Pnl, journal)
    assert list(caught_up(tmp_path / "views", Pnl, journal).table.rows) == ["mark:USDC:1"]


def test_commits_of_cursors_alone_do_not_move_the_place(tmp_path: Path) -> None:
    journal = CountingJournal()
    journal.append(cursor="block 1")
    journal.append(*FIRST)
    caught_up(tmp_path / "views", Ledger, journal)
    journal.append(cursor="block 2")
    assert caught_up(tmp_path / "views", Ledger, journal).table.last == 3
    journal.append(*THEN)
    assert caught_up(tmp_path / "views", Ledger, journal).table.last == 5
    assert journal.read_from == [0, 2, 2]


def test_cursors_before_the_stored_commit_do_not_hide_it(tmp_path: Path) -> None:
    journal = journal_of(*FIRST[:2])
    journal.append(cursor="block 1")
    journal.append(FIRST[2])
    caught_up(tmp_path / "views", Ledger, journal)
    caught_up(tmp_path / "views", Ledger, journal)
    assert journal.read_from == [0, 2]


def test_another_journal_is_folded_anew(tmp_path: Path) -> None:
    caught_up(tmp_path / "views", Ledger, journal_of(*FIRST))
    events = (scene.stated(USD, "7", 0), scene.stated(USD, "1", 1), scene.stated(USD, "1", 2))
    other = journal_of(*events)
    found = caught_up(tmp_path / "views", Ledger, other)
    assert found.table.rows == scene.folded(Ledger(), *events).table.rows


def test_a_shorter_journal_is_folded_anew(tmp_path: Path) -> None:
    caught_up(tmp_path / "views", Ledger, journal_of(*FIRST))
    assert caught_up(tmp_path / "views", Ledger, journal_of(scene.stated(USD, "7", 0))).table.last == 1


def test_another_version_is_folded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_of(*FIRST)
    caught_up(tmp_path / "views", Ledger, journal)
    monkeypatch.setattr(Ledger, "VERSION", 99)
    caught_up(tmp_path / "views", Ledger, journal)
    assert journal.read_from == [0, 0]


def test_rows_and_place_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    store = ProjectionStore(tmp_path / "views")
    ledger: Ledger = scene.folded(Ledger(), *FIRST)
    with pytest.raises(sqlite3.ProgrammingError):
        store.save(ledger, object())  # type: ignore[arg-type]
    assert store.position(ledger) == (0, b"")
    assert len(ledger.table.changes()) == 2
    found = Ledger()
    store.load(found)
    assert found.table.rows == {}


def test_a_long_journal_is_stored_in_parts(tmp_path: Path) -> None:
    journal = journal_of(*(scene.stated(USD, "1", second) for second in range(COMMITS_PER_SAVE_MAX + 1)))
    found = caught_up(tmp_path / "views", Ledger, journal)
    assert len(found.table.rows) == COMMITS_PER_SAVE_MAX + 1


def test_a_file_that_is_no_store_says_that_it_may_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "views").write_text("certainly not a database, however long it is" * 40)
    with pytest.raises(StoreUnusable, match="delete it"):
        ProjectionStore(tmp_path / "views")
