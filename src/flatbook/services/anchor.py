"""The end of a journal, noted in a small file beside it, so that a tail that was lost is noticed at the next start.

The note is written after each commit and never before it: whatever ends the process, it names no row that the journal
did not hold. It is not synced, for what it guards against is no power cut: a `-wal` file that was removed or cut, or
another copy in the place of the journal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from flatbook.engine.ports import Cursors, JournalBroken, JournalUnavailable, Link, Row
from flatbook.events.event import Event
from flatbook.journal.chain import Head
from flatbook.journal.sqlite import SqliteJournal
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant

SUFFIX = ".head"
NOTE_BYTES = 256


class Anchor:
    """The note of where a journal ended last."""

    def __init__(self, journal_path: Path) -> None:
        """Opens the note beside a journal; it is made when missing.

        Errors: JournalUnavailable.
        """
        there = journal_path.resolve()
        self.path = there.with_name(f"{there.name}{SUFFIX}")
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalUnavailable(f"{self.path} cannot be opened: {error.strerror}") from error

    def check(self, journal: SqliteJournal) -> None:
        """Passes when a journal holds the row that was noted last, or none was.

        Errors: JournalBroken when rows at its end are missing, or it is another one.
        """
        noted, found = self._noted(), journal.head()
        if noted is None or noted == found or _goes_on_from(noted, journal):
            return
        raise JournalBroken(
            f"the journal ends with row {found.rows} (event {found.last}), and row {noted.rows} (event {noted.last}) "
            "was committed here: its -wal file was removed or cut, or another journal was put in its place. Put the "
            "files back, or use `flatbook restore`, which starts halted. To start over knowingly, and to hedge every "
            f"fill of the chain anew, remove {self.path.name}"
        )

    def note(self, head: Head) -> None:
        """Notes where the journal ends now. A disk that takes no note takes no row either, and is told of there."""
        with suppress(OSError):
            os.pwrite(self._descriptor, msgspec.json.encode(head).ljust(NOTE_BYTES), 0)

    def close(self) -> None:
        """Closes the note; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _noted(self) -> Head | None:
        try:
            return msgspec.json.decode(os.pread(self._descriptor, NOTE_BYTES, 0), type=Head)
        except msgspec.MsgspecError:
            return None


def noted_beside(journal_path: Path) -> Head | None:
    """Returns the end that was noted beside a journal; None where no note can be read."""
    there = journal_path.resolve()
    try:
        return msgspec.json.decode(there.with_name(f"{there.name}{SUFFIX}").read_bytes(), type=Head)
    except (OSError, msgspec.MsgspecError):
        return None


def _goes_on_from(noted: Head, journal: SqliteJournal) -> bool:
    """Returns whether a journal is longer than noted, and holds the noted row."""
    if journal.head().rows <= noted.rows:
        return False
    later = journal.read(Seq(noted.last))
    return any(noted.hash in (row.hash.hex(), row.previous_hash.hex()) for row in later)


class AnchoredJournal:
    """A journal that notes its end after each commit."""

    def __init__(self, journal: SqliteJournal, anchor: Anchor) -> None:
        self._journal, self._anchor = journal, anchor
        self._anchor.note(journal.head())

    @property
    def last(self) -> Seq:
        """The sequence number of the last event; 0 when empty."""
        return self._journal.last

    def take_lease(self, now: Instant) -> Epoch:
        """Raises the epoch and fences every earlier holder.

        Errors: JournalUnavailable.
        """
        return self._journal.take_lease(now)

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Commits the events and cursors as one row, and notes it.

        Errors: Fenced, Conflict, JournalUnavailable.
        """
        seq = self._journal.append(events, after=after, epoch=epoch, cursors=cursors, at=at)
        self._anchor.note(self._journal.head())
        return seq

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the rows that are not wholly at or before `after`.

        Errors: JournalBroken, JournalUnavailable.
        """
        return self._journal.read(after)

    def read_on(self, link: Link) -> Iterator[Row] | None:
        """Checks every row up to a link by its bytes, and streams those that follow it; None when it is not there.

        Errors: JournalBroken, JournalUnavailable.
        """
        return self._journal.read_on(link)

    def close(self) -> None:
        """Releases the journal and its note."""
        self._journal.close()
        self._anchor.close()


def anchored(journal: SqliteJournal, path: Path, *, is_restored: bool) -> AnchoredJournal:
    """Returns a journal that notes its end, checked against the note unless it was restored: that one starts halted.

    Errors: JournalBroken, JournalUnavailable; the journal is closed then.
    """
    anchor = None
    try:
        anchor = Anchor(path)
        if not is_restored:
            anchor.check(journal)
    except (JournalBroken, JournalUnavailable):
        journal.close()
        if anchor is not None:
            anchor.close()
        raise
    return AnchoredJournal(journal, anchor)
