"""Files of recordings, line by line, packed or not."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from flatbook.backtest.refused import TapeRefused
from flatbook.market.depth import UNREADABLE

DATED = re.compile(rb"(\d{13}|\d{16}|\d{19}) (.*)", re.DOTALL)
NS_OF_DIGITS = {13: 10**6, 16: 10**3, 19: 1}


HEAD, WHOLE = b'{"recorded":', b'{"whole":'


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What the first line of a recording says: whose market it is, and of which symbols."""

    recorded: str
    symbols: tuple[str, ...]


class Kept(msgspec.Struct):
    """A whole book that was asked for, as recordings hold it."""

    whole: str
    data: msgspec.Raw


_head = msgspec.json.Decoder(Head)
_kept = msgspec.json.Decoder(Kept)
decode_kept = _kept.decode
"""Reads a whole book that was asked for."""


def head_of(line: bytes) -> Head | None:
    """Returns what a line says that begins a recording; None of any other, and of one that cannot be read."""
    try:
        return _head.decode(line) if line.startswith(HEAD) else None
    except UNREADABLE:
        return None


Unpacked = IO[bytes] | gzip.GzipFile


@contextmanager
def opened(path: Path) -> Iterator[Unpacked]:
    """Opens a file, unpacked where its name ends in .gz.

    Errors: TapeRefused where it is cut off or damaged; OSError where it cannot be opened.
    """
    with path.open("rb") as raw:
        try:
            if path.suffix == ".gz":
                with gzip.open(raw) as file:
                    yield file
            else:
                yield raw
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise TapeRefused(f"{path.name} is cut off or damaged ({error}): copy it again") from error


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields when each line was recorded, ns, and what it says; 0 where it does not begin with a time.

    Errors: TapeRefused where the file is cut off or damaged; OSError.
    """
    with opened(path) as file:
        for line in file:
            match = DATED.fullmatch(line.rstrip())
            yield (0, line) if match is None else (int(match[1]) * NS_OF_DIGITS[len(match[1])], match[2])
