"""The clock of the machine."""

from __future__ import annotations

import asyncio
import time

import pytest

from flatbook.ops.clock import SystemClock
from flatbook.values.instants import Instant


def test_it_tells_the_time_of_the_machine() -> None:
    before = time.time_ns()
    now = SystemClock().now()
    assert before <= now <= time.time_ns()


def test_it_returns_once_the_instant_has_come() -> None:
    clock = SystemClock()
    at = Instant(clock.now() + 3_500_000)
    asyncio.run(clock.sleep_until(at))
    assert clock.now() >= at


def test_an_instant_in_the_past_is_not_waited_for() -> None:
    clock = SystemClock()
    with pytest.raises(StopIteration):
        clock.sleep_until(Instant(clock.now() - 10_000_000_000)).send(None)
