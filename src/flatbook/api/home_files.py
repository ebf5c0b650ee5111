"""Files of the home that are listed, and told by the name under which they are listed: no name leads anywhere else.

What is no whole file, such as a link that leads nowhere or a pipe, and a name that cannot be told are left out: they
hide nothing else.
"""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from litestar import Response

from flatbook.api.problems import Code, Problem
from flatbook.values.instants import Instant

FILE_BYTES_MAX = 64 * 1024 * 1024
_PLAIN = re.compile(r"[A-Za-z0-9._ -]+")


class HomeFile(NamedTuple):
    """A file of a folder of the home. Units: bytes."""

    name: str
    path: Path
    written_at: Instant
    size: int


def files_of(home: Path, folder: str, form: str) -> list[HomeFile]:
    """Returns the files of a form in a folder of the home, the newest first; by their names from there on."""
    found = _found(home / folder, form)
    return sorted(found, key=lambda file: (file.written_at, file.name), reverse=True)


def _found(folder: Path, form: str) -> Iterator[HomeFile]:
    for path in folder.glob(form):
        name = str(path.relative_to(folder))
        try:
            status = path.stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and name.isprintable():
            yield HomeFile(name, path, Instant(status.st_mtime_ns), status.st_size)


def file_of(home: Path, folder: str, form: str, name: str) -> Path:
    """Returns where a file is that is listed.

    Errors: Problem.
    """
    found = next((file.path for file in files_of(home, folder, form) if file.name == name), None)
    if found is None:
        raise Problem(404, Code.NOT_FOUND, f"{home / folder} holds no {name}")
    return found


async def saved(path: Path, kind: str, name: str) -> Response[bytes]:
    """Returns a file as something to be saved, which no browser opens.

    Errors: Problem where it is too large for one answer, or cannot be read.
    """
    content = await asyncio.to_thread(content_of, path)
    return Response(content, media_type=kind, headers={"content-disposition": disposition(name)})


def disposition(name: str) -> str:
    """Returns the header by which a file is saved under its name. Source: RFC 6266, RFC 8187."""
    if _PLAIN.fullmatch(name) is not None:
        return f'attachment; filename="{name}"'
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def content_of(path: Path) -> bytes:
    """Returns all that a file holds.

    Errors: Problem where it is too large for one answer, or cannot be read.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            text = f"{path} is larger than {FILE_BYTES_MAX} bytes: take it from its folder"
            raise Problem(503, Code.TOO_LARGE, text)
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error.strerror or "it cannot be read") from error


def unreadable(path: Path, why: str) -> Problem:
    """Returns the problem that a file of the home is not as it was written."""
    return Problem(503, Code.UNAVAILABLE, f"{path} cannot be read: {why}")
