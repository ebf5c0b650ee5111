"""A process with a journal, started by tests that kill it, freeze it or take its disk away.

    python -m tests.unit.journal.child <what> <journal>

Each line it prints is a fact that the test may count on.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import resource
import sqlite3
import sys
from pathlib import Path

from flatbook.engine.ports import JournalFault
from flatbook.journal.archive import archive
from flatbook.journal.sqlite import SqliteJournal, commit_durably, open_journal
from flatbook.values.ids import Epoch
from tests.contract.journal.engines import NOW, fill_journal, marks, written_wal

SYNC_CALLS = {"x86_64": (74, 75), "aarch64": (82, 83)}
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_FILTER = 22, 38, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000


class Instruction(ctypes.Structure):
    """One step of a filter of system calls."""

    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class Filter(ctypes.Structure):
    """A filter of system calls."""

    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(Instruction)))


def say(*words: object) -> None:
    """Prints a fact at once."""
    sys.stdout.write(f"{' '.join(map(str, words))}\n")
    sys.stdout.flush()


def fail_every_sync() -> None:
    """Lets fsync and fdatasync fail with EIO from now on, as a dying disk does."""
    fsync, fdatasync = SYNC_CALLS[platform.machine()]
    steps = (Instruction * 5)(
        Instruction(LOAD, 0, 0, 0),
        Instruction(EQUAL, 2, 0, fsync),
        Instruction(EQUAL, 1, 0, fdatasync),
        Instruction(RETURN, 0, 0, ALLOW),
        Instruction(RETURN, 0, 0, FAIL | errno.EIO),
    )
    libc = ctypes.CDLL(None, use_errno=True)
    program = Filter(len(steps), steps)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(program), 0, 0) == 0


def commit_and_lose_the_disk(connection: sqlite3.Connection) -> None:
    """Commits; after the fourth row the disk is gone."""
    connection.execute("COMMIT")
    if connection.execute("SELECT max(row) FROM commits").fetchone() == (4,):
        fail_every_sync()


def fail_every_growth(path: Path) -> None:
    """Lets every write beyond the present end of the log in the `-wal` file fail, as a full quota does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(written_wal(path)), resource.RLIM_INFINITY))


def append(journal: SqliteJournal, epoch: Epoch, count: int = 1) -> None:
    """Appends events and says the new end, or why there is none."""
    after = journal.last
    try:
        say("last", journal.append(marks(after + 1, after + count), after=after, epoch=epoch, cursors={}, at=NOW))
    except JournalFault as fault:
        say(type(fault).__name__, fault)


def main(what: str, path: Path) -> None:
    """Does what the test asked for."""
    journal = open_journal(path, commit=commit_and_lose_the_disk if what == "checkpoint fails" else commit_durably)
    epoch = fill_journal(journal, 1, 1, 1)
    say("ready", epoch)
    if what == "hold":
        sys.stdin.readline()
        append(journal, epoch)
    elif what == "append":
        while True:
            append(journal, epoch)
    elif what in ("sync fails", "growth fails"):
        fail_every_sync() if what == "sync fails" else fail_every_growth(path)
        append(journal, epoch, 100)
        append(journal, epoch)
    elif what == "archive":
        append(journal, epoch, 60_000)
        journal.close()
        say("archived", archive(path))
    elif what == "checkpoint fails":
        append(journal, epoch, 60_000)
        append(journal, epoch)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
