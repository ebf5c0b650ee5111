"""Ours beside pyeventsourcing: the same events, the same disk, in turn. Budget: 150 s, quick 25 s."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks import Figure, amount, at_least, folder, median, ratio
from benchmarks.bench_recovery import EVENTS, KEEP, READ, RUNS, START_FROM_KEPT, child, make_journal
from benchmarks.peers import BENCH, peer
from benchmarks.workload import EVENTS_PER_CYCLE, START, commits
from flatbook.events.event import Event
from flatbook.journal.sqlite import create_journal, open_journal

HEDGES = amount(12_000, 2_400)
SINGLE_HEDGES = amount(200, 50)
ROUNDS = amount(5, 3)
GROUP = 48
LOG_MIN = 4
STATE_MIN = 13

Rates = dict[str, float]


def theirs(place: Path) -> Rates | None:
    """Returns the peer's rates, measured in its own process and environment; None where it cannot run."""
    return peer(BENCH, "peer_eventsourcing.py", place, HEDGES, SINGLE_HEDGES)


def ours(place: Path) -> Rates:
    """Returns our rates on the same events."""
    make_journal(place / "log.sqlite", HEDGES * EVENTS_PER_CYCLE)
    read = json.loads(child(READ, place / "log.sqlite"))
    child(KEEP, place / "log.sqlite")
    group, _ = append_rates(place / "groups.sqlite", HEDGES, GROUP)
    single, single_cpu = append_rates(place / "singles.sqlite", SINGLE_HEDGES, 1)
    return {
        "log": read["events"] / read["read_s"],
        "state": read["events"] / read["fold_s"],
        "start": start_rate(place / "log.sqlite"),
        "group": group,
        "single": single,
        "single_cpu": single_cpu,
    }


def start_rate(path: Path) -> float:
    """Returns the events per second of CPU at which an engine starts from a kept state of all of a journal."""
    start = json.loads(child(START_FROM_KEPT, path))
    return float(start["events"] / start["start_s"])


def long_start_rate() -> float:
    """Returns the same of a long journal, whose state is of bounded size; the peer's rates do not depend on length."""
    with folder() as place:
        path = place / "journal.sqlite"
        make_journal(path, EVENTS)
        child(KEEP, path)
        return median([start_rate(path) for _ in range(RUNS)])


def grouped(hedges: int, size: int) -> Iterator[list[Event]]:
    """Yields the events of as many hedges, some at a time."""
    waiting: list[Event] = []
    for events, _ in commits(hedges):
        for event in events:
            waiting.append(event)
            if len(waiting) == size:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def append_rates(path: Path, hedges: int, size: int) -> tuple[float, float]:
    """Returns the events per second, and per second of CPU, that are appended durably, so many a commit."""
    create_journal(path)
    wall = cpu = 0.0
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(START)
        for events in grouped(hedges, size):
            begun, begun_cpu = time.perf_counter(), time.process_time()
            journal.append(events, after=journal.last, epoch=epoch, cursors={}, at=START)
            wall += time.perf_counter() - begun
            cpu += time.process_time() - begun_cpu
        return journal.last / wall, journal.last / cpu


def in_turn() -> tuple[Rates, Rates] | None:
    """Returns the medians of both, measured in turn, each first in every other round; None without the peer."""
    mine: list[Rates] = []
    its: list[Rates] = []
    for number in range(ROUNDS):
        with folder() as place:
            for measure, kept in ((ours, mine), (theirs, its))[:: 1 if number % 2 else -1]:
                rates = measure(place)
                if rates is None:
                    return None
                kept.append(rates)
    return _medians(mine), _medians(its)


def _medians(rounds: list[Rates]) -> Rates:
    return {name: median([rates[name] for rates in rounds]) for name in rounds[0]}


def run() -> list[Figure]:
    """Measures replay and append; nothing where the peer cannot run."""
    both = in_turn()
    if both is None:
        return []
    mine, its = both
    long = long_start_rate()
    return [
        Figure("pyeventsourcing: its log read, of CPU", its["log"], "events/s"),
        Figure("pyeventsourcing: its aggregates rebuilt, of CPU", its["state"], "events/s"),
        ratio("our log read and checked, of its log read", mine["log"] / its["log"]),
        at_least("our state folded whole, of its log read", mine["state"] / its["log"], "x", LOG_MIN),
        at_least("our state folded whole, of its aggregates rebuilt", mine["state"] / its["state"], "x", STATE_MIN),
        at_least("our start from a kept state, of its log read", mine["start"] / its["log"], "x", LOG_MIN),
        at_least(
            "our start from a kept state, of its aggregates rebuilt", mine["start"] / its["state"], "x", STATE_MIN
        ),
        at_least(f"the same of {EVENTS:,} events, of its log read", long / its["log"], "x", LOG_MIN),
        at_least(f"the same of {EVENTS:,} events, of its aggregates rebuilt", long / its["state"], "x", STATE_MIN),
        Figure("pyeventsourcing: 1 event a save, SQLite", its["single"], "events/s"),
        ratio("our append, 1 event a commit, of its save: rate on this disk", mine["single"] / its["single"]),
        ratio("our append, 1 event a commit, of its save: rate by CPU", mine["single_cpu"] / its["single_cpu"]),
        Figure(f"pyeventsourcing: {GROUP} events a save, SQLite", its["group"], "events/s"),
        ratio(f"our append, {GROUP} events a commit, of its save: rate on this disk", mine["group"] / its["group"]),
    ]
