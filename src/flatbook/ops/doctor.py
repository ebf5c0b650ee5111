"""What may be wrong with a desk before, or while, it runs: each check says what it found and what to do."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from enum import Enum
from pathlib import Path

import msgspec

from flatbook.engine.ports import JournalFault
from flatbook.journal.inspection import statistics
from flatbook.journal.lock import LockNote, lock_path
from flatbook.journal.mounts import file_system_of, is_network
from flatbook.journal.sqlite_reader import SqliteReader, open_reader
from flatbook.ops.config import Loaded, load, missing_files, places_of
from flatbook.ops.config_read import NO_FILE, ConfigRefused, Problem
from flatbook.ops.config_shape import ClockKind
from flatbook.ops.control_socket import is_alive
from flatbook.ops.home import SOCKET_FILE
from flatbook.ops.secrets import check_secret
from flatbook.values.instants import NS_PER_MS, SECONDS_PER_DAY, Instant, instant_of_seconds, seconds_between
from flatbook.values.us_eastern import EPOCH_ORDINAL
from flatbook.values.xnys_calendar import LAST_DAY

PYTHON_LEAST = (3, 11)
DISK_FAIL_BYTES = 100 * 1024 * 1024
DISK_WARN_BYTES = 1024 * 1024 * 1024
GROWTH_WARN_DAYS = 30
CALENDAR_WARN_DAYS = 90
JOURNAL_WARN_BYTES = 4 * 1024 * 1024 * 1024
CLOCK_STEP_WARN_MS = 50
CLOCK_BEHIND_FAIL_S = 2
FILE_REMEDY = "put the file there, or name another one"


class Verdict(Enum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was found, and what to do where it is not in order."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


class Instants(msgspec.Struct, frozen=True, kw_only=True):
    """Wall and monotonic clock, read together. Units: nanoseconds."""

    wall: Instant
    monotonic: int


def read_clocks() -> Instants:
    """Returns both clocks of the machine."""
    return Instants(wall=Instant(time.time_ns()), monotonic=time.monotonic_ns())


def examine(
    home: Path,
    *,
    path: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    clocks: Callable[[], Instants] = read_clocks,
) -> tuple[Finding, ...]:
    """Returns the findings of all checks on a desk, in an order in which to mend them."""
    started = clocks()
    loaded, refused = _loaded(home, path, environment)
    findings = [*_interpreter(), *_home(home), *_disk(home), *refused]
    if loaded is not None:
        findings += [*_files(loaded), *_secrets(loaded, environment), *_journal(loaded, started.wall)]
    return (*findings, *_engine(home, loaded), *_calendar(started.wall), *_clock(started, clocks()))


def _ok(check: str, found: str) -> Finding:
    return Finding(check=check, verdict=Verdict.OK, found=found)


def _warn(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, verdict=Verdict.WARN, found=found, remedy=remedy)


def _fail(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, verdict=Verdict.FAIL, found=found, remedy=remedy)


def _interpreter() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON_LEAST:
        yield _fail("python", version, "use Python 3.11 or newer")
    else:
        yield _ok("python", version)
    if sys.flags.optimize:
        yield _fail("assertions", "off (python -O)", "start without -O and PYTHONOPTIMIZE: assertions stay on")
    else:
        yield _ok("assertions", "on")


def _home(home: Path) -> Iterator[Finding]:
    if not home.is_dir():
        yield _fail("home", f"{home} is not there", "make it with `flatbook init`")
        return
    status = home.stat()
    if status.st_uid != os.geteuid():
        yield _fail("home", f"{home} belongs to another user", "run as its owner, or name another FLATBOOK_HOME")
    elif not os.access(home, os.W_OK | os.X_OK):
        yield _fail("home", f"{home} cannot be written", f"chmod 700 {home}, or name another FLATBOOK_HOME")
    elif status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield _warn("home", f"{home} is open to others", f"chmod 700 {home}")
    else:
        yield _ok("home", str(home))


def _disk(home: Path) -> Iterator[Finding]:
    place = next(folder for folder in (home, *home.absolute().parents) if folder.is_dir())
    kind, free = file_system_of(place), shutil.disk_usage(place).free
    if is_network(kind):
        yield _fail("file system", f"{place} is on {kind}", "keep the journal on a local disk; send backups there")
    else:
        yield _ok("file system", kind or "local, as far as this system says")
    remedy = "make room, or archive the journal with `flatbook events archive`"
    if free < DISK_FAIL_BYTES:
        yield _fail("disk", f"{_size(free)} free", remedy)
    elif free < DISK_WARN_BYTES:
        yield _warn("disk", f"{_size(free)} free", remedy)
    else:
        yield _ok("disk", f"{_size(free)} free")


def _size(count: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count // size} {unit}"
    return f"{count} bytes"


def _loaded(home: Path, path: Path | None, environment: Mapping[str, str]) -> tuple[Loaded | None, list[Finding]]:
    try:
        loaded = load(home, path=path, environment=environment)
    except ConfigRefused as error:
        return None, [_refused(problem) for problem in error.problems]
    return loaded, [_ok("config", f"{len(loaded.effective)} values, digest {loaded.digest}")]


def _refused(problem: Problem) -> Finding:
    """Returns what a problem of the configuration is, and what to do: of a missing file its own text says it."""
    before, missing, remedy = str(problem).partition(NO_FILE)
    found = before + missing.removesuffix(": ")
    return _fail("config", found, remedy if missing else "correct it, then ask `flatbook config check`")


def _files(loaded: Loaded) -> Iterator[Finding]:
    for problem in missing_files(loaded):
        yield _fail("recordings", str(problem), FILE_REMEDY)


def _secrets(loaded: Loaded, environment: Mapping[str, str]) -> Iterator[Finding]:
    places = places_of(loaded, environment)
    for name in places.references:
        checked = check_secret(places, name)
        if checked.resolves:
            yield _ok("secret", f"{name} resolves ({checked.place})")
        else:
            kept = checked.place.startswith(("keyring:", "age:", "file:"))
            remedy = f"flatbook secrets set {name}" if kept else "set it where it comes from"
            yield _fail("secret", f"{name}: {checked.text}", remedy)


def _journal(loaded: Loaded, now: Instant) -> Iterator[Finding]:
    path, is_tape = loaded.journal, loaded.config.clock.kind is ClockKind.TAPE
    if not path.exists():
        yield _ok("journal", "not there yet: the first start makes it")
        return
    if is_network(kind := file_system_of(path)):
        yield _fail("journal", f"{path} is on a {kind} file system", "move it to a local disk")
    try:
        with closing(open_reader(path)) as reader:
            last = _last_at(reader)
            yield from _journal_size(path, now, last if is_tape else None)
            yield from _journal_end(reader, now, last)
    except JournalFault as fault:
        yield _fail("journal", str(fault), "restore a backup with `flatbook restore`, and keep the damaged file")


def _journal_size(path: Path, now: Instant, played: Instant | None) -> Iterator[Finding]:
    """Tells the size of a journal and how it grows; one that keeps the time of a tape was `played` up to an instant."""
    seen = statistics(path, now if played is None else played)
    total = seen.bytes + seen.wal_bytes
    day = "the last day" if played is None else "the last day of its tape"
    text = f"{seen.events} events in {_size(total)}, {seen.events_last_day} of them in {day}"
    daily = total * seen.events_last_day // max(1, seen.events)
    if daily * GROWTH_WARN_DAYS > seen.disk_free_bytes:
        yield _warn("journal size", text, f"the disk is full within {GROWTH_WARN_DAYS} days at this rate: make room")
    elif total > JOURNAL_WARN_BYTES:
        yield _warn("journal size", text, "archive older rows with `flatbook events archive`")
    else:
        yield _ok("journal size", text)


def _last_at(reader: SqliteReader) -> Instant | None:
    """Returns when the newest row of a journal was committed, None where it has none."""
    end, last = reader.link(), None
    if end.row > reader.start().row:
        for row in reader.read_from(reader.link_at(end.row - 1)):
            last = row.at
    return last


def _journal_end(reader: SqliteReader, now: Instant, last: Instant | None) -> Iterator[Finding]:
    end = reader.link()
    yield _ok("journal end", f"row {end.row}, event {end.last}: the last row follows from the one before")
    if last is not None and (behind := seconds_between(now, last)) >= CLOCK_BEHIND_FAIL_S:
        text = f"the clock is {behind} s behind the journal's last row"
        yield _fail("clock", text, "set the machine's clock (NTP) before an engine starts")


def _engine(home: Path, loaded: Loaded | None) -> Iterator[Finding]:
    socket = home / SOCKET_FILE
    listens = socket.exists() and is_alive(socket)
    if listens:
        yield _ok("engine", f"listens on {socket}")
    elif socket.exists():
        yield _warn("engine", f"{socket} was left by an engine that ended", "the next start removes it")
    else:
        yield _ok("engine", "none is running")
    holder = lock_holder(loaded.journal) if loaded is not None else None
    if holder is None:
        return
    if listens:
        yield _ok("journal lock", f"held by process {holder}")
    else:
        remedy = "wait if it is starting; if it is frozen, stop it"
        yield _warn("journal lock", f"process {holder} holds the journal and does not listen", remedy)


def lock_holder(journal: Path) -> int | None:
    """Returns the process that holds the lock of a journal, None when nobody does."""
    try:
        descriptor = os.open(lock_path(journal), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _noted(descriptor)
    finally:
        os.close(descriptor)
    return None


def _noted(descriptor: int) -> int:
    try:
        return msgspec.json.decode(os.pread(descriptor, os.fstat(descriptor).st_size, 0), type=LockNote).pid
    except msgspec.MsgspecError:
        return 0


def _calendar(now: Instant) -> Iterator[Finding]:
    ends = instant_of_seconds((LAST_DAY.toordinal() - EPOCH_ORDINAL + 1) * SECONDS_PER_DAY)
    days = seconds_between(now, ends) // SECONDS_PER_DAY
    if days <= 0:
        yield _fail("calendar", f"the table of trading days ended on {LAST_DAY}", "install a newer flatbook")
    elif days < CALENDAR_WARN_DAYS:
        yield _warn("calendar", f"the table of trading days ends in {days} days", "install a newer flatbook")
    else:
        yield _ok("calendar", f"trading days are known until {LAST_DAY}")


def _clock(started: Instants, ended: Instants) -> Iterator[Finding]:
    """Compares both clocks over the time that the other checks took."""
    step_ms = abs((ended.wall - started.wall) - (ended.monotonic - started.monotonic)) // NS_PER_MS
    if step_ms > CLOCK_STEP_WARN_MS:
        text = f"the wall clock stepped by {step_ms} ms while this ran"
        yield _warn("clock", text, "let the clock be slewed, not stepped, while an engine runs (NTP)")
    else:
        yield _ok("clock", "the wall clock runs with the monotonic one")
