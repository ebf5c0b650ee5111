"""Moves the older rows of a journal into segment files; the live file keeps the hash that they end with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import chain, takewhile
from pathlib import Path

import msgspec

from flatbook.engine.ports import JournalBroken, JournalUnavailable, Link
from flatbook.journal.chain import Head, head_of_link, unsealed
from flatbook.journal.files import make_folder, written_whole
from flatbook.journal.inspection import PROGRESS_ROWS, Progress, no_progress
from flatbook.journal.sqlite import open_journal
from flatbook.journal.sqlite_file import (
    SEGMENTS_MAX,
    Segment,
    connect,
    create_schema,
    fault_of,
    open_file,
    size_of,
)
from flatbook.journal.sqlite_reader import UNWRITTEN, SqliteReader, open_reader
from flatbook.values.ids import Seq

SEGMENT_FOLDER = "segments"


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive run moved.

    Units: rows and events in the segment; bytes of its file; `end` is where it ends in the whole journal.
    """

    path: Path
    rows: int
    events: int
    bytes: int
    end: Head


def archive(
    path: Path, *, into: Path | None = None, before: Seq | None = None, progress: Progress = no_progress
) -> Archived | None:
    """Moves the rows whose events are all before an event into a segment file, and verifies it before they go.

    Needs: no engine runs on the journal. `into` is a folder, `segments` beside the journal unless given; `before` is
    the first event to stay, all events go unless given. A crash at any instant leaves the journal whole: the rows
    leave it in one transaction, after the segment is durable.
    Gives: None when there is nothing to move.
    Errors: JournalUnavailable, also while an engine holds the journal; JournalBroken.
    """
    with closing(open_journal(path)) as journal, closing(open_reader(path)) as reader:
        start, cut = reader.start(), _cut(reader, before)
        number = len(reader.segments()) + 1
        if cut is None:
            return None
        if number > SEGMENTS_MAX:
            raise JournalUnavailable(f"{path} has {SEGMENTS_MAX} segments already: begin a new journal")
        folder = (into or path.with_name(SEGMENT_FOLDER)).absolute()
        name = f"{path.stem}-{number:06d}-{start.last + 1}-{cut.last}{path.suffix}"
        target = folder / name
        _make_segment(reader, target, (start, cut), progress)
        journal.adopt(Segment(number=number, name=name, folder=str(folder), end=cut))
    rows, events = cut.row - start.row, cut.last - start.last
    return Archived(path=target, rows=rows, events=events, bytes=size_of(target), end=head_of_link(cut))


def _cut(reader: SqliteReader, before: Seq | None) -> Link | None:
    """Returns the last row to move: a row with events, all of them before an event."""
    end = reader.link()
    first_to_stay = end.row + 1 if before is None else reader.row_of_event(before)
    link = reader.link_at(first_to_stay - 1)
    return reader.link_at(reader.row_of_event(link.last)) if link.last > reader.start().last else None


def _make_segment(reader: SqliteReader, target: Path, span: tuple[Link, Link], progress: Progress) -> None:
    make_folder(target.parent)
    with written_whole(target, mode=0o400) as part:
        _copy_rows(reader, part, span)
        _check_copy(part, span, progress)


def _copy_rows(reader: SqliteReader, part: Path, span: tuple[Link, Link]) -> None:
    start, cut = span
    records = chain.from_iterable(reader.pages_from(start.row))
    with closing(connect(part, "mode=rw")) as connection:
        try:
            connection.execute("PRAGMA synchronous = FULL")
            create_schema(connection, start, "")
            connection.execute("BEGIN IMMEDIATE")
            wanted = takewhile(lambda record: record[0] <= cut.row, records)
            connection.executemany("INSERT INTO commits VALUES (?, ?, ?)", wanted)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise fault_of(part, error) from error


def _check_copy(part: Path, span: tuple[Link, Link], progress: Progress) -> None:
    start, cut = span
    link = start
    with closing(open_file(part, UNWRITTEN)) as file:
        for row in unsealed(chain.from_iterable(file.pages(start.row)), start):
            link = Link(link.row + 1, row.last, row.epoch, row.hash)
            if (link.row - start.row) % PROGRESS_ROWS == 0:
                progress(link.row - start.row, cut.row - start.row)
    if link != cut:
        raise JournalBroken(f"the copy {part} is not the rows it was made of: expected {cut}, found {link}")
