"""Lives of an engine process over one home: started, watched from outside, and killed at a moment."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from tests.infra.child import KILLED

LIFE_S_MAX = 120.0
LOOK_S = 0.002
KILL_LOOK_S = 0.0001
TAGS = (
    "order_intended",
    "order_accepted",
    "order_filled",
    "order_unknown",
    "cancel_intended",
    "vault_filled",
    "fill_reversed",
    "order_found",
    "engine_started",
)
EVENTS_MAX = 22
COMMITS_MAX = 15
REQUESTS_MAX = 15
START_MS_MAX = 900
SPIN_US_MAX = 400


class Watched(Enum):
    """What a kill waits for."""

    EVENTS = "events"
    TAG = "tag"
    JOURNAL_WRITES = "journal_writes"
    BROKER_WRITES = "broker_writes"
    TIME = "time"


class Moment(NamedTuple):
    """When a process is killed: after so many of what is watched (milliseconds of time), and `spin_us` later."""

    watched: Watched
    after: int
    tag: str = ""
    spin_us: int = 0

    def told(self) -> str:
        """Returns the moment in words."""
        return f"at {self.after} {self.watched.value}{self.tag and f' {self.tag}'} + {self.spin_us} us"


def draw_moment(chance: random.Random) -> Moment:
    """Draws a moment of any kind."""
    spin_us = chance.choice((0, 0, chance.randrange(SPIN_US_MAX)))
    watched = chance.choice((*Watched, Watched.EVENTS, Watched.JOURNAL_WRITES, Watched.BROKER_WRITES))
    if watched is Watched.TAG:
        return Moment(watched, chance.randint(1, 4), chance.choice(TAGS), spin_us)
    bound = {
        Watched.EVENTS: EVENTS_MAX,
        Watched.JOURNAL_WRITES: COMMITS_MAX,
        Watched.BROKER_WRITES: REQUESTS_MAX,
        Watched.TIME: START_MS_MAX,
    }[watched]
    return Moment(watched, chance.randint(1, bound), "", spin_us)


class Life(NamedTuple):
    """A process that runs over a home, and the files of what it told."""

    process: subprocess.Popen[bytes]
    home: Path
    told: Path
    errors: Path

    def count_told(self, name: str) -> int:
        """Returns how many events of a name it told so far, in whatever form."""
        return len(re.findall(rb'{"type":"' + name.encode() + rb'(?:_v\d+)?"', self.told.read_bytes()))


@contextmanager
def life(home: Path, number: int, *words: str, module: str = "tests.infra.child") -> Iterator[Life]:
    """Starts a process over a home; what it prints goes to a file, so that nobody waits for the reader."""
    told, errors = home / f"told-{number}.jsonl", home / f"errors-{number}.txt"
    with told.open("wb") as out, errors.open("wb") as err:
        command = [sys.executable, "-m", module, *words]
        process = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            yield Life(process, home, told, errors)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def wait_for(alive: Life, moment: Moment) -> None:
    """Waits until a moment in the life of a process has come; the process may not end before."""
    has_come = _watcher(alive, moment)

    def is_there() -> bool:
        come = has_come()
        assert come or alive.process.poll() is None, alive.errors.read_text()
        return come

    until(is_there)


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds, and fails where it does not within the time of a life."""
    ends_at = time.monotonic() + LIFE_S_MAX
    while not holds():
        assert time.monotonic() < ends_at, "it did not come"
        time.sleep(LOOK_S)


def killed_after(home: Path, number: int, events: int) -> None:
    """Lets a process live over a home until it has told so many events, and is killed there."""
    with life(home, number, str(home), KILLED, str(events)) as alive:
        code = alive.process.wait(LIFE_S_MAX)
        assert code == -signal.SIGKILL, f"ended with {code} before {events} events: {alive.errors.read_text()}"


def kill_at(alive: Life, moment: Moment) -> int:
    """Kills a process at its moment, or lets it end by itself before. Returns its return code."""
    has_come = _watcher(alive, moment)
    until = time.monotonic() + LIFE_S_MAX
    while alive.process.poll() is None:
        if has_come():
            _spin(moment.spin_us)
            alive.process.send_signal(signal.SIGKILL)
            break
        if time.monotonic() > until:
            raise AssertionError(f"the process neither ended nor came to {moment} within {LIFE_S_MAX} s")
        time.sleep(KILL_LOOK_S)
    return alive.process.wait()


def _watcher(alive: Life, moment: Moment) -> Callable[[], bool]:
    """Returns what tells whether a moment has come."""
    if moment.watched is Watched.TIME:
        at = time.monotonic() + moment.after / 1_000
        return lambda: time.monotonic() >= at
    if moment.watched is Watched.EVENTS:
        return lambda: alive.told.read_bytes().count(b"\n") >= moment.after
    if moment.watched is Watched.TAG:
        return lambda: alive.count_told(moment.tag) >= moment.after
    name = "journal.sqlite-wal" if moment.watched is Watched.JOURNAL_WRITES else "paper-broker.sqlite-wal"
    return _writes(alive.home / name, moment.after)


def _writes(path: Path, count: int) -> Callable[[], bool]:
    """Counts the changes of a file's size and time that can be seen from outside."""
    seen, changes = _stamp(path), 0

    def has_come() -> bool:
        nonlocal seen, changes
        now = _stamp(path)
        if now != seen:
            seen, changes = now, changes + 1
        return changes >= count

    return has_come


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def _spin(microseconds: int) -> None:
    until = time.perf_counter_ns() + 1_000 * microseconds
    while time.perf_counter_ns() < until:
        continue
