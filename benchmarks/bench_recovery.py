"""Start from a long journal: read, check, decode, fold; and start to the first event. Budget: 120 s, quick 20 s."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks import ROOT, Figure, amount, at_least, at_most, folder, median
from benchmarks.workload import EVENTS_PER_CYCLE, START, Commit, commits, opening
from flatbook.journal import chain
from flatbook.journal.sqlite import create_journal
from flatbook.values.ids import Epoch

EVENTS = amount(1_000_000, 100_000)
RUNS = amount(3, 3)
STARTS = amount(7, 3)
EVENTS_PER_S_MIN = 400_000
START_S_MAX = 1.0

READ = """
import json, resource, sys, time
from pathlib import Path
from flatbook.engine.recover import fold_journal
from flatbook.journal.sqlite_reader import open_reader
journal = open_reader(Path(sys.argv[1]))
begun = time.process_time()
rows = sum(1 for row in journal.read())
read = time.process_time()
state = fold_journal(journal)
folded = time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"read_s": read - begun, "fold_s": folded - read, "events": state.seq, "peak_mb": peak}))
"""

FIRST_EVENT = """
import asyncio, sys, time
from pathlib import Path
from flatbook.ops.config import load
from flatbook.services.desk import compose
desk = compose(load(Path(sys.argv[1]), environment={}))
ran = []
def on_commit(committed):
    ran.append(time.process_time())
    desk.engine.stop("measured")
desk.engine.listeners.append(on_commit)
asyncio.run(desk.engine.run())
desk.close()
print(ran[0])
"""


def records(rows: Iterator[Commit]) -> Iterator[tuple[int, bytes, bytes]]:
    """Yields the rows of a journal as they stand in its table."""
    link = chain.START
    for events, cursors in rows:
        content = chain.encode_row(events, cursors)
        link, body = chain.seal(link, content, count=len(events), epoch=Epoch(1), at=START)
        yield link.row, link.hash, body


def make_journal(path: Path, events: int) -> None:
    """Writes a journal of so many events in one transaction; one by one it would take an hour of the disk's time."""
    create_journal(path)

    def rows() -> Iterator[Commit]:
        yield opening()
        yield from commits(events // EVENTS_PER_CYCLE)

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO commits VALUES (?, ?, ?)", records(rows()))
        connection.execute("COMMIT")


def child(code: str, argument: Path) -> str:
    """Returns what a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, str(argument)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def recoveries() -> list[Figure]:
    """Measures reading and folding a long journal, each in a process of its own."""
    with folder() as place:
        path = place / "journal.sqlite"
        make_journal(path, EVENTS)
        size = path.stat().st_size
        runs = [json.loads(child(READ, path)) for _ in range(RUNS)]
    read, fold = median([run["read_s"] for run in runs]), median([run["fold_s"] for run in runs])
    events = runs[0]["events"]
    return [
        Figure(f"journal of {events:,} events, on disk", size / 2**20, "MiB"),
        Figure("recovery: read, check the chain, decode, of CPU", events / read, "events/s"),
        at_least("recovery: the same and fold to the state, of CPU", events / fold, "events/s", EVENTS_PER_S_MIN),
        Figure("recovery: CPU", fold, "s"),
        Figure("recovery: peak memory", median([run["peak_mb"] for run in runs]), "MiB"),
    ]


def starts() -> Figure:
    """Measures the CPU of a new process up to its first durable event, on the demo's recordings."""
    with folder() as place:
        subprocess.run(
            [sys.executable, "-m", "flatbook", "init", "--recordings", "--home", str(place)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        taken = [float(child(FIRST_EVENT, place)) for _ in range(STARTS)]
    return at_most("start to the first durable event, of CPU", median(taken), "s", START_S_MAX)


def run() -> list[Figure]:
    """Measures recovery and start."""
    return [*recoveries(), starts()]
