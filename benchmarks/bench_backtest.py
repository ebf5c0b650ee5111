"""Backtests beside nautilus_trader and hftbacktest: one tape, one strategy, in turn. Budget: 240 s, quick 60 s.

The peers run in an environment of their own, where `make bench` puts them; without it only our figures are told.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import ROOT, Figure, amount, at_least, at_most, folder, median
from benchmarks.peer_tape import peer_columns, write_peer_tape
from benchmarks.peers import BENCH, peer
from flatbook.market.ticks import Kind

SCALE = amount(10, 2) / 10
LONG = amount(10, 2)
ROUNDS = amount(3, 1)
EXPECTED = {1.0: (12_936, 6_466, [-54, 8])}
MEMORY_MB_MAX = 400
START_S_MAX = 1.0

Told = dict[str, Any]


def ours(mode: str, source: str, *journal: str) -> Told:
    """Returns what a run of ours took."""
    command = (sys.executable, "-m", "benchmarks.ticks_ours", mode, source, *journal)
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    told: Told = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def theirs(name: str, rows: Path) -> list[float]:
    """Returns the seconds of CPU that a run of a peer took, nothing where it cannot run.

    Errors: ValueError where it did not do the same work.
    """
    told = peer(BENCH, f"ticks_{name}.py", rows)
    if told is None:
        return []
    expected = EXPECTED.get(SCALE)
    if expected is not None and (told["orders"], told["fills"], told["held"]) != expected:
        raise ValueError(f"{name} did not do what the others did: {told}")
    return [told["cpu_s"]]


def rows_for_peers(place: Path) -> Path:
    """Writes the tape as the peers read it: (time, is trade, instrument, p1, q1, p2, q2)."""
    columns = peer_columns(SCALE)
    is_trade = (columns.kind == Kind.TRADE).astype(np.int64)
    found = np.stack(
        [columns.ts, is_trade, columns.inst.astype(np.int64), columns.p1, columns.q1, columns.p2, columns.q2], axis=1
    )
    path = place / "rows.npy"
    np.save(path, found)
    return path


def in_turn() -> dict[str, float]:
    """Returns the median seconds of CPU of each, measured in turn; a peer that cannot run is missing."""
    taken: dict[str, list[float]] = {name: [] for name in ("wakes", "disk", "each", "hftbacktest", "nautilus")}
    with folder() as place:
        rows = rows_for_peers(place)
        for number in range(ROUNDS):
            journal = str(place / f"run-{number}.sqlite")
            taken["wakes"].append(ours("wakes", str(SCALE))["cpu_s"])
            taken["hftbacktest"] += theirs("hftbacktest", rows)
            taken["disk"].append(ours("wakes", str(SCALE), journal)["cpu_s"])
            taken["each"].append(ours("each", str(SCALE))["cpu_s"])
            taken["nautilus"] += theirs("nautilus", rows)
    return {name: median(seconds) for name, seconds in taken.items() if seconds}


def beside_peers(cpu: dict[str, float]) -> list[Figure]:
    """Returns how many times faster ours is than each peer that ran."""
    figures: list[Figure] = []
    if nautilus := cpu.get("nautilus"):
        figures += [
            Figure("nautilus_trader, of CPU", nautilus, "s"),
            at_least("asked on every event, of nautilus", nautilus / cpu["each"], "x", 6),
            at_least("asked on wakes, of nautilus", nautilus / cpu["wakes"], "x", 70),
            at_least("asked on wakes, journal on disk, of nautilus", nautilus / cpu["disk"], "x", 60),
        ]
    if hft := cpu.get("hftbacktest"):
        figures += [
            Figure("hftbacktest, of CPU", hft, "s"),
            at_least("asked on wakes, of hftbacktest", hft / cpu["wakes"], "x", 6),
            at_least("asked on wakes, journal on disk, of hftbacktest", hft / cpu["disk"], "x", 5),
        ]
    return figures


def growth() -> list[Figure]:
    """Returns what a row costs on a tape ten times as long, and how much memory that takes."""
    with folder() as place:
        short, long = place / "short.parquet", place / "long.parquet"
        write_peer_tape(short, LONG / 10)
        write_peer_tape(long, LONG)
        one = ours("wakes", str(short), str(place / "short.sqlite"))
        ten = ours("wakes", str(long), str(place / "long.sqlite"))
    each = [told["cpu_s"] / told["rows"] for told in (one, ten)]
    return [
        at_most("cost of a row on a tape 10 times as long", each[1] / each[0], "x", 1.1),
        at_most(f"memory at {ten['rows']:,} rows", ten["peak_mb"], "MB", MEMORY_MB_MAX),
        at_most("start to the first events, code compiled before, of CPU", one["start_s"], "s", START_S_MAX),
    ]


def run() -> list[Figure]:
    """Measures ours beside the peers; the ratios decide."""
    cpu = in_turn()
    told = ours("wakes", str(SCALE))
    return [
        Figure("rows a second, asked on wakes", told["rows"] / cpu["wakes"], "rows/s"),
        Figure("a journal event, rows and all", cpu["wakes"] / told["journal"] * 1e6, "us"),
        *beside_peers(cpu),
        *growth(),
    ]
