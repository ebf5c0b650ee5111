"""Start from a long journal: all of it folded, and from a kept state; start to the first event.

Budget: 150 s, quick 25 s.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks import ROOT, Figure, amount, at_least, at_most, folder, median
from benchmarks.workload import EVENTS_PER_CYCLE, START, Commit, commits, opening
from flatbook.engine.ports import Link
from flatbook.journal import chain
from flatbook.journal.sqlite import create_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.ids import Epoch

EVENTS = amount(1_000_000, 100_000)
RUNS = amount(3, 3)
STARTS = amount(7, 3)
TAIL_PART = 100
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

KEEP = """
import sys
from pathlib import Path
from flatbook.journal.kept_states import desk_fold
from flatbook.journal.snapshot import fold_journal
from flatbook.journal.sqlite_reader import open_reader
path = Path(sys.argv[1])
fold_journal(open_reader(path), path.with_name("snapshots"), desk_fold())
"""

START_FROM_KEPT = """
import json, resource, sys, time
from pathlib import Path
from flatbook.engine.recover import recover
from flatbook.journal.kept_states import FolderOfStates
from flatbook.journal.sqlite_reader import open_reader
path = Path(sys.argv[1])
journal = open_reader(path)
begun = time.process_time()
kept = FolderOfStates(path.with_name("snapshots"))
state = recover(journal, kept)
taken = time.process_time() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"start_s": taken, "events": state.seq, "tail": state.seq - kept.taken.last, "peak_mb": peak}))
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


def records(rows: Iterator[Commit], link: Link) -> Iterator[tuple[int, bytes, bytes]]:
    """Yields the rows of a journal after a link as they stand in its table."""
    for events, cursors in rows:
        content = chain.encode_row(events, cursors)
        link, body = chain.seal(link, content, count=len(events), epoch=Epoch(1), at=START)
        yield link.row, link.hash, body


def make_journal(path: Path, events: int) -> None:
    """Writes a journal of so many events in one transaction; one by one it would take an hour of the disk's time."""
    create_journal(path)
    put(path, records(itertools.chain([opening()], commits(events // EVENTS_PER_CYCLE)), chain.START))


def extend_journal(path: Path, written: int, events: int) -> None:
    """Writes more events of the same workload behind those that were written."""
    with closing(open_reader(path)) as reader:
        link = reader.link()
    put(path, records(commits(events // EVENTS_PER_CYCLE, first=written // EVENTS_PER_CYCLE), link))


def put(path: Path, rows: Iterator[tuple[int, bytes, bytes]]) -> None:
    """Writes rows into the table of a journal in one transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO commits VALUES (?, ?, ?)", rows)
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
        started = starts_from_kept(path)
    read, fold = median([run["read_s"] for run in runs]), median([run["fold_s"] for run in runs])
    events = runs[0]["events"]
    return [
        Figure(f"journal of {events:,} events, on disk", size / 2**20, "MiB"),
        Figure("recovery: read, check the chain, decode, of CPU", events / read, "events/s"),
        at_least("recovery: the same and fold to the state, of CPU", events / fold, "events/s", EVENTS_PER_S_MIN),
        Figure("recovery: CPU", fold, "s"),
        Figure("recovery: peak memory", median([run["peak_mb"] for run in runs]), "MiB"),
        *started,
    ]


def starts_from_kept(path: Path) -> list[Figure]:
    """Measures a start from a kept state: of all events, and of all but the last hundredth."""
    child(KEEP, path)
    (kept,) = path.with_name("snapshots").iterdir()
    figures = [Figure("kept state: its file", kept.stat().st_size / 2**20, "MiB")]
    for tail in (0, EVENTS // TAIL_PART):
        if tail:
            extend_journal(path, EVENTS, tail)
        runs = [json.loads(child(START_FROM_KEPT, path)) for _ in range(RUNS)]
        took, peak = median([run["start_s"] for run in runs]), median([run["peak_mb"] for run in runs])
        name = f"start from a kept state, {runs[0]['tail']:,} events since"
        figures += [
            at_least(f"{name}, all rows checked, of CPU", runs[0]["events"] / took, "events/s", EVENTS_PER_S_MIN),
            Figure(f"{name}: CPU", took, "s"),
            Figure(f"{name}: peak memory", peak, "MiB"),
        ]
    return figures


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
