"""The lock file beside a journal: one writer at a time, and a note of the runs its files belong to."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from flatbook.engine.ports import JournalUnavailable

LOCK_ATTEMPTS_MAX = 8
NOTE_BYTES_MAX = 4096
RUNS_MAX = 16


class LockNote(msgspec.Struct, frozen=True, kw_only=True):
    """What the lock file says: the process that locked it last, and the runs that the journal's file may state."""

    pid: int
    runs: tuple[str, ...]


class WriterLock:
    """An exclusive lock, held until it is released or the process ends, however it ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self.runs = _note_in(descriptor).runs

    def note_runs(self, *runs: str) -> None:
        """Writes the runs, durably, before the journal's file can state any other.

        Errors: JournalUnavailable.
        """
        note = msgspec.json.encode(LockNote(pid=os.getpid(), runs=runs[-RUNS_MAX:]))
        try:
            os.pwrite(self._descriptor, note.ljust(NOTE_BYTES_MAX), 0)
            os.fsync(self._descriptor)
        except OSError as error:
            raise JournalUnavailable(f"{self._path} cannot be written: {error.strerror}") from error
        self.runs = runs[-RUNS_MAX:]

    def check_held(self) -> None:
        """Passes while no other process has taken the lock over.

        Errors: JournalUnavailable.
        """
        if not _is_still(self._path, self._descriptor):
            raise JournalUnavailable(f"{self._path} was taken over by another process: this one may not go on")

    def release(self) -> None:
        """Gives the lock back; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def lock_path(path: Path) -> Path:
    """Returns the path of the lock file of a journal: beside the file itself, whatever link leads to it."""
    there = path.resolve()
    return there.with_name(f"{there.name}.lock")


def hold(path: Path, *, take_over: bool = False) -> WriterLock:
    """Locks a journal for writing.

    `take_over` takes the lock from a process that still holds it, such as a frozen one; what that process does
    after it wakes is refused by the epoch of the lease, which its successor raises.

    Errors: JournalUnavailable when another process holds the lock, with its number.
    """
    file = lock_path(path)
    for _ in range(LOCK_ATTEMPTS_MAX):
        descriptor = _opened(file)
        held = _lock(descriptor)
        if held and _is_still(file, descriptor):
            return _taken(file, descriptor)
        note = _note_in(descriptor)
        os.close(descriptor)
        if held:
            continue
        if not take_over:
            raise JournalUnavailable(
                f"{path} is held by process {note.pid}: stop that one first; where it is frozen, with SIGKILL"
            )
        _replace(file, note)
    raise JournalUnavailable(f"{path} could not be locked in {LOCK_ATTEMPTS_MAX} attempts: others keep taking it")


def _opened(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalUnavailable(f"{file} cannot be opened: {error.strerror}") from error


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _taken(file: Path, descriptor: int) -> WriterLock:
    lock = WriterLock(file, descriptor)
    try:
        lock.note_runs(*lock.runs)
    except JournalUnavailable:
        lock.release()
        raise
    return lock


def _replace(file: Path, note: LockNote) -> None:
    """Puts a new lock file in the place of one that another process holds; the note goes with it."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        fresh.write_bytes(msgspec.json.encode(note))
        fresh.chmod(0o600)
        fresh.replace(file)
    except OSError as error:
        raise JournalUnavailable(f"{file} cannot be replaced: {error.strerror}") from error


def _note_in(descriptor: int) -> LockNote:
    try:
        return msgspec.json.decode(os.pread(descriptor, NOTE_BYTES_MAX, 0), type=LockNote)
    except msgspec.MsgspecError:
        return LockNote(pid=0, runs=())
