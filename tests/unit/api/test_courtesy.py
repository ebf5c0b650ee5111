"""Giving way: at most once in a slice of a thread's own CPU, and between the pieces of long work."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from flatbook.api.courtesy import SLICE_S, give_way, one_by_one


class Core:
    """A core whose time is set by hand, and how often it was given away."""

    def __init__(self) -> None:
        self.used_s, self.given = time.monotonic(), 0

    def time(self) -> float:
        """Returns the seconds of CPU that were used."""
        return self.used_s

    def give(self) -> None:
        """Counts."""
        self.given += 1


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    """Gives a core that was just given away."""
    core = Core()
    monkeypatch.setattr(time, "thread_time", core.time)
    monkeypatch.setattr(os, "sched_yield", core.give)
    give_way()
    core.given = 0
    return core


def test_nobody_gives_way_within_his_slice(core: Core) -> None:
    core.used_s += SLICE_S * 0.9
    give_way()
    assert core.given == 0
    core.used_s += SLICE_S * 0.2
    give_way()
    give_way()
    assert core.given == 1


def test_long_work_gives_way_after_each_piece_that_takes_a_slice(core: Core) -> None:
    def work(pieces: Iterator[int]) -> Iterator[int]:
        for piece in pieces:
            core.used_s += SLICE_S * 1.5 * piece
            yield piece

    assert list(work(one_by_one([1, 0, 0, 2, 0]))) == [1, 0, 0, 2, 0]
    assert core.given == 2


def test_each_thread_has_a_slice_of_its_own(core: Core) -> None:
    other = threading.Thread(target=give_way)
    other.start()
    other.join()
    assert core.given == 1
    give_way()
    assert core.given == 1
