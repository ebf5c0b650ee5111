"""The API under 200 streams and 200 requests a second, beside an engine that hedges. Budget: 150 s, quick 60 s.

The API runs at nice 10, the crowd on a core of its own; the engine is that of the hedge latency. On two cores all three
share what there is: the ratio says what the API costs a hedge. Seconds of CPU do not depend on who else is at work.
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
SECONDS = amount(40, 15)
RAMP = (400, 800, 1_600, 3_200)
RAMP_S = amount(10, 5)
TOKENS = 16  # each may ask 300 times a second
HEDGE_TIMES_MAX = 2.0
POSITIONS_MS_MAX = 100.0
NICE = 10
READ_TRIES_MAX = 20


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
    """Gives an API over a home, at a low priority."""
    with closing(open_door_file(home / DOOR_FILE)) as file:
        now = SystemClock().now()
        tokens = [create_token(file, f"crowd-{number}", Scope.READ, days=1, now=now) for number in range(TOKENS)]
    command = ["nice", "-n", str(NICE), sys.executable, "-m", "flatbook", "api", "--beside"]
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
    """Measures hedges alone and beside a crowd, the positions meanwhile, and how many requests are too many."""
    with folder() as place:
        alone, _, _ = durable(place)
    with folder() as place:
        home = place / "home"
        make_home(home, load_demo_tape())
        create_journal(home / "journal.sqlite")
        with served(home) as api:
            wait_until_read(api)
            beside, begun_s = crowd(api, STREAMS, RATE, SECONDS), api.cpu_s()
            loaded, _, _ = durable(home)
            met = met_by(beside)
            used_s = api.cpu_s() - begun_s
            alike = met_by(crowd(api, 0, RATE, RAMP_S))
            ramp = _ramp(api)
    failed = sum(count for status, count in met["statuses"].items() if status != "200")
    return [
        Figure("fill to order's bytes, durable, alone, 99 of 100 below", share(alone, 0.99), "us"),
        Figure("the same beside 200 streams and 200 requests/s", share(loaded, 0.99), "us"),
        at_most("of the same alone", share(loaded, 0.99) / share(alone, 0.99), TIMES, HEDGE_TIMES_MAX),
        Figure("/positions meanwhile, median", median(met["took_ms"]), "ms"),
        at_most("/positions meanwhile, 99 of 100 below", share(met["took_ms"], 0.99), "ms", POSITIONS_MS_MAX),
        at_most("requests meanwhile that were not answered", failed, "requests", 0),
        Figure("/positions without hedges and streams, 99 of 100 below", share(alike["took_ms"], 0.99), "ms"),
        Figure("streams meanwhile", met["streams"], "streams"),
        Figure("texts told to each stream meanwhile", met["told"] / STREAMS, "texts"),
        Figure("told to each stream meanwhile", met["bytes"] / STREAMS / 1_000, "kB"),
        Figure("CPU of the API meanwhile", used_s / SECONDS, "cores"),
        *ramp,
    ]


def wait_until_read(api: Served) -> None:
    """Returns once the API has read its journal to the end.

    Errors: TimeoutError.
    """
    for _ in range(READ_TRIES_MAX):
        if met_by(crowd(api, 0, 1, 1))["statuses"] == {"200": 1}:
            return
    raise TimeoutError("the API does not answer")


def _ramp(api: Served) -> list[Figure]:
    """Measures more and more requests, until they are too many."""
    figures, broke = [], 0
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
