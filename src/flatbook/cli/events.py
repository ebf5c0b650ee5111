"""`flatbook events`: the journal itself, shown, exported, verified and archived."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, At, Limit, Where, says
from flatbook.cli.output import Part, Told, brief, print_told, progress, show

if TYPE_CHECKING:
    from flatbook.ops.bundle import Manifest
    from flatbook.projections.fold import Recorded

TAIL_SHOWN = 20
FOLLOW_S = 0.2
Wanted = Callable[["Recorded"], bool]
TypeOption = Annotated[
    tuple[str, ...],
    Parameter(name="--type", help="Only events of this type, such as order_filled; may be given again.", negative=""),
]


def tail(
    *,
    limit: Annotated[Limit, Parameter(name=("--limit", "-n"))] = TAIL_SHOWN,
    kinds: TypeOption = (),
    follow: Annotated[
        bool, Parameter(name=("--follow", "-f"), help="Go on with new ones until stopped.", negative="")
    ] = False,
    at: At = None,
    where: Where = HERE,
) -> None:
    """Shows the latest events, one line each. With --follow and --json each event is one JSON object on one line."""
    from collections import deque

    from flatbook.cli.reading import past_of
    from flatbook.projections.event_lines import event_fields
    from flatbook.projections.fold import recorded
    from flatbook.values.ids import Seq

    wanted = _wanted(kinds)
    with past_of(where, at) as past:
        skipped = past.reader.last - limit if limit and not kinds and at is None else 0
        items = (item for item in recorded(past.read(Seq(max(0, skipped)))) if wanted(item))
        latest = list(items) if not limit else list(deque(items, maxlen=min(limit, sys.maxsize)))
        if follow:
            _follow(past, latest, wanted, as_json=where.as_json)
            return
        body = {"as_of": past.as_of(), "events": [event_fields(item) for item in latest]}
    show("events.tail", body, lambda: (_told(item) for item in latest), as_json=where.as_json)


def _wanted(kinds: tuple[str, ...]) -> Wanted:
    from difflib import get_close_matches

    from flatbook.events.codec import EVENT_TYPES, name_of

    tags = [name_of(event_type) for event_type in EVENT_TYPES]
    for kind in kinds:
        if kind not in tags:
            near = " or ".join(get_close_matches(kind, tags))
            do = f"did you mean {near}?" if near else "flatbook events tail shows some"
            raise Failed(Exit.USAGE, f"no event has the type {kind!r}", where="--type", do=do)
    return lambda item: not kinds or name_of(type(item.event)) in kinds


def _follow(past: Any, latest: list[Recorded], wanted: Wanted, *, as_json: bool) -> None:
    from threading import Event

    from flatbook.projections.fold import recorded

    pause = Event()
    items, last = latest, past.seq
    while True:
        for item in items:
            print(_json_line(item)) if as_json else print_told(_told(item))
        sys.stdout.flush()
        pause.wait(FOLLOW_S)
        news = [item for item in recorded(past.reader.read(last)) if item.seq > last]
        last = news[-1].seq if news else last
        items = [item for item in news if wanted(item)]


def _json_line(item: Recorded) -> str:
    import json

    from flatbook.projections.event_lines import event_fields

    return json.dumps({"schema": "flatbook.event.v1", **event_fields(item)}, ensure_ascii=True)


def _told(item: Recorded) -> Told:
    from flatbook.projections.timeline import line_of
    from flatbook.values.ids import EventRef
    from flatbook.values.instants import text_of_instant

    line = line_of(item, EventRef(""))
    lead = f"{line.seq:>8}  {text_of_instant(line.recorded_at)}  {line.what}"
    return Told(lead, [f"{name}={brief(value)}" for name, value in line.fields.items()])


def export(
    *,
    form: Annotated[
        Literal["jsonl", "csv"],
        Parameter(name="--format", help="JSON lines, or a table whose last column is the event."),
    ] = "jsonl",
    to: Annotated[Path | None, says("File to write; it must not be there yet. Standard output when left out.")] = None,
    kinds: TypeOption = (),
    at: At = None,
    where: Where = HERE,
) -> None:
    """Writes the events of the journal, oldest first. A file appears under its name only once it is whole."""
    from flatbook.cli.reading import past_of
    from flatbook.projections.fold import recorded

    if where.as_json and to is None:
        raise Failed(Exit.USAGE, "--json answers on standard output, where the events would go", do="add --to FILE")
    wanted = _wanted(kinds)
    write = _write_jsonl if form == "jsonl" else _write_csv
    with past_of(where, at) as past, _target(to) as stream:
        count = write(stream, (item for item in recorded(past.read()) if wanted(item)))
        body = {"as_of": past.as_of(), "events": count, "format": form, "path": str(to)}
    if to is not None:
        show("events.export", body, lambda: (f"wrote {count} events to {to}",), as_json=where.as_json)


@contextlib.contextmanager
def _target(to: Path | None) -> Iterator[TextIO]:
    """Gives the stream to write to; a file is written beside its place and moved there at the end."""
    if to is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    if to.exists():
        raise Failed(Exit.USAGE, "is there already", where=str(to), do="name another file")
    from flatbook.journal.files import written_whole

    with written_whole(to) as part, part.open("w", encoding="utf-8", newline="") as stream:
        yield stream


def _write_jsonl(stream: TextIO, items: Iterator[Recorded]) -> int:
    count = 0
    for item in items:
        stream.write(f"{_json_line(item)}\n")
        count += 1
    return count


def _write_csv(stream: TextIO, items: Iterator[Recorded]) -> int:
    import csv
    import json

    from flatbook.projections.event_lines import event_fields

    writer = csv.writer(stream)
    writer.writerow(("seq", "recorded_at", "type", "event"))
    count = 0
    for item in items:
        count += 1
        body = event_fields(item)
        fields = {name: value for name, value in body.items() if name not in ("seq", "recorded_at", "type")}
        writer.writerow((body["seq"], body["recorded_at"], body["type"], json.dumps(fields, ensure_ascii=True)))
    return count


def bundle(
    *,
    to: Annotated[Path, says("File to write; it must not be there yet.")],
    first: Annotated[int | None, says("The first event; the first of all when left out.")] = None,
    last: Annotated[int | None, says("The last event; the last of all when left out.")] = None,
    where: Where = HERE,
) -> None:
    """Writes a stretch of the journal as one file that proves itself: events, commits with their hashes, a manifest.

    It holds whole commits, archived ones included. `flatbook events check FILE` reads it anew on any machine.
    """
    from flatbook.cli.reading import past_of
    from flatbook.journal.files import written_whole
    from flatbook.ops.bundle import BundleRefused, write_bundle
    from flatbook.ops.clock import SystemClock
    from flatbook.values.ids import Seq

    if to.exists():
        raise Failed(Exit.USAGE, "is there already", where=str(to), do="name another file")
    with past_of(where, None) as past, written_whole(to) as part, part.open("wb") as stream:
        end = past.reader.last if last is None else Seq(last)
        try:
            made = write_bundle(stream, past.reader, Seq(first or 1), end, made_at=SystemClock().now())
        except BundleRefused as refused:
            raise Failed(Exit.USAGE, str(refused), where="--first and --last") from refused
    body = {"path": str(to), **_manifest(made)}
    show("events.bundle", body, lambda: (f"wrote {to}", *_bundled(body)), as_json=where.as_json)


def check(
    file: Annotated[Path, says("The bundle.")],
    /,
    *,
    where: Where = HERE,
) -> None:
    """Reads a bundle of events anew: every hash over its bytes, every event against them, and its counts.

    Needs no journal. Compare one of the hashes with the journal it is said to be of.
    """
    from flatbook.ops.bundle import BundleRefused, check_bundle

    try:
        with file.open("rb") as stream:
            checked = check_bundle(stream)
    except FileNotFoundError as error:
        raise Failed(Exit.USAGE, "is not there", where=str(file), do="flatbook events bundle writes one") from error
    except BundleRefused as refused:
        raise Failed(Exit.ERROR, str(refused), where=str(file), do="have it written again") from refused
    body = {"path": str(file), **_manifest(checked)}
    show("events.check", body, lambda: (f"{file} proves itself", *_bundled(body)), as_json=where.as_json)


def _manifest(manifest: Manifest) -> dict[str, Any]:
    import msgspec

    return {name: value for name, value in msgspec.to_builtins(manifest).items() if name != "schema"}


def _bundled(body: dict[str, Any]) -> Iterator[Part]:
    yield f"events {body['first']} to {body['last']} in {body['rows']} rows, by version {body['version']}"
    yield f"it follows hash {body['start']['hash']}, row {body['start']['rows']}"
    yield f"it ends with hash {body['head']['hash']}, row {body['head']['rows']}"


def verify(
    *,
    anchor: Annotated[
        Path | None, says("File that an earlier verify wrote; the note beside the journal when left out.")
    ] = None,
    anchor_to: Annotated[Path | None, says("File to write the end of the journal to, as the next anchor.")] = None,
    backup: Annotated[Path | None, says("A backup to read in its place, as a restore would first.")] = None,
    where: Where = HERE,
) -> None:
    """Reads the whole journal, archived segments included, and checks every number, hash, order and event.

    Keep the anchor on another machine: with it, a journal that was cut or written anew is found out.
    """
    from flatbook.cli.reading import check_journal, journal_path
    from flatbook.journal.inspection import verify as verify_journal

    path = check_journal(journal_path(where) if backup is None else backup)
    noted = None if anchor is not None or backup is not None else _noted(path, where)
    head = noted if anchor is None else _read_anchor(anchor)
    verified = verify_journal(path, anchor=head, progress=progress("verifying"))
    if anchor_to is not None:
        _write_anchor(anchor_to, verified.head)
    body = {
        "path": str(path),
        "rows": verified.rows,
        "events": verified.events,
        "segments": verified.segments,
        "missing_segments": list(verified.missing),
        "anchored": anchor is not None,
        "head": {"rows": verified.head.rows, "last": verified.head.last, "hash": verified.head.hash},
    }
    show("events.verify", body, lambda: _verified(body), as_json=where.as_json)


def _verified(body: dict[str, Any]) -> Iterator[Part]:
    head = body["head"]
    anchored = ", and holds the anchor" if body["anchored"] else ""
    yield f"{body['path']} is whole{anchored}: {body['events']} events in {body['rows']} rows were read"
    if body["missing_segments"]:
        yield f"not there, and not read: {', '.join(body['missing_segments'])}"
    yield f"it ends with event {head['last']}, row {head['rows']}, hash {head['hash']}"


def _noted(path: Path, where: Where) -> Any:
    """Returns the end that the engine noted beside a journal; None where there is no note, or a backup was put back."""
    from flatbook.services.anchor import noted_beside

    return None if where.restored.exists() else noted_beside(path)


def _read_anchor(path: Path) -> Any:
    import msgspec

    from flatbook.journal.chain import Head

    try:
        return msgspec.json.decode(path.read_bytes(), type=Head)
    except FileNotFoundError as error:
        raise Failed(Exit.USAGE, "is not there", where=str(path), do="events verify --anchor-to writes one") from error
    except msgspec.MsgspecError as error:
        raise Failed(Exit.USAGE, f"is no anchor: {error}", where=str(path)) from error


def _write_anchor(path: Path, head: Any) -> None:
    import msgspec

    from flatbook.journal.files import written_whole

    with written_whole(path) as part:
        part.write_bytes(msgspec.json.encode(head) + b"\n")


def archive(
    *,
    before: Annotated[int | None, says("The first event to stay; all rows are moved when left out.")] = None,
    into: Annotated[Path | None, says("Folder of the segment; segments beside the journal when left out.")] = None,
    where: Where = HERE,
) -> None:
    """Moves older rows into a segment file and verifies it before they leave the journal. No engine may run.

    Readers find the segments by themselves, in the folder they went to or beside the journal.
    """
    from flatbook.cli.reading import check_journal, journal_path
    from flatbook.journal.archive import archive as archive_rows
    from flatbook.values.ids import Seq

    path = check_journal(journal_path(where))
    moved = archive_rows(
        path, into=into, before=None if before is None else Seq(before), progress=progress("archiving")
    )
    if moved is None:
        body: dict[str, Any] = {"path": None, "rows": 0, "events": 0, "bytes": 0, "end": None}
    else:
        end = {"rows": moved.end.rows, "last": moved.end.last, "hash": moved.end.hash}
        body = {
            "path": str(moved.path),
            "rows": moved.rows,
            "events": moved.events,
            "bytes": moved.bytes,
            "end": end,
        }
    show("events.archive", body, lambda: _archived(body), as_json=where.as_json)


def _archived(body: dict[str, Any]) -> Iterator[Part]:
    if body["path"] is None:
        yield "nothing to move"
        return
    yield f"moved {body['events']} events in {body['rows']} rows to {body['path']} ({body['bytes']} bytes)"
    yield "keep that file: a backup of the journal does not hold it"
