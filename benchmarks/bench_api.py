"""The API under 200 streams and 200 requests a second, beside an engine that hedges. Budget: 160 s, quick 60 s.

The API runs at nice 10, the crowd on a core that nobody else uses; the engine is that of the hedge latency. On two
cores the API shares one with the engine and its broker: the ratio says what the API costs a hedge, and not what the
crowd does. Seconds of CPU do not depend on who else is at work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import TIMES, Figure, amount, at_most, folder, median, share
from benchmarks.api_load import CORE
from benchmarks.bench_hedge_latency import durable
from flatbook.api.access_file import open_door_file
from flatbook.api.access_scopes import Scope
from flatbook.api.access_tokens import create_token
from flatbook.journal.sqlite import create_journal
from flatbook.ops.clock import SystemClock
from flatbook.ops.home import DOOR_FILE
from flatbook.services.demo_console import free_port
from flatbook.services.demo_home import make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape

STREAMS, RATE = 200, 200
ROUNDS = amount(2, 1)
SECONDS = amount(20, 15)
RAMP = (400, 800, 1_600, 3_200, 6_400, 9_600)
RAMP_S = amount(10, 5)
TOKENS = 64  # each may ask 300 times a second
HEDGE_TIMES_MAX = 2.0
POSITIONS_MS_MAX = 100.0
READ_TRIES_MAX = 20


class Beside(NamedTuple):
    """What one round beside a crowd came to. Units: hedges in microseconds, `took_ms` of each request, bytes, s."""

    hedges: list[float]
    took_ms: list[float]
    failed: int
    streams: int
    told: int
    bytes: int
    cpu_s: float


class Served(NamedTuple):
    """An API that answers: where, tokens that may read, and its process."""

    url: str
    tokens: list[str]
    pid: int

    def cpu_s(self) -> float:
        """Returns the seconds of CPU that its process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """Gives an API over a home, as it runs beside an engine: at a low priority."""
    with closing(open_door_file(home / DOOR_FILE)) as file:
        now = SystemClock().now()
        tokens = [create_token(file, f"crowd-{number}", Scope.READ, days=1, now=now) for number in range(TOKENS)]
    command = [sys.executable, "-m", "flatbook", "api", "--beside"]
    command += ["--home", str(home), "--port", str(free_port())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        link = process.stdout.readline().decode()
        yield Served(link.partition("/#")[0], tokens, process.pid)
        process.stdin.close()


def crowd(api: Served, streams: int, rate: int, seconds: float) -> subprocess.Popen[bytes]:
    """Starts a crowd."""
    words = [api.url, str(streams), str(rate), str(seconds), *api.tokens]
    return subprocess.Popen([sys.executable, "-m", "benchmarks.api_load", *words], stdout=subprocess.PIPE)


def met_by(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Returns what a crowd met, once it is over."""
    told, _ = process.communicate()
    met: dict[str, Any] = json.loads(told)
    return met


def run() -> list[Figure]:
    """Measures hedges alone and beside a crowd in turns, positions meanwhile, and how many requests are too many."""
    alone, beside, after = list[float](), list[Beside](), list[Figure]()
    with own_core():
        for _ in range(ROUNDS):
            with folder() as place:
                alone += durable(place)[0]
            with desk() as (home, api):
                beside.append(_beside(home, api))
                after = after or _without_hedges(api)
    loaded, took_ms = [took for one in beside for took in one.hedges], [took for one in beside for took in one.took_ms]
    return [
        Figure("fill to order's bytes, durable, alone, 99 of 100 below", share(alone, 0.99), "us"),
        Figure("the same beside 200 streams and 200 requests/s", share(loaded, 0.99), "us"),
        at_most("of the same alone", share(loaded, 0.99) / share(alone, 0.99), TIMES, HEDGE_TIMES_MAX),
        Figure("/positions meanwhile, median", median(took_ms), "ms"),
        at_most("/positions meanwhile, 99 of 100 below", share(took_ms, 0.99), "ms", POSITIONS_MS_MAX),
        at_most("requests meanwhile that were not answered", sum(one.failed for one in beside), "requests", 0),
        Figure("streams meanwhile", min(one.streams for one in beside), "streams"),
        Figure("texts told to each stream meanwhile", sum(one.told for one in beside) / STREAMS / ROUNDS, "texts"),
        Figure("told to each stream meanwhile", sum(one.bytes for one in beside) / STREAMS / ROUNDS / 1_000, "kB"),
        Figure("CPU of the API meanwhile", sum(one.cpu_s for one in beside) / ROUNDS / SECONDS, "cores"),
        *after,
    ]


@contextmanager
def own_core() -> Iterator[None]:
    """Keeps the engine, its broker and the API off the core of the crowd, where there is another."""
    before = os.sched_getaffinity(0)
    if len(before) > 1:
        os.sched_setaffinity(0, before - {max(before)})
    os.environ[CORE] = str(max(before))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        del os.environ[CORE]


@contextmanager
def desk() -> Iterator[tuple[Path, Served]]:
    """Gives a new home with its journal, and an API that has read it."""
    with folder() as place:
        home = place / "home"
        make_home(home, load_demo_tape())
        create_journal(home / "journal.sqlite")
        with served(home) as api:
            wait_until_read(api)
            yield home, api


def _beside(home: Path, api: Served) -> Beside:
    """Measures hedges beside a crowd."""
    around, begun_s = crowd(api, STREAMS, RATE, SECONDS), api.cpu_s()
    hedges, _, _ = durable(home)
    met = met_by(around)
    failed = sum(count for status, count in met["statuses"].items() if status != "200")
    told = (met["streams"], met["told"], met["bytes"])
    return Beside(hedges, met["took_ms"], failed, *told, api.cpu_s() - begun_s)


def wait_until_read(api: Served) -> None:
    """Returns once the API has read its journal to the end.

    Errors: TimeoutError.
    """
    for _ in range(READ_TRIES_MAX):
        if met_by(crowd(api, 0, 1, 1))["statuses"] == {"200": 1}:
            return
    raise TimeoutError("the API does not answer")


def _without_hedges(api: Served) -> list[Figure]:
    """Measures as many requests as beside hedges, and then more and more, until they are too many."""
    alike, broke = share(met_by(crowd(api, 0, RATE, RAMP_S))["took_ms"], 0.99), 0
    figures = [Figure("/positions without hedges and streams, 99 of 100 below", alike, "ms")]
    for rate in RAMP:
        begun_s = api.cpu_s()
        met = met_by(crowd(api, 0, rate, RAMP_S))
        cpu_us, slow_ms = (api.cpu_s() - begun_s) / len(met["took_ms"]) * 1_000_000, share(met["took_ms"], 0.99)
        figures.append(Figure(f"/positions at {rate:,} requests/s, no streams, 99 of 100 below", slow_ms, "ms"))
        figures.append(Figure(f"CPU of the API for each at {rate:,} requests/s", cpu_us, "us"))
        if slow_ms > POSITIONS_MS_MAX:
            broke = rate
            break
    return [*figures, Figure("the first of these rates that is too many, 0 where none is", broke, "requests/s")]
