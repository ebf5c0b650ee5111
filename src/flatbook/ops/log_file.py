"""The newest records of a process on disk, for whoever asks later what it said: two files of a bounded size.

A record is written at once, so that it outlives the process. What cannot be written is counted and left out: the log
on standard error has it all the same, and nothing waits for this one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

FILE_BYTES_MAX = 8 * 1024 * 1024
SCANNED_BYTES_MAX = 4 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
FOLDER_MODE, FILE_MODE = 0o700, 0o600
EARLIER = "1"

Record = dict[str, Any]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def earlier_of(path: Path) -> Path:
    """Returns where the records before those of a file are."""
    return path.with_name(f"{path.stem}.{EARLIER}{path.suffix}")


class LogFile:
    """Where records are kept: in one file until it is full, then in a new one beside the one before."""

    def __init__(self, path: Path, bytes_max: int = FILE_BYTES_MAX) -> None:
        self._path, self._bytes_max = path, bytes_max
        self.lost = 0
        self._descriptor: int | None = None
        self._size = 0
        with suppress(OSError):
            self._open()

    def _open(self) -> None:
        self._path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        self._size = os.fstat(self._descriptor).st_size

    def write(self, fields: Mapping[str, Any]) -> None:
        """Writes one record. Needs: its values are those that a log record may hold."""
        line = _encode(fields) + b"\n"
        try:
            if self._size + len(line) > self._bytes_max:
                self._begin_anew()
            if self._descriptor is None:
                self.lost += 1
                return
            self._size += os.write(self._descriptor, line)
        except OSError:
            self.lost += 1

    def _begin_anew(self) -> None:
        self.close()
        self._path.replace(earlier_of(self._path))
        self._open()

    def close(self) -> None:
        """Releases the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._size = None, 0


def newest_records(path: Path, wanted: Callable[[Record], bool], most: int) -> list[Record]:
    """Returns the newest records that are wanted, the newest first, of what the last SCANNED_BYTES_MAX bytes hold.

    Errors: OSError when a file that is there cannot be read.
    """
    return list(islice((record for record in _records(path) if wanted(record)), most))


def _records(path: Path) -> Iterator[Record]:
    left = SCANNED_BYTES_MAX
    for each in (path, earlier_of(path)):
        try:
            with each.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                yield from _backwards(file, size, left)
        except FileNotFoundError:
            continue
        left -= size
        if left <= 0:
            return


def _backwards(file: Any, size: int, most: int) -> Iterator[Record]:
    """Yields the records of a file from its end on; a line that is torn is left out."""
    at, rest, lowest = size, b"", max(0, size - most)
    while at > lowest:
        step = min(CHUNK_BYTES, at - lowest)
        at -= step
        file.seek(at)
        first, *lines = (file.read(step) + rest).split(b"\n")
        rest = first
        yield from _decoded(reversed(lines))
    if not lowest:
        yield from _decoded([rest])


def _decoded(lines: Any) -> Iterator[Record]:
    for line in lines:
        with suppress(msgspec.MsgspecError, RecursionError):
            if line:
                yield _decode(line)
