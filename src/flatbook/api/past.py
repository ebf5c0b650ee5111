"""Moments of the past: folded as far as is asked for, and the state of a desk from the nearest one that is known.

A state is known from the snapshots of the home and from earlier folds, which leave some behind, packed and bounded.
Each is taken up only where the journal itself bears it out. All is done beside the event loop, one moment at a time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from flatbook.api.follow import Folds, Part
from flatbook.engine.ports import Row
from flatbook.engine.recover import KeptState
from flatbook.journal.inspection import read_until
from flatbook.journal.kept_states import FolderOfStates
from flatbook.journal.sqlite_reader import SqliteReader, open_reader
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant

APART_EVENTS = 20_000
STATES_MAX = 16
STATES_BYTES_MAX = 64 * 1024 * 1024
PACKED = 1


class Known(NamedTuple):
    """A state after an event, packed, and the hash of the row that ends with it."""

    seq: Seq
    hash: bytes
    packed: bytes


class Past:
    """What is known of the past of one journal. `snapshots` is the folder of an engine's kept states."""

    def __init__(self, journal: Path, snapshots: Path) -> None:
        self._journal, self._snapshots = journal, snapshots
        self._known: list[Known] = []
        self._apart = APART_EVENTS
        self.rows_folded = 0

    def fold(self, part: Part, *, seq: Seq | None, at: Instant | None) -> Folds:
        """Returns what was known once an event was committed, or at an instant.

        Needs: one thread at a time. Where the machine's clock stepped back an instant is approximate.
        Errors: JournalBroken, JournalUnavailable.
        """
        with closing(open_reader(self._journal)) as reader:
            folds = Folds((part,))
            rows = reader.read()
            if part is Part.STATE:
                last = seq if seq is not None else None if at is None else reader.link_before(at).last
                folds, rows = self._begun(reader, folds, last)
            for row in read_until(rows, seq=seq, at=at):
                folds.take(row)
                self.rows_folded += 1
                if part is Part.STATE:
                    self._keep(folds)
        return folds

    def _begun(self, reader: SqliteReader, folds: Folds, last: Seq | None) -> tuple[Folds, Iterator[Row]]:
        """Returns the newest known state that is not behind an event, and the rows that follow it."""
        for known_seq, known_hash, state in self._states(last):
            rows = reader.read(Seq(known_seq - 1))
            row = next(rows, None)
            if row is not None and (row.last, row.hash) == (known_seq, known_hash):
                folds.state, folds.seq, folds.hash = state, row.last, row.hash
                folds.at = folds.event_at = row.at  # it is the row of that event
                return folds, rows
        return folds, reader.read()

    def _states(self, last: Seq | None) -> Iterator[tuple[Seq, bytes, State]]:
        """Yields the states up to an event that are known, the newest first."""
        found: list[tuple[Seq, bytes, Callable[[], State]]] = [
            (each.seq, each.hash, partial(_unpacked, each)) for each in self._known if last is None or each.seq <= last
        ]
        for kept in FolderOfStates(self._snapshots).newest_first():
            if last is None or kept.link.last <= last:
                found.append((kept.link.last, kept.link.hash, partial(_taken, kept)))
                break
        for seq, row_hash, state in sorted(found, key=itemgetter(0), reverse=True):
            yield seq, row_hash, state()

    def _keep(self, folds: Folds) -> None:
        """Keeps a state far enough from the others; where they are too many or too large, every second one goes."""
        if any(abs(folds.seq - known.seq) < self._apart for known in self._known) or folds.seq < self._apart:
            return
        self._known.append(Known(folds.seq, folds.hash, zlib.compress(state_bytes(folds.state), PACKED)))
        self._known.sort()
        while len(self._known) > STATES_MAX or sum(len(known.packed) for known in self._known) > STATES_BYTES_MAX:
            self._known = self._known[1::2]
            self._apart *= 2


def _unpacked(known: Known) -> State:
    return state_from_bytes(zlib.decompress(known.packed))


def _taken(kept: KeptState) -> State:
    return kept.state
