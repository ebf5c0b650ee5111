"""How a process does: how late its loop is, how long the disk takes, how much memory it holds. Measured, never sampled.

Worst and middle are those of the newest measurements, so that a bad minute is seen and then forgotten.
"""

from __future__ import annotations

import resource
import sys
from collections import deque
from pathlib import Path

import msgspec

KEPT_MAX = 256
US_PER_S = 1_000_000
KIB = 1_024
STATM = Path("/proc/self/statm")


class TimesBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest measurements of one duration say. Units: microseconds, None before the first one."""

    median_us: int | None
    worst_us: int | None
    measured: int


class ProcessBody(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine's process does. `loop` is how late its loop wakes who sleeps, `fsync` how long a commit takes.

    Units: `up_s` seconds since it began. `commit` is the one that its code is of, None where nobody noted it.
    """

    commit: str | None
    up_s: int
    memory_bytes: int
    loop: TimesBody
    fsync: TimesBody


class Times:
    """The newest KEPT_MAX measurements of one duration."""

    def __init__(self) -> None:
        self._newest: deque[float] = deque(maxlen=KEPT_MAX)
        self.measured = 0

    def add(self, seconds: float) -> None:
        """Takes a measurement."""
        self._newest.append(seconds)
        self.measured += 1

    def body(self) -> TimesBody:
        """Returns what they say."""
        ordered = sorted(self._newest)
        if not ordered:
            return TimesBody(median_us=None, worst_us=None, measured=0)
        middle, worst = ordered[len(ordered) // 2], ordered[-1]
        return TimesBody(median_us=int(middle * US_PER_S), worst_us=int(worst * US_PER_S), measured=self.measured)


def memory_bytes() -> int:
    """Returns the memory that this process holds now; where the system does not say, the most that it ever held."""
    try:
        pages = int(STATM.read_text("ascii").split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * KIB
    return pages * resource.getpagesize()
