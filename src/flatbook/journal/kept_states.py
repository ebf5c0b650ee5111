"""States of a desk that were folded before: what an engine starts from, and verbs that read go on from.

A kept state says which code folded it. No code but this very one takes it up again, so that a start gives the state
that the present code would have folded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from flatbook.engine.ports import JournalFault, Link, Row
from flatbook.engine.recover import KeptState
from flatbook.journal.fold_code import fold_code
from flatbook.journal.snapshot import (
    Fold,
    fold_journal,
    newest_snapshot,
    read_snapshot,
    snapshots_of,
    snapshots_of_others,
)
from flatbook.journal.sqlite_reader import open_reader
from flatbook.state.desk import State
from flatbook.state.dump import STATE_FORMAT, StateUnreadable, state_bytes, state_from_bytes
from flatbook.state.fold import apply_row

SNAPSHOT_EVENTS_MIN = 20_000
END_EVENTS_MAX = 1_000_000


def with_row(state: State, row: Row) -> State:
    """Folds one commit into a state."""
    return apply_row(state, row.events, row.cursors)


def desk_fold() -> Fold[State] | None:
    """Returns the fold of a desk's state, named after the code that folds; None where that code cannot be named."""
    code = fold_code()
    if code is None:
        return None
    return Fold(
        name=f"desk {STATE_FORMAT} {code}",
        initial=State,
        apply=with_row,
        encode=state_bytes,
        decode=state_from_bytes,
    )


class FolderOfStates:
    """The kept states in a folder, and which of them recovery took or passed over, and why."""

    def __init__(self, folder: Path) -> None:
        self.taken: Link | None = None
        self.passed_over: list[tuple[str, str]] = []
        self._folder = folder
        self._fold = desk_fold()

    def newest_first(self) -> Iterator[KeptState]:
        """Yields the states that this code folded and that can be read; the caller owns each."""
        self.taken, self.passed_over = None, []
        if self._fold is None:
            return
        for path in snapshots_of_others(self._folder, self._fold.name):
            self._pass_over(path, "other code folded it")
        for path in snapshots_of(self._folder, self._fold.name):
            kept = self._read(path, self._fold)
            if kept is None:
                self._pass_over(path, "it cannot be read or was changed")
                continue
            self.taken = kept.link
            yield kept
            self.taken = None
            self._pass_over(path, "it is not of this journal")

    def _read(self, path: Path, fold: Fold[State]) -> KeptState | None:
        snapshot = read_snapshot(path, fold.name)
        try:
            state = None if snapshot is None else fold.decode(snapshot.state)
        except StateUnreadable:
            return None
        if snapshot is None or state is None or state.seq != snapshot.link.last:
            return None
        return KeptState(snapshot.link, state)

    def _pass_over(self, path: Path, why: str) -> None:
        self.passed_over.append((path.stem, why))


def keep_state(journal_path: Path, folder: Path) -> None:
    """Folds a journal whose engine has ended from its newest kept state on, and keeps the state for the next start.

    Nothing is done for a few events, nor for so many that whoever stopped the engine would wait long.
    """
    fold = desk_fold()
    if fold is None:
        return
    try:
        with closing(open_reader(journal_path)) as reader:
            newest = newest_snapshot(reader, folder, fold.name)
            since = reader.last - (0 if newest is None else newest.link.last)
            if SNAPSHOT_EVENTS_MIN <= since <= END_EVENTS_MAX:
                fold_journal(reader, folder, fold, events_min=SNAPSHOT_EVENTS_MIN)
    except JournalFault:
        return
