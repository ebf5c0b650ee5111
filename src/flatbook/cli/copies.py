"""`flatbook backup` and `flatbook restore`: copies of the journal, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, Yes, says
from flatbook.cli.output import Part, progress, show

if TYPE_CHECKING:
    from flatbook.journal.inspection import Verified

SIDE_FILES = ("", "-wal", "-shm")


def backup(
    to: Annotated[Path, says("File to write, or a folder that gets one named after this instant.")],
    /,
    *,
    where: Where = HERE,
) -> None:
    """Copies the journal as it stands, while an engine writes it or not, and verifies the copy.

    Archived segments are not in it: keep their files as well.
    """
    from flatbook.cli.reading import check_journal, journal_path
    from flatbook.journal.copies import backup as copy_journal

    path = check_journal(journal_path(where))
    target = to / f"{path.stem}-{_stamp()}{path.suffix}" if to.is_dir() else to
    if target.exists():
        raise Failed(
            Exit.USAGE, "is there already", where=str(target), do="a backup never overwrites: name another file"
        )
    verified = copy_journal(path, target, progress=progress("copying pages"))
    body = {"path": str(target), **_verified_body(verified)}
    show("backup", body, lambda: _told(f"wrote {target}", body), as_json=where.as_json)


def restore(
    source: Annotated[Path, says("The backup.")],
    /,
    *,
    force: Annotated[bool, says("Move a journal that is there aside; it is kept.")] = False,
    yes: Yes = False,
    where: Where = HERE,
) -> None:
    """Verifies a backup and puts it in the place of the journal.

    Refused while an engine runs, and while there is a journal unless it is forced: that one is then moved aside. The
    next start raises the epoch and is halted until a lift, because a backup does not know what happened after it:
    compare with every venue first.
    """
    from flatbook.cli.asking import confirm
    from flatbook.cli.desks import is_running
    from flatbook.cli.reading import journal_path
    from flatbook.journal.copies import restore as put_back
    from flatbook.journal.inspection import verify

    path = journal_path(where)
    if not source.is_file():
        raise Failed(Exit.USAGE, "there is no such file", where=str(source))
    if is_running(where):
        raise Failed(Exit.ERROR, "an engine runs on this desk", where=str(where.folder), do="stop it first")
    there = [file for file in _files(path) if file.exists()]
    if there and not force:
        raise Failed(Exit.USAGE, "there is a journal", where=str(path), do="give --force to move it aside")
    verified = verify(source, progress=progress("verifying"))
    if there:
        confirm(f"move {path} aside and put {source} in its place?", yes=yes)
    aside = path.with_name(f"{path.name}.replaced-{_stamp()}") if there else None
    with _marked(where, source, verified), _moved(path, aside):
        put_back(source, path)
    body = {"path": str(path), "aside": None if aside is None else str(aside), **_verified_body(verified)}
    show("restore", body, lambda: _restored(path, body), as_json=where.as_json)


def _restored(path: Path, body: dict[str, Any]) -> Iterator[Part]:
    yield from _told(f"restored {path}", body)
    if body["aside"]:
        yield f"the journal that was there is {body['aside']}"
    yield "the next start is halted: run flatbook reconcile, compare with every venue, then flatbook lift the halt"


def _told(first: str, body: dict[str, Any]) -> Iterator[Part]:
    head = body["head"]
    yield f"{first}: {body['events']} events, ends with event {head['last']}, hash {head['hash']}"
    if body["missing_segments"]:
        yield f"archived segments are needed beside it: {', '.join(body['missing_segments'])}"


def _verified_body(verified: Verified) -> dict[str, Any]:
    head = verified.head
    return {
        "rows": verified.rows,
        "events": verified.events,
        "missing_segments": list(verified.missing),
        "head": {"rows": head.rows, "last": head.last, "hash": head.hash},
    }


def _files(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + suffix) for suffix in SIDE_FILES)


@contextmanager
def _moved(path: Path, aside: Path | None) -> Iterator[None]:
    """Renames a journal with its side files while something takes its place; names it back when that fails."""
    if aside is None:
        yield
        return
    _rename(path, aside)
    replaced = False
    try:
        yield
        replaced = True
    finally:
        if not replaced:
            _rename(aside, path)


def _rename(path: Path, to: Path) -> None:
    """Renames a journal and what SQLite keeps beside it, while nobody else can write it."""
    from flatbook.journal.files import sync_folder
    from flatbook.journal.lock import hold
    from flatbook.journal.sqlite import closing_lock

    with closing_lock(hold(path)):
        for file, target in zip(_files(path), _files(to), strict=True):
            if file.exists():
                file.rename(target)
        sync_folder(path.parent)


@contextmanager
def _marked(where: Where, source: Path, verified: Verified) -> Iterator[None]:
    """Writes, durably and before the journal is put back, what makes the next start a halted one."""
    import msgspec

    from flatbook.journal.files import make_folder, written_whole
    from flatbook.ops.clock import SystemClock
    from flatbook.ops.os_user import os_user
    from flatbook.values.instants import text_of_instant

    was_marked = where.restored.exists()
    note = {
        "from": str(source),
        "events": verified.events,
        "head": verified.head.hash,
        "by": os_user(),
        "at": text_of_instant(SystemClock().now()),
    }
    make_folder(where.restored.parent)
    with written_whole(where.restored) as part:
        part.write_bytes(msgspec.json.encode(note) + b"\n")
    replaced = False
    try:
        yield
        replaced = True
    finally:
        if not replaced and not was_marked:
            where.restored.unlink()


def _stamp() -> str:
    from flatbook.ops.clock import SystemClock
    from flatbook.values.instants import NS_PER_S, Instant, text_of_instant

    now = SystemClock().now()
    return text_of_instant(Instant(now - now % NS_PER_S)).replace("-", "").replace(":", "")
