"""Disks that fail: system calls on the files of one journal refused by the kernel, and commits refused by SQLite."""

from __future__ import annotations

import ctypes
import errno
import platform
import sqlite3
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest

from tests.unit.journal.child import (
    ALLOW,
    EQUAL,
    FAIL,
    LOAD,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_SECCOMP,
    RETURN,
    SECCOMP_FILTER,
    SYNC_CALLS,
    Filter,
    Instruction,
)

WRITE_CALLS = {"x86_64": (1, 18, 20, 296), "aarch64": (64, 68, 66, 70)}
NUMBER_AT, FIRST_ARGUMENT_AT = 0, 16

can_refuse_calls = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in WRITE_CALLS, reason="system calls are filtered on Linux"
)


class Disk(Enum):
    """How the disk of a journal fails."""

    FULL = "full"
    DYING = "dying"


def break_disk(journal: Path, disk: Disk) -> None:
    """Lets every write (a full disk) or sync (a dying one) of a journal's open files fail from now on."""
    calls, error = (
        (WRITE_CALLS[platform.machine()], errno.ENOSPC)
        if disk is Disk.FULL
        else (SYNC_CALLS[platform.machine()], errno.EIO)
    )
    _refuse(calls, tuple(_descriptors(journal)), error)


def _descriptors(journal: Path) -> Iterator[int]:
    """Yields the numbers under which this process has the files of a journal open."""
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target in (str(journal), f"{journal}-wal"):
            yield int(link.name)


def _refuse(calls: tuple[int, ...], descriptors: tuple[int, ...], error: int) -> None:
    """Installs a filter: a call of `calls` whose first argument is one of `descriptors` fails with `error`."""
    assert descriptors
    to_check = [Instruction(EQUAL, len(calls) - place, 0, call) for place, call in enumerate(calls)]
    to_fail = [Instruction(EQUAL, len(descriptors) - place, 0, each) for place, each in enumerate(descriptors)]
    steps = [
        Instruction(LOAD, 0, 0, NUMBER_AT),
        *to_check,
        Instruction(RETURN, 0, 0, ALLOW),
        Instruction(LOAD, 0, 0, FIRST_ARGUMENT_AT),
        *to_fail,
        Instruction(RETURN, 0, 0, ALLOW),
        Instruction(RETURN, 0, 0, FAIL | error),
    ]
    libc = ctypes.CDLL(None, use_errno=True)
    program = Filter(len(steps), (Instruction * len(steps))(*steps))
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(program), 0, 0) == 0


class FailingCommit:
    """The commit of a journal that fails once, at its n-th call or for a row with a text; on the disk or before it."""

    def __init__(self, *, number: int = 0, text: str = "", durable: bool = False) -> None:
        self._number, self._text, self._durable = number, text, durable
        self.count = 0

    def __call__(self, connection: sqlite3.Connection) -> None:
        """Commits, unless this is the call that fails."""
        self.count += 1
        fails = self.count == self._number or self._holds_text(connection)
        if self._durable or not fails:
            connection.execute("COMMIT")
        if fails:
            raise sqlite3.OperationalError("disk I/O error")

    def _holds_text(self, connection: sqlite3.Connection) -> bool:
        statement = "SELECT instr(body, CAST(? AS BLOB)) FROM commits ORDER BY row DESC LIMIT 1"
        found = connection.execute(statement, (self._text,)).fetchone()
        return bool(self._text) and found is not None and bool(found[0])
