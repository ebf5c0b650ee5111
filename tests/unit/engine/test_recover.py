from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from flatbook.engine.ports import JournalBroken, Link
from flatbook.engine.recover import KeptState, fold_journal, recover
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes
from flatbook.values.ids import Seq, SourceId
from tests.contract.journal.engines import fill_journal

BASE = SourceId("base")


class Kept(NamedTuple):
    """States that were kept, newest first."""

    states: tuple[KeptState, ...]

    def newest_first(self) -> Iterator[KeptState]:
        return iter(self.states)


@pytest.fixture
def store() -> MemoryStore:
    """A journal of three rows and six events."""
    store = MemoryStore()
    fill_journal(MemoryJournal(store), 2, 3, 1)
    return store


def link_at(store: MemoryStore, number: int) -> Link:
    row = list(MemoryJournal(store).read())[number - 1]
    return Link(number, row.last, row.epoch, row.hash)


def told(link: Link) -> KeptState:
    """A state that can be told from one that was folded: it drains."""
    return KeptState(link, State(seq=link.last, draining=True))


def test_only_what_follows_a_kept_state_is_folded(store: MemoryStore) -> None:
    state = recover(MemoryJournal(store), Kept((told(link_at(store, 2)),)))
    assert (state.draining, state.seq, state.cursors) == (True, 6, {BASE: "1002"})


def test_nothing_is_folded_when_nothing_follows(store: MemoryStore) -> None:
    state = recover(MemoryJournal(store), Kept((told(link_at(store, 3)),)))
    assert (state.draining, state.seq, state.cursors) == (True, 6, {})


def test_the_newest_that_stands_in_the_journal_is_taken(store: MemoryStore) -> None:
    beyond = link_at(store, 3)._replace(row=4, last=Seq(9))
    state = recover(MemoryJournal(store), Kept((told(beyond), told(link_at(store, 1)))))
    assert (state.draining, state.seq) == (True, 6)


def test_all_is_folded_when_none_stands_in_the_journal(store: MemoryStore) -> None:
    journal = MemoryJournal(store)
    state = recover(journal, Kept((told(link_at(store, 2)._replace(hash=bytes(32))),)))
    assert state.draining is False
    assert state_bytes(state) == state_bytes(fold_journal(journal)) == state_bytes(recover(journal, None))


@pytest.mark.parametrize("row", [1, 2, 3])
def test_a_damaged_row_ends_recovery_whatever_was_kept(store: MemoryStore, row: int) -> None:
    kept = Kept((told(link_at(store, 2)),))
    number, stored, body = store.records[row - 1]
    store.records[row - 1] = (number, stored, body[:-1] + bytes([body[-1] ^ 1]))
    with pytest.raises(JournalBroken, match=f"^row {row}, "):
        recover(MemoryJournal(store), kept)
