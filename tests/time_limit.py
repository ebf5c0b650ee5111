"""No test runs for ever: past its limit it fails, says where every thread stood, and the run goes on.

What no exception can end (a loop of compiled code, a lock that is held in C) costs its process a while later:
pytest-xdist reports that as a failure of the test and goes on with another process.
"""

from __future__ import annotations

import faulthandler
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key

from tests.depth import THOROUGH

LIMIT_S = 300.0
"""Far above what any test takes: the first one of a backtest compiles the simulator, maybe on a busy machine."""
LIMITS_OF_MARKS_S = {"e2e": 900.0, "slow": 900.0}
TIMES_WHERE_THOROUGH = 10
AGAIN_S = 5.0
GRACE_S = 30.0
STDERR = 2


class Hung(BaseException):
    """A test ran past its limit; no Exception, so that nothing under test takes it for one that it knows."""


def where_threads_stand() -> str:
    """Returns the stack of every thread, the innermost call first."""
    with tempfile.TemporaryFile("w+") as told:
        faulthandler.dump_traceback(told, all_threads=True)
        told.seek(0)
        return told.read()


@contextmanager
def ends_within(limit_s: float, again_s: float = AGAIN_S) -> Iterator[None]:
    """Raises Hung inside the block at the limit, and again while something there keeps it from leaving."""

    def tell(_number: int, _frame: Any) -> NoReturn:
        raise Hung(f"not at its end after {limit_s:g} s, where its threads stand:\n{where_threads_stand()}")

    handler = signal.signal(signal.SIGALRM, tell)
    left = signal.setitimer(signal.ITIMER_REAL, limit_s, again_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, handler)


def limit_s_of(item: pytest.Item) -> float:
    """Returns what a test may take for each of its phases: what its mark `time_limit` says, else what is usual."""
    mark = item.get_closest_marker("time_limit")
    usual = next((limit_s for name, limit_s in LIMITS_OF_MARKS_S.items() if item.get_closest_marker(name)), LIMIT_S)
    return (mark.args[0] if mark else usual) * (TIMES_WHERE_THOROUGH if THOROUGH else 1)


@contextmanager
def limited(item: pytest.Item) -> Iterator[None]:
    """Bounds one phase of a test, except under a debugger, where somebody is thinking."""
    if item.config.getoption("usepdb"):
        yield
        return
    limit_s = limit_s_of(item)
    # What is written to the captured stderr ends with the process: pytest keeps the real one for its own crashes.
    stderr = item.config.stash.get(fault_handler_stderr_fd_key, STDERR)
    faulthandler.dump_traceback_later(limit_s + GRACE_S, exit=True, file=stderr)
    try:
        with ends_within(limit_s):
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()
