"""Measurements of flatbook: `python -m benchmarks [name ...]`.

Each module `bench_<name>.py` states its budget in its first line and has a function `run() -> list[Figure]`. A figure
that has a goal is a ratio to something measured beside it in the same run, wherever the machine would decide it
otherwise. With BENCH_QUICK=1 in the environment each measures less, and less exactly.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build"
QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")
TIMES = "x"


class Figure(NamedTuple):
    """One line of the table: what was measured, how much of which unit, and what it should be."""

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None


def at_least(name: str, value: float, unit: str, goal: float) -> Figure:
    """Returns a figure whose value should not be below its goal."""
    return Figure(name, value, unit, f">= {goal:,.10g}", value >= goal)


def at_most(name: str, value: float, unit: str, goal: float) -> Figure:
    """Returns a figure whose value should not be above its goal."""
    return Figure(name, value, unit, f"<= {goal:,.10g}", value <= goal)


def ratio(name: str, value: float) -> Figure:
    """Returns a figure that says how much more one thing is than another measured beside it."""
    return Figure(name, value, TIMES)


def amount(full: int, quick: int) -> int:
    """Returns how much to measure."""
    return quick if QUICK else full


def median(values: list[float]) -> float:
    """Returns the middle value."""
    return sorted(values)[len(values) // 2]


def share(values: list[float], part: float) -> float:
    """Returns the value that a part of all values, as 0.99, stays below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def cpu_seconds(work: Callable[[], object]) -> float:
    """Returns the seconds of CPU that a piece of work took in this process."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def microseconds(work: Callable[[], object]) -> float:
    """Returns the microseconds that passed during a piece of work."""
    begun = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - begun) / 1000


@contextmanager
def folder() -> Iterator[Path]:
    """Gives a folder on the disk that holds the repository; a temporary one of the system may be in memory."""
    WORK.mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="bench-", dir=WORK))
    try:
        yield path
    finally:
        shutil.rmtree(path)
