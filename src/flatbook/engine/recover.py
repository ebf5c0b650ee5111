"""Recovery reads the journal and folds it; it never decides."""

from __future__ import annotations

from itertools import islice

from flatbook.engine.ports import Journal
from flatbook.state.desk import State
from flatbook.state.fold import apply_row

ROWS_AT_ONCE = 256


def fold_journal(journal: Journal) -> State:
    """Returns the state that a journal tells; reading checks its hash chain.

    Rows are read and folded in lots: in turn, each would push the other out of the processor's cache.
    Errors: JournalBroken when a row is damaged.
    """
    state, rows = State(), journal.read()
    while lot := tuple(islice(rows, ROWS_AT_ONCE)):
        for row in lot:
            apply_row(state, row.events, row.cursors)
    return state
