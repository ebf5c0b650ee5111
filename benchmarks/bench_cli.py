"""`flatbook --help` beside the bare import of the library it is built on. Budget: 15 s, quick 4 s."""

from __future__ import annotations

import subprocess
import sys
import time
from resource import RUSAGE_CHILDREN, getrusage
from typing import NamedTuple

from benchmarks import ROOT, Figure, amount, at_most, median

ROUNDS = amount(25, 7)
EXTRA_MS_MAX = 50
MS_PER_S = 1000


class Took(NamedTuple):
    """What a process took, in milliseconds."""

    wall: float
    cpu: float


def took(*arguments: str) -> Took:
    """Returns what a new interpreter takes from its start to its end."""
    before, begun = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    wall, after = time.perf_counter() - begun, getrusage(RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall * MS_PER_S, cpu * MS_PER_S)


def run() -> list[Figure]:
    """Measures help and import in turn; the difference is taken round by round."""
    rounds = [(took("-c", "import cyclopts"), took("-m", "flatbook", "--help")) for _ in range(ROUNDS)]
    extra_wall = median([helped.wall - bare.wall for bare, helped in rounds])
    extra_cpu = median([helped.cpu - bare.cpu for bare, helped in rounds])
    return [
        Figure("import cyclopts, whole process, wall", median([bare.wall for bare, _ in rounds]), "ms"),
        Figure("flatbook --help, whole process, wall", median([helped.wall for _, helped in rounds]), "ms"),
        at_most("flatbook --help over import cyclopts, wall", extra_wall, "ms", EXTRA_MS_MAX),
        at_most("flatbook --help over import cyclopts, CPU", extra_cpu, "ms", EXTRA_MS_MAX),
    ]
