"""Recovery reads the journal and folds it; it never decides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, Protocol

from flatbook.engine.ports import Journal, Link, Row
from flatbook.state.desk import State
from flatbook.state.fold import apply_row

ROWS_AT_ONCE = 256


class KeptState(NamedTuple):
    """A state that was folded from a journal, and where its chain stood then."""

    link: Link
    state: State


class KeptStates(Protocol):
    """What was folded before, kept beside the journal: a cache that recovery may use or leave."""

    def newest_first(self) -> Iterator[KeptState]:
        """Yields the states that the present code folded and that can be read; the caller owns each."""
        ...


def recover(journal: Journal, kept: KeptStates | None) -> State:
    """Returns the state that a journal tells, from the newest kept state on that belongs to exactly this journal.

    Every row is checked against the hash chain, those before a kept state by their bytes.
    Errors: JournalBroken when a row is damaged.
    """
    for link, state in kept.newest_first() if kept is not None else ():
        rows = journal.read_on(link)
        if rows is not None:
            return _folded(state, rows)
    return fold_journal(journal)


def fold_journal(journal: Journal) -> State:
    """Returns the state that a journal tells, all of it folded; reading checks its hash chain.

    Errors: JournalBroken when a row is damaged.
    """
    return _folded(State(), journal.read())


def _folded(state: State, rows: Iterator[Row]) -> State:
    """Rows are read and folded in lots: in turn, each would push the other out of the processor's cache."""
    while lot := tuple(islice(rows, ROWS_AT_ONCE)):
        for row in lot:
            apply_row(state, row.events, row.cursors)
    return state
