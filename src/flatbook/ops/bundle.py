"""A stretch of the journal in one file that proves itself: its events, the bytes that were hashed, and what it holds.

The file is a ZIP of three: `events.jsonl`, an event a line as `flatbook events export` writes it, with its row;
`commits.jsonl`, a commit a line with its hash, the hash before, and the very bytes that both are over; and
`manifest.json`, which counts them and says where the chain stood before and after. Whoever knows one hash of the chain
knows from it whether anything was changed; `check_bundle` computes all of them anew.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from binascii import Error as NoBase64
from collections.abc import Callable, Iterator
from itertools import chain
from typing import IO

import msgspec

from flatbook import __version__
from flatbook.engine.ports import JournalBroken, Link, Row
from flatbook.events.codec import name_of
from flatbook.journal.chain import Head, Record, head_of_link, unsealed
from flatbook.journal.sqlite_reader import SqliteReader
from flatbook.projections.event_lines import event_fields
from flatbook.projections.fold import recorded
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant, text_of_instant

SCHEMA = "flatbook.bundle.v1"
EVENTS, COMMITS, MANIFEST = "events.jsonl", "commits.jsonl", "manifest.json"
LINE_BYTES_MAX = 512 * 1024 * 1024
MANIFEST_BYTES_MAX = 1024 * 1024
DATED = (1980, 1, 1, 0, 0, 0)  # the same stretch gives the same bytes

_encode = msgspec.json.encode


class BundleRefused(Exception):
    """There is no such stretch, or a file is not the bundle that it says it is."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle holds: whole commits, from the one that has event `first` to the one that has `last`.

    Units: `rows` counts commits; `start` is where the chain stood before them, `head` where it stands after. `types`
    counts the events by type, `digests` are the SHA-256 of the other files in hexadecimal.
    """

    schema: str
    version: str
    made_at: str
    first: int
    last: int
    rows: int
    events: int
    start: Head
    head: Head
    types: dict[str, int]
    digests: dict[str, str]


class CommitLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One commit: `hash` is the SHA-256 over `previous` and the bytes that `body` holds in base64."""

    row: int
    first: int
    last: int
    epoch: int
    at: str
    previous: str
    hash: str
    body: str


