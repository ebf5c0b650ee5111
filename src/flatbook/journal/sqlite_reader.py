"""Reading a journal in SQLite: the live file and the archived segments before it, as one chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

from flatbook.engine.ports import JournalUnavailable, Link, Row
from flatbook.journal.chain import START, Head, Record, head_of_link, unsealed, unsealed_on
from flatbook.journal.sqlite_file import Segment, SqliteFile, open_file, side_file, size_of
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant

READ_ONLY = "mode=ro"
UNWRITTEN = "mode=ro&immutable=1"


class SqliteReader:
    """A journal opened for reading, its archived segments included."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    @property
    def path(self) -> Path:
        """The path of the live file."""
        return self._file.path

    @property
    def last(self) -> Seq:
        """The sequence number of the last event that is committed now; 0 when empty."""
        return self.link().last

    def link(self) -> Link:
        """Returns where the chain stands after the last row."""
        return self._file.end()

    def start(self) -> Link:
        """Returns where the chain stands before the first row of the live file."""
        return self._file.start()

    def head(self) -> Head:
        """Returns the number of rows, the last sequence number and the last hash."""
        return head_of_link(self.link())

    def lease(self) -> Epoch:
        """Returns the epoch of the last lease; 0 when none was taken."""
        return self._file.lease()[0]

    def run(self) -> str:
        """Returns the name of the run that took the last lease; empty when none did."""
        return self._file.lease()[1]

    def segments(self) -> list[Segment]:
        """Returns the archived segments, in order."""
        return self._file.segments()

    def link_at(self, row: int) -> Link:
        """Returns where the chain stands after a row of the live file.

        Errors: JournalBroken when the row is missing.
        """
        return self._file.link_at(row)

    def row_of_event(self, event: Seq) -> int:
        """Returns the row of the live file that holds an event; the row after the last when it is not reached yet."""
        return self._file.row_of_event(event)

    def link_before(self, at: Instant) -> Link:
        """Returns where the chain stood at an instant; approximate where the clock stepped back.

        Gives: the start of the live file for an instant before it.
        """
        return self._file.link_at(self._file.row_at(at) - 1)

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the rows that are not wholly at or before `after`, in order, each checked against the chain.

        Needs: the archived segments that hold these rows, in the folder they went to or beside the journal.
        Errors: JournalBroken; JournalUnavailable when a segment is missing.
        """
        if not after:
            return self.read_from(START if self.segments() else self.start())
        return self.read_from(self.link_before_event(Seq(after + 1)))

    def link_before_event(self, event: Seq) -> Link:
        """Returns where the chain stands before the row that holds an event, archived or not.

        Needs: the archived segment that holds it.
        Errors: JournalUnavailable when that is missing; JournalBroken.
        """
        segment = next((segment for segment in self.segments() if segment.end.last >= event), None)
        if segment is None:
            return self._file.link_at(self._file.row_beyond(Seq(event - 1)) - 1)
        with closing(self._opened(segment)) as file:
            return file.link_at(file.row_beyond(Seq(event - 1)) - 1)

    def read_on(self, link: Link) -> Iterator[Row] | None:
        """Checks every row up to a link by its bytes, and streams those that follow it; None when it is not there.

        Errors: JournalBroken; JournalUnavailable when a segment is missing.
        """
        start = START if self.segments() else self.start()
        return unsealed_on(chain.from_iterable(self.pages_from(start.row)), start, link)

    def read_from(self, link: Link) -> Iterator[Row]:
        """Streams the rows that follow a link, each checked against the chain.

        Errors: JournalBroken; JournalUnavailable when a segment is missing.
        """
        return unsealed(chain.from_iterable(self.pages_from(link.row)), link)

    def close(self) -> None:
        """Releases the journal."""
        self._file.close()

    def pages_from(self, row: int) -> Iterator[list[Record]]:
        """Yields the records after a row, page by page, archived ones first; unchecked.

        Errors: JournalUnavailable when a segment is missing.
        """
        for segment in self.segments():
            if segment.end.row > row:
                with closing(self._opened(segment)) as file:
                    yield from file.pages(row)
                row = segment.end.row
        while True:
            page = self._file.page(row)
            if (not page or page[0][0] != row + 1) and self._file.start().row > row:
                yield from self.pages_from(row)
                return
            if not page:
                return
            yield page
            row = page[-1][0]

    def _opened(self, segment: Segment) -> SqliteFile:
        found = segment_path(segment, self.path)
        if found is None:
            raise JournalUnavailable(
                f"{self.path}: the rows up to {segment.end.row} (event {segment.end.last}) are in {segment.name}, "
                f"which is neither in {segment.folder} nor beside the journal: copy it back to one of them"
            )
        return open_file(found, UNWRITTEN)


def segment_path(segment: Segment, path: Path) -> Path | None:
    """Returns where an archived segment of a journal is: in the folder it went to, or beside the journal."""
    places = (Path(segment.folder) / segment.name, path.with_name(segment.name))
    return next((place for place in places if place.is_file()), None)


def check_there(path: Path) -> None:
    """Passes when there is a file at a path.

    Errors: JournalUnavailable.
    """
    if not path.exists():
        raise JournalUnavailable(f"{path} is not there: make it with `flatbook init`, or restore a backup")


def check_end(reader: SqliteReader) -> None:
    """Passes when the last row of the live file follows from the one before it.

    Errors: JournalBroken.
    """
    end = reader.link()
    if end.row > reader.start().row:
        for _ in reader.read_from(reader.link_at(end.row - 1)):
            continue


def open_reader(path: Path) -> SqliteReader:
    """Opens a journal for reading, while another process writes it or after that one ended, however it ended.

    Errors: JournalUnavailable, JournalBroken.
    """
    check_there(path)
    try:
        return SqliteReader(open_file(path, READ_ONLY))
    except JournalUnavailable:
        if size_of(side_file(path, "-wal")):
            raise
        return SqliteReader(open_file(path, UNWRITTEN))
