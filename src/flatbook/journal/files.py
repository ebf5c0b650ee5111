"""Files that are written whole and durably, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flatbook.engine.ports import JournalUnavailable


def sync_folder(folder: Path) -> None:
    """Makes the names of new files in a folder durable.

    Errors: OSError.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Makes a folder that only its owner may enter, where none is.

    Errors: JournalUnavailable.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise JournalUnavailable(f"{folder} cannot be made a folder: {error.strerror}") from error


@contextmanager
def written_whole(target: Path, *, mode: int = 0o600) -> Iterator[Path]:
    """Gives an empty file to fill beside the target; at the end of the block it takes the target's place, durably.

    Gives: the target as it was, and nothing beside it, when the block raises.
    Errors: JournalUnavailable when the disk refuses.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.chmod(mode)
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise JournalUnavailable(f"{target} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
