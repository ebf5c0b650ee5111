"""The demo that stays up ends in order, however early it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flatbook.services.demo_home import make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape

# Where a shell started these tests in the background, SIGINT is ignored, and so it would be in what they start.
STAY_UP = """
import signal
import sys
from pathlib import Path
from flatbook.services.demo import stay_up
signal.signal(signal.SIGINT, signal.default_int_handler)
stay_up(Path(sys.argv[1]), lambda text: print(text, flush=True))
print("it has ended", flush=True)
"""

TRIES_MAX = 100_000


def has_engine(process: subprocess.Popen[str]) -> bool:
    """Returns whether a process has started the engine, which then imports for a while."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return any(b"demo_engine" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)


@pytest.mark.real
@pytest.mark.parametrize("waits_for_engine", [False, True])
def test_ctrl_c_ends_a_desk_that_has_only_begun_to_start(tmp_path: Path, *, waits_for_engine: bool) -> None:
    home = tmp_path / "demo"
    make_home(home, load_demo_tape())
    words = [sys.executable, "-c", STAY_UP, str(home)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        while "Ctrl-C ends it" not in process.stdout.readline():
            assert process.poll() is None
        assert not waits_for_engine or any(has_engine(process) for _ in range(TRIES_MAX))
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "it has ended\n", "")
