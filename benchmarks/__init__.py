"""Measurements of flatbook: `python -m benchmarks [name ...]`.

Each module `bench_<name>.py` has a function `run() -> list[Figure]`. A figure that has a goal is a ratio to something
measured beside it in the same run, wherever the machine would decide it otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

WORK = Path(__file__).resolve().parent.parent / "build"


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
