"""Recovery reads the journal and folds it; it never decides."""

from __future__ import annotations

from flatbook.engine.ports import Journal
from flatbook.state.desk import State
from flatbook.state.fold import apply_row


def fold_journal(journal: Journal) -> State:
    """Returns the state that a journal tells; reading checks its hash chain.

    Errors: JournalBroken when a row is damaged.
    """
    state = State()
    for row in journal.read():
        apply_row(state, row.events, row.cursors)
    return state
