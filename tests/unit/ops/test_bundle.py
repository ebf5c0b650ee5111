"""A stretch of a journal in a file, read anew, and everything that can be changed in it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flatbook.journal.archive import archive
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.ops.bundle import BundleRefused, Manifest, check_bundle, write_bundle
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant
from tests.contract.journal.engines import fill_journal

NOON = Instant(1_764_590_400_000_000_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Gives a journal of four commits: events 1-2, 3-5, 6, 7-8."""
    place = tmp_path / "journal.sqlite"
    create_journal(place)
    with closing(open_journal(place)) as journal:
        fill_journal(journal, 2, 3, 1, 2)
    return place


def bundled(path: Path, first: int, last: int) -> tuple[bytes, Manifest]:
    target = io.BytesIO()
    with closing(open_reader(path)) as reader:
        made = write_bundle(target, reader, Seq(first), Seq(last), made_at=NOON)
    return target.getvalue(), made


def files_of(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: dict[str, bytes]) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return target


def test_a_stretch_holds_whole_commits_and_says_where_the_chain_stood(path: Path) -> None:
    bundle, made = bundled(path, 4, 6)
    assert (made.first, made.last, made.rows, made.events) == (3, 6, 2, 4)
    with closing(open_reader(path)) as reader:
        before, after = reader.link_at(1), reader.link_at(3)
    assert (made.start.rows, made.start.hash) == (1, before.hash.hex())
    assert (made.head.rows, made.head.last, made.head.hash) == (3, 6, after.hash.hex())
    events = [json.loads(line) for line in files_of(bundle)["events.jsonl"].splitlines()]
    assert [(event["seq"], event["row"]) for event in events] == [(3, 2), (4, 2), (5, 2), (6, 3)]
    assert sum(made.types.values()) == 4
    assert check_bundle(io.BytesIO(bundle)) == made


def test_the_same_stretch_gives_the_same_bytes(path: Path) -> None:
    assert bundled(path, 1, 8)[0] == bundled(path, 1, 8)[0]


def test_a_stretch_may_begin_in_what_was_archived(path: Path) -> None:
    whole = bundled(path, 1, 8)[1]
    archive(path, before=Seq(6))
    bundle, made = bundled(path, 1, 8)
    assert made == whole
    assert check_bundle(io.BytesIO(bundle)).events == 8


@pytest.mark.parametrize(("first", "last"), [(0, 3), (4, 3), (1, 9), (9, 9)], ids=["zero", "turned", "beyond", "after"])
def test_a_stretch_that_the_journal_has_not_is_refused(path: Path, first: int, last: int) -> None:
    with pytest.raises(BundleRefused, match=rf"no events {first} to {last}: the journal has 1 to 8"):
        bundled(path, first, last)


Change = Callable[[dict[str, bytes]], None]


def changed_line(name: str, number: int, change: Callable[[dict[str, Any]], None]) -> Change:
    """Returns what changes one line of a file of a bundle."""

    def apply(files: dict[str, bytes]) -> None:
        lines = files[name].splitlines()
        line = json.loads(lines[number])
        change(line)
        lines[number] = json.dumps(line, separators=(",", ":")).encode()
        files[name] = b"\n".join(lines) + b"\n"

    return apply


def without_line(name: str, number: int) -> Change:
    def apply(files: dict[str, bytes]) -> None:
        lines = files[name].splitlines(keepends=True)
        files[name] = b"".join(lines[:number] + lines[number + 1 :])

    return apply


FORGED = {
    "an event says otherwise": (
        changed_line("events.jsonl", 1, lambda line: line.update(recorded_at="2020-01-01T00:00:00Z")),
        "event 2 is not the one that the bytes of row 1 hold",
    ),
    "an event is left out": (without_line("events.jsonl", 7), "event 8 is not the one that the bytes of row 4 hold"),
    "a commit is left out": (without_line("commits.jsonl", 1), "a row is missing or doubled"),
    "the last commit is left out": (without_line("commits.jsonl", 3), "it has more events than its commits hold"),
    "a hash is another": (
        changed_line("commits.jsonl", 2, lambda line: line.update(hash="00" * 32)),
        "its content does not give its hash",
    ),
    "a commit is dated otherwise": (
        changed_line("commits.jsonl", 0, lambda line: line.update(at="2020-01-01T00:00:00Z")),
        "row 1 says otherwise than its bytes",
    ),
    "the manifest counts otherwise": (
        lambda files: files.update({"manifest.json": files["manifest.json"].replace(b'"rows": 4', b'"rows": 5', 1)}),
        "its manifest counts or ends otherwise than its commits",
    ),
    "the manifest is of another form": (
        lambda files: files.update({"manifest.json": files["manifest.json"].replace(b"bundle.v1", b"bundle.v9")}),
        "it is a flatbook.bundle.v9, and this reads flatbook.bundle.v1",
    ),
    "a file is missing": (lambda files: files.pop("events.jsonl"), "no bundle that proves itself"),
    "a digest is another": (
        lambda files: files.update({"commits.jsonl": files["commits.jsonl"].replace(b",", b", ", 1)}),
        "commits.jsonl is not the file that the manifest names",
    ),
}


@pytest.mark.parametrize("forged", list(FORGED))
def test_a_bundle_in_which_anything_was_changed_is_found_out(path: Path, forged: str) -> None:
    change, says = FORGED[forged]
    files = files_of(bundled(path, 1, 8)[0])
    change(files)
    with pytest.raises(BundleRefused, match=says):
        check_bundle(packed(files))


def test_what_is_no_bundle_is_refused() -> None:
    with pytest.raises(BundleRefused, match="no bundle that proves itself"):
        check_bundle(io.BytesIO(b"PK\x03\x04 nothing"))
