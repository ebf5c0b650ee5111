"""Leaving the core to whoever waits for it, above all the engine: by priority, and in the middle of long work.

A scheduler lets a process of low priority finish its slice, and looks again at its next tick: milliseconds in which an
engine waits whose journal has just become durable. Work that takes long therefore gives way between its pieces, at most
every SLICE_S of its own time: beside a process that always wants the core, giving way costs what a slice does.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

SLICE_S = 0.0005
NICE, NICE_OF_VERBS = 10, 15

T = TypeVar("T")


class _Slice(threading.local):
    """When this thread gave way the last time. Units: seconds of its own CPU."""

    begun_s = 0.0


_slice = _Slice()


def step_back(process: int = 0, nice: int = NICE) -> None:
    """Lets a process go behind the engine, where it is not further behind already; this one, where none is named.

    Needs: this one has a single thread: on Linux a priority is that of a thread, and what it starts takes it over.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, max(nice, os.getpriority(os.PRIO_PROCESS, process)))


def give_way() -> None:
    """Lets whoever waits for this core run, where this thread has run for SLICE_S."""
    now_s = time.thread_time()
    if now_s - _slice.begun_s >= SLICE_S:
        _slice.begun_s = now_s
        os.sched_yield()


def one_by_one(items: Iterable[T]) -> Iterator[T]:
    """Yields the items, and gives way after the work on each."""
    for item in items:
        yield item
        give_way()
