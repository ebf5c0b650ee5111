"""Moments of the past: folded as far as is asked for, from the nearest moment that is known.

The folds of the present leave moments behind as they go by, bounded: states packed, orders and results as copies that
share what does not change; states are known also from earlier questions, and from the snapshots of the home. Each is
taken up only where the journal itself bears it out. All is done beside the event loop, one moment at a time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from flatbook.api.follow import Folds, Part
from flatbook.engine.ports import Row
from flatbook.journal.inspection import read_until
from flatbook.journal.kept_states import FolderOfStates
from flatbook.journal.sqlite_reader import SqliteReader, open_reader
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant

APART_EVENTS = 20_000
MOMENTS_MAX = 16
STATES_BYTES_MAX = 64 * 1024 * 1024
COPIED_EVENTS_MAX = 2_000_000
PACKED = 1


class Known(NamedTuple):
    """What was folded up to an event, and the hash of the row that ends with it.

    `taken` returns a part of it for whoever folds on; `size` is what it costs to keep, in bytes or in events.
    """

    seq: Seq
    hash: bytes
    size: int
    taken: Callable[[Part], Folds]


class Moments:
    """Moments apart from each other; where they are too many or too large together, every second one goes."""

    def __init__(self, size_max: int, apart: int = APART_EVENTS) -> None:
        self.known: tuple[Known, ...] = ()
        self._size_max, self._apart = size_max, apart

    def is_due(self, seq: Seq) -> bool:
        """Whether a moment is far enough from all that are kept."""
        return seq >= self._apart and all(abs(seq - each.seq) >= self._apart for each in self.known)

    def keep(self, moment: Known) -> None:
        """Keeps a moment that is due; one that would take more than half of what all may take is not kept."""
        if moment.size * 2 > self._size_max:
            return
        known = sorted((*self.known, moment), key=attrgetter("seq"))
        while len(known) > MOMENTS_MAX or sum(each.size for each in known) > self._size_max:
            del known[::2]
            self._apart *= 2
        self.known = tuple(known)

    def forget_after(self, seq: Seq) -> None:
        """Forgets the moments behind an event."""
        if self.known and self.known[-1].seq > seq:
            self.known = tuple(each for each in self.known if each.seq <= seq)


class Past:
    """What is known of the past of one journal. `snapshots` is the folder of an engine's kept states."""

    def __init__(self, journal: Path, snapshots: Path) -> None:
        self._journal, self._snapshots = journal, snapshots
        self._states = Moments(STATES_BYTES_MAX)
        self._copies = Moments(COPIED_EVENTS_MAX)
        self.rows_folded = 0

    def fold(self, part: Part, *, seq: Seq | None, at: Instant | None) -> Folds:
        """Returns what was known once an event was committed, or at an instant.

        Needs: one thread at a time. Where the machine's clock stepped back an instant is approximate.
        Errors: JournalBroken, JournalUnavailable.
        """
        with closing(open_reader(self._journal)) as reader:
            last = seq if seq is not None else None if at is None else reader.link_before(at).last
            folds, rows = self._begun(reader, part, last)
            for row in read_until(rows, seq=seq, at=at):
                folds.take(row)
                self.rows_folded += 1
                if part is Part.STATE and self._states.is_due(folds.seq):
                    self._states.keep(_packed(folds))
        return folds

    def pass_by(self, folds: Folds) -> None:
        """Leaves what is folded of the present behind, where that is due.

        Needs: nobody reads results meanwhile. What is ahead of the present is of another journal, and is forgotten.
        """
        self._states.forget_after(folds.seq)
        self._copies.forget_after(folds.seq)
        if self._states.is_due(folds.seq):
            self._states.keep(_packed(folds))
        if self._copies.is_due(folds.seq):
            self._copies.keep(Known(folds.seq, folds.hash, folds.seq, folds.fork().fork))

    def _begun(self, reader: SqliteReader, part: Part, last: Seq | None) -> tuple[Folds, Iterator[Row]]:
        """Returns the newest known moment that is not behind an event, and the rows that follow it."""
        for known in self._moments(part, last):
            rows = reader.read(Seq(known.seq - 1))
            row = next(rows, None)
            if row is not None and (row.last, row.hash) == (known.seq, known.hash):
                folds = known.taken(part)
                folds.seq, folds.hash = row.last, row.hash
                folds.at = folds.event_at = row.at  # it is the row of that event
                return folds, rows
        return Folds((part,)), reader.read()

    def _moments(self, part: Part, last: Seq | None) -> list[Known]:
        """Returns the moments up to an event that are known, the newest first."""
        kept = self._states if part is Part.STATE else self._copies
        found = [each for each in kept.known if last is None or each.seq <= last]
        for each in FolderOfStates(self._snapshots).newest_first() if part is Part.STATE else ():
            if last is None or each.link.last <= last:
                found.append(Known(each.link.last, each.link.hash, 0, partial(_with_state, each.state)))
                break
        return sorted(found, key=attrgetter("seq"), reverse=True)


def _packed(folds: Folds) -> Known:
    packed = zlib.compress(state_bytes(folds.state), PACKED)
    return Known(folds.seq, folds.hash, len(packed), partial(_unpacked, packed))


def _unpacked(packed: bytes, part: Part) -> Folds:
    return _with_state(state_from_bytes(zlib.decompress(packed)), part)


def _with_state(state: State, part: Part) -> Folds:
    folds = Folds((part,))
    folds.state = state
    return folds
