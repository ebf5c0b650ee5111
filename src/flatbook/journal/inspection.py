"""What a person asks of a journal: is it whole, how large is it, and what did it say at an earlier moment."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from flatbook.engine.ports import JournalBroken, Link, Row
from flatbook.journal.chain import START, Head, broken, head_of_link
from flatbook.journal.sqlite_file import side_file, size_of
from flatbook.journal.sqlite_reader import SqliteReader, open_reader, segment_path
from flatbook.values.ids import Seq
from flatbook.values.instants import SECONDS_PER_DAY, Instant, later

PROGRESS_ROWS = 10_000
WEEK_DAYS = 7

Progress = Callable[[int, int], None]
"""Called with the rows done and the rows in all."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification read and found whole.

    Units: rows and events that were read; `head` is the end of the journal. `missing` names the archived segments
    that were not there to be read; the rows after them were checked against the hash the live file keeps of them.
    """

    rows: int
    events: int
    head: Head
    segments: int
    missing: tuple[str, ...]


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a journal and how it grows.

    Units: bytes; `rows` and `events` from the beginning, archived ones included; `events_last_day` and
    `events_last_week` up to the instant of the question, approximate where the clock stepped back, and without what
    was archived since.
    """

    bytes: int
    wal_bytes: int
    segment_bytes: int
    segments: int
    rows: int
    live_rows: int
    events: int
    events_last_day: int
    events_last_week: int
    disk_free_bytes: int


def no_progress(done: int, total: int) -> None:
    """Says nothing about the progress of long work."""


def verify(path: Path, *, anchor: Head | None = None, progress: Progress = no_progress) -> Verified:
    """Reads a whole journal, archived segments included, and checks numbers, hashes, order and events of every row.

    Needs: an anchor kept elsewhere to notice a tail that was cut off; without one the chain alone cannot tell.
    Errors: JournalBroken; JournalUnavailable when the journal cannot be read.
    """
    with closing(open_reader(path)) as reader:
        start, present, missing = _first_present(reader)
        head = reader.head()
        rows = 0
        end = start
        checked = anchor is None or _agrees(anchor, start)
        for row in reader.read_from(start):
            rows += 1
            end = Link(end.row + 1, row.last, row.epoch, row.hash)
            checked = checked or (anchor is not None and _agrees(anchor, end))
            if rows % PROGRESS_ROWS == 0:
                progress(rows, head.rows - start.row)
        if anchor is not None and not checked:
            raise _not_anchored(anchor, start, end)
    progress(rows, rows)
    return Verified(rows=rows, events=end.last - start.last, head=head_of_link(end), segments=present, missing=missing)


def _first_present(reader: SqliteReader) -> tuple[Link, int, tuple[str, ...]]:
    """Returns where reading can begin, how many segments are there from then on, and the names of those missing."""
    start, missing, present = START, [], 0
    for segment in reader.segments():
        if segment_path(segment, reader.path) is None:
            missing.append(segment.name)
            start, present = segment.end, 0
        else:
            present += 1
    return (start, present, tuple(missing)) if present or missing else (reader.start(), 0, ())


def _agrees(anchor: Head, link: Link) -> bool:
    """Returns whether the chain stands at the anchor's row, and is the one the anchor was taken of.

    Errors: JournalBroken.
    """
    if link.row != anchor.rows:
        return False
    if head_of_link(link) != anchor:
        found = head_of_link(link)
        raise broken(
            link.row,
            link.last,
            "the journal is not the one the anchor was taken of, or was written anew",
            expected=f"event {anchor.last} and hash {anchor.hash}",
            found=f"event {found.last} and hash {found.hash}",
        )
    return True


def _not_anchored(anchor: Head, start: Link, end: Link) -> JournalBroken:
    if anchor.rows < start.row:
        return JournalBroken(f"row {anchor.rows} of the anchor is in an archived segment that is not there")
    return broken(
        end.row,
        end.last,
        "the tail of the journal is missing",
        expected=f"at least {anchor.rows} rows up to event {anchor.last}",
        found=f"{end.row} rows up to event {end.last}",
    )


def statistics(path: Path, now: Instant) -> Statistics:
    """Returns the size of a journal, its growth over the last day and week, and the room left on its disk.

    Errors: JournalUnavailable, JournalBroken.
    """
    with closing(open_reader(path)) as reader:
        end, start, segments = reader.link(), reader.start(), reader.segments()
        files = [segment_path(segment, path) for segment in segments]
        return Statistics(
            bytes=size_of(path),
            wal_bytes=size_of(side_file(path, "-wal")),
            segment_bytes=sum(size_of(file) for file in files if file is not None),
            segments=len(segments),
            rows=end.row,
            live_rows=end.row - start.row,
            events=end.last,
            events_last_day=end.last - reader.link_before(later(now, seconds=-SECONDS_PER_DAY)).last,
            events_last_week=end.last - reader.link_before(later(now, seconds=-WEEK_DAYS * SECONDS_PER_DAY)).last,
            disk_free_bytes=shutil.disk_usage(path.parent).free,
        )


def read_until(rows: Iterable[Row], *, seq: Seq | None = None, at: Instant | None = None) -> Iterator[Row]:
    """Yields the rows of a journal as they stood after an event, or at an instant, or at the earlier of both.

    Gives: a row that holds the event `seq` in its middle is cut after it, its cursors left out: they speak of all of
    the row. Rows end before the first one that was committed after `at`.
    """
    for row in rows:
        if at is not None and row.at > at:
            return
        if seq is None or row.last <= seq:
            yield row
            continue
        if row.first <= seq:
            yield msgspec.structs.replace(row, last=seq, cursors={}, events=row.events[: seq - row.first + 1])
        return