class Counted:
    """What went into a file of the bundle so far: its digest, and its events by type."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.types: dict[str, int] = {}
        self.rows = self.events = 0
        self.end: Link | None = None


def write_bundle(target: IO[bytes], reader: SqliteReader, first: Seq, last: Seq, *, made_at: Instant) -> Manifest:
    """Writes the commits that hold the events from `first` to `last`, each checked against the chain on the way.

    Errors: BundleRefused when there are no such events; JournalBroken; JournalUnavailable.
    """
    if not 1 <= first <= last <= reader.last:
        raise BundleRefused(f"there are no events {first} to {last}: the journal has 1 to {reader.last}")
    start = reader.link_before_event(first)
    commits, events = Counted(), Counted()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        _write(bundle, COMMITS, commits, _commit_lines(reader, start, last, commits))
        _write(bundle, EVENTS, events, _event_lines(reader, start, last, events))
        assert commits.end is not None, "a stretch has at least one commit"
        manifest = Manifest(
            schema=SCHEMA,
            version=__version__,
            made_at=text_of_instant(made_at),
            first=start.last + 1,
            last=commits.end.last,
            rows=commits.rows,
            events=events.events,
            start=head_of_link(start),
            head=head_of_link(commits.end),
            types=dict(sorted(events.types.items())),
            digests={COMMITS: commits.digest.hexdigest(), EVENTS: events.digest.hexdigest()},
        )
        bundle.writestr(_named(MANIFEST), msgspec.json.format(_encode(manifest), indent=1) + b"\n")
    return manifest


def _named(name: str) -> zipfile.ZipInfo:
    named = zipfile.ZipInfo(name, DATED)
    named.compress_type = zipfile.ZIP_DEFLATED
    return named


def _write(bundle: zipfile.ZipFile, name: str, counted: Counted, lines: Iterator[bytes]) -> None:
    with bundle.open(_named(name), "w", force_zip64=True) as stream:
        for line in lines:
            counted.digest.update(line)
            stream.write(line)


def _stretch(reader: SqliteReader, start: Link, last: Seq) -> Iterator[tuple[Record, Row]]:
    """Yields each commit after a link, as it is stored and as it reads, up to the one that holds an event."""
    link = start
    for record in chain.from_iterable(reader.pages_from(start.row)):
        (row,) = unsealed((record,), link)
        link = Link(record[0], row.last, row.epoch, row.hash)
        yield record, row
        if row.last >= last:
            return


def _commit_lines(reader: SqliteReader, start: Link, last: Seq, counted: Counted) -> Iterator[bytes]:
    for record, row in _stretch(reader, start, last):
        counted.rows, counted.end = counted.rows + 1, Link(record[0], row.last, row.epoch, row.hash)
        line = CommitLine(
            row=record[0],
            first=row.first,
            last=row.last,
            epoch=row.epoch,
            at=text_of_instant(row.at),
            previous=row.previous_hash.hex(),
            hash=row.hash.hex(),
            body=base64.b64encode(record[2]).decode(),
        )
        yield _encode(line) + b"\n"


def _event_lines(reader: SqliteReader, start: Link, last: Seq, counted: Counted) -> Iterator[bytes]:
    for record, row in _stretch(reader, start, last):
        for item in recorded((row,)):
            name = name_of(type(item.event))
            counted.types[name] = counted.types.get(name, 0) + 1
            counted.events += 1
            yield _encode({**event_fields(item), "row": record[0]}) + b"\n"


def check_bundle(source: IO[bytes]) -> Manifest:
    """Reads a bundle anew: every hash over its bytes, every event against those bytes, and what the manifest counts.

    Needs: one of the hashes from elsewhere, to know that it is of the journal that is meant.
    Errors: BundleRefused, with what is not as it says.
    """
    try:
        with zipfile.ZipFile(source) as bundle:
            manifest = _manifest(bundle)
            _check_chain(bundle, manifest)
            _check_digests(bundle, manifest)
    except (zipfile.BadZipFile, KeyError, msgspec.MsgspecError, NoBase64, ValueError, JournalBroken, EOFError) as error:
        raise BundleRefused(f"this is no bundle that proves itself: {error}") from error
    return manifest


def _manifest(bundle: zipfile.ZipFile) -> Manifest:
    with bundle.open(MANIFEST) as stream:
        manifest = msgspec.json.decode(stream.read(MANIFEST_BYTES_MAX), type=Manifest)
    if manifest.schema != SCHEMA:
        raise BundleRefused(f"it is a {manifest.schema}, and this reads {SCHEMA}")
    return manifest


def _check_chain(bundle: zipfile.ZipFile, manifest: Manifest) -> None:
    """Passes where every commit follows from the one before, and the events are those that its bytes hold."""
    start = manifest.start
    link = Link(start.rows, start.last, Epoch(0), bytes.fromhex(start.hash))
    rows, events = 0, 0
    with bundle.open(COMMITS) as commits, bundle.open(EVENTS) as told:
        for line in _lines(commits):
            stated = msgspec.json.decode(line, type=CommitLine)
            body = base64.b64decode(stated.body, validate=True)
            (row,) = unsealed(((stated.row, bytes.fromhex(stated.hash), body),), link)
            _check_stated(stated, row)
            for item in recorded((row,)):
                if told.readline(LINE_BYTES_MAX) != _encode({**event_fields(item), "row": stated.row}) + b"\n":
                    raise BundleRefused(f"event {item.seq} is not the one that the bytes of row {stated.row} hold")
                events += 1
            link, rows = Link(stated.row, row.last, row.epoch, row.hash), rows + 1
        if told.readline(LINE_BYTES_MAX):
            raise BundleRefused("it has more events than its commits hold")
    counts = (manifest.first, manifest.last, manifest.rows, manifest.events, manifest.head)
    if counts != (start.last + 1, link.last, rows, events, head_of_link(link)):
        raise BundleRefused("its manifest counts or ends otherwise than its commits")


def _check_stated(stated: CommitLine, row: Row) -> None:
    said = (stated.first, stated.last, stated.epoch, stated.at, stated.previous)
    if said != (row.first, row.last, row.epoch, text_of_instant(row.at), row.previous_hash.hex()):
        raise BundleRefused(f"row {stated.row} says otherwise than its bytes")


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    read: Callable[[], bytes] = lambda: stream.readline(LINE_BYTES_MAX)  # noqa: E731
    return iter(read, b"")


def _check_digests(bundle: zipfile.ZipFile, manifest: Manifest) -> None:
    for name, stated in manifest.digests.items():
        with bundle.open(name) as stream:
            digest = hashlib.sha256()
            for line in _lines(stream):
                digest.update(line)
            if digest.hexdigest() != stated:
                raise BundleRefused(f"{name} is not the file that the manifest names")
