"""Random scripts end to end: whatever is drawn, truth on chain, truth at the broker and our books agree at the end.

SCRIPTS says how many are run, SCRIPTS_FROM with which seed they begin, SCRIPTS_AT_ONCE how many run side by side. Seeds
of even number trade at Alpaca, the others at Schwab.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.script import Ran, run_script

SCRIPTS = int(os.environ.get("SCRIPTS", "50"))
FIRST = int(os.environ.get("SCRIPTS_FROM", "1"))
AT_ONCE = int(os.environ.get("SCRIPTS_AT_ONCE", "3"))


def say(line: str) -> None:
    """Writes a line at once, for whoever watches."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def ran(root: Path, seed: int) -> Ran | str:
    """Runs a script, and returns what it came to, or what was wrong."""
    broker = "schwab" if seed % 2 else "alpaca"
    try:
        done = run_script(root / str(seed), seed, broker)
    except AssertionError as error:
        say(f"seed {seed} at {broker} FAILED: {str(error)[:600]}")
        return f"seed {seed} at {broker}: {error}"
    told = " ".join(f"{name} {count}" for name, count in sorted(done.done.items()))
    say(
        f"seed {seed} at {broker}: {done.fills} fills, {done.executions} executions, largest net {done.largest} of "
        f"{done.bound} at {done.moments} moments, {done.seconds} s; {told}; faults {done.faults}"
    )
    return done


@pytest.mark.e2e
def test_random_scripts_leave_chain_broker_and_books_agreed(tmp_path: Path) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda seed: ran(tmp_path, seed), range(FIRST, FIRST + SCRIPTS)))
    wrong = [each for each in found if isinstance(each, str)]
    say(f"{len(found) - len(wrong)} of {len(found)} scripts left all books agreed")
    assert not wrong, "\n".join(wrong)[:20_000]
