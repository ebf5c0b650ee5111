"""The system gives a working process no more file handles, or no more memory: nothing is lost, whatever becomes of it.

Hypothesis: a process that is refused what it asks for either goes on or ends; the next one ends as if nothing had been.
Mechanism: what is open stays open, what fails is no answer, and the journal holds all that a start needs.
Premise: the limit is set while an order works, and it really is below what the process has or would need next.
"""

from __future__ import annotations

import resource
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.infra.home import RESTLESS, make_home, tape_of
from tests.infra.judge import assert_promises_kept, flatbook
from tests.infra.lives import Life, Moment, Watched, life, wait_for

SLOW = RESTLESS + "\n[clock]\nspeed = 600\n"
SHORT_DAY = 12
WORKING = Moment(Watched.TAG, 1, "order_accepted")
WAIT_S_MAX = 60.0
PAGE_BYTES = resource.getpagesize()

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process from outside"),
]


def handles(alive: Life) -> int:
    """Returns the lowest file handle that a process does not have open."""
    taken = {int(entry.name) for entry in Path(f"/proc/{alive.process.pid}/fd").iterdir()}
    return next(handle for handle in range(len(taken) + 1) if handle not in taken)


def mapped(alive: Life) -> int:
    """Returns how many bytes of memory a process has mapped."""
    return int(Path(f"/proc/{alive.process.pid}/statm").read_text().split()[0]) * PAGE_BYTES


def answers(home: Path, within_s: float = WAIT_S_MAX) -> bool:
    """Whether the process of a home answers at its socket, be it that it understood nothing."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(within_s)
        asking.connect(str(home / "run" / "engine.sock"))
        asking.sendall(b"?\n")
        try:
            return bool(asking.recv(1))
        except TimeoutError:
            return False


def test_a_process_without_file_handles_answers_nobody_and_goes_on_trading(tmp_path: Path) -> None:
    tape = tape_of("handles", SHORT_DAY)
    home = make_home(tmp_path / "desk", tape, more=SLOW)
    with life(home, 0, str(home)) as alive:
        wait_for(alive, WORKING)
        limit = handles(alive)
        assert answers(home)
        alive.process.send_signal(signal.SIGSTOP)  # so that nothing is told between the limit and the count
        resource.prlimit(alive.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        before = alive.count_told("order_filled")
        alive.process.send_signal(signal.SIGCONT)
        assert not answers(home, within_s=0.5)
        assert alive.process.wait(WAIT_S_MAX) == 0
        assert alive.count_told("order_filled") > before
    assert flatbook(home, "run").code == 0
    assert_promises_kept(tape, home)


def test_a_process_without_memory_ends_and_the_next_one_loses_nothing(tmp_path: Path) -> None:
    tape = tape_of("memory", SHORT_DAY)
    home = make_home(tmp_path / "desk", tape, more=SLOW)
    with life(home, 0, str(home)) as alive:
        wait_for(alive, WORKING)
        limit = mapped(alive)
        resource.prlimit(alive.process.pid, resource.RLIMIT_AS, (limit, limit))
        assert alive.process.wait(WAIT_S_MAX) in (0, 1)
    assert flatbook(home, "run").code == 0
    assert_promises_kept(tape, home)
