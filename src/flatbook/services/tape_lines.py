"""Files of recordings, line by line, packed or not."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from flatbook.backtest.refused import TapeRefused

DATED = re.compile(rb"(\d{13}|\d{16}|\d{19}) (.*)", re.DOTALL)
NS_OF_DIGITS = {13: 10**6, 16: 10**3, 19: 1}


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
