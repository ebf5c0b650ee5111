"""Backups of a running journal, and putting one back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from flatbook.engine.ports import JournalUnavailable
from flatbook.journal.files import make_folder, written_whole
from flatbook.journal.inspection import Progress, Verified, no_progress, verify
from flatbook.journal.lock import hold
from flatbook.journal.mounts import refuse_network
from flatbook.journal.sqlite import closing_lock
from flatbook.journal.sqlite_file import check_schema, connect, fault_of, side_file, size_of
from flatbook.journal.sqlite_reader import READ_ONLY

BACKUP_STEP_PAGES = 4096
RUN_OF_BACKUP = "backup"


def backup(path: Path, to: Path, *, progress: Progress = no_progress) -> Verified:
    """Copies a journal as it stands at one instant, while an engine writes it or not, and verifies the copy.

    The copy is one file. It states that it is a backup, so that a `-wal` file of the running journal is never
    applied to it. Archived segments are not in it: keep their files as well.

    Units: progress in pages of the file while copying.
    Errors: JournalUnavailable, also when the target is there already; JournalBroken.
    """
    if to.exists():
        raise JournalUnavailable(f"{to} is there already: a backup never overwrites")
    with written_whole(to) as part:
        _copy(path, part, progress)
        return verify(part)


def _copy(path: Path, part: Path, progress: Progress) -> None:
    with closing(connect(path, READ_ONLY)) as source, closing(connect(part, "mode=rw")) as target:
        check_schema(source, path)
        try:
            target.execute("PRAGMA locking_mode = EXCLUSIVE")
            source.execute("BEGIN")
            source.execute("SELECT run FROM journal").fetchone()
            source.backup(
                target, pages=BACKUP_STEP_PAGES, progress=lambda _, left, total: progress(total - left, total)
            )
            target.execute("UPDATE journal SET run = ?", (RUN_OF_BACKUP,))
            target.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise fault_of(part, error) from error


def restore(source: Path, to: Path) -> Verified:
    """Verifies a backup and puts it where a journal shall be; the next lease then takes an epoch never used before.

    Needs: nothing stands at the target; what stood there was moved away with its `-wal` and `-shm` files.
    Errors: JournalUnavailable, JournalBroken.
    """
    refuse_network(to.parent)
    if size_of(side_file(source, "-wal")):
        raise JournalUnavailable(f"{source} is a journal in use and no backup: make a backup of it first")
    verified = verify(source)
    make_folder(to.parent)
    with closing_lock(hold(to)):
        if size_of(to) or size_of(side_file(to, "-wal")):
            raise JournalUnavailable(f"{to} or its -wal file is there: move both away first")
        with written_whole(to) as part:
            shutil.copyfile(source, part)
    return verified
