"""The first days of the demo desk, traded once by its own engine for all tests that only read."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api.app import create_app
from flatbook.api.reads import READS
from flatbook.api.site import Site
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load
from flatbook.services.demo_home import make_home
from flatbook.services.report import prices_of
from flatbook.sim.tapes.demo_tape import load_demo_tape
from flatbook.values.instants import NS_PER_S
from tests.unit.api.door_scene import Door, desk_home, opened

ENDS_AT = "2025-12-04T20:00:00Z"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives the home of the demo desk, as its engine left it three days into the tape, for all workers. Read only."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home, done = shared / "demo-desk", shared / "demo-done"
        if not done.exists():
            _trade(home)
            done.touch()
    return home


def _trade(home: Path) -> None:
    make_home(home, load_demo_tape())
    config = home / "flatbook.toml"
    config.write_text(re.sub(r"(?m)^end = .*$", f"end = {ENDS_AT}", config.read_text("utf-8")), "utf-8")
    subprocess.run(
        [sys.executable, "-m", "flatbook.services.demo_engine", str(home)], check=True, stdout=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def api(demo: Path) -> Iterator[TestClient[Any]]:
    """Gives a client of the API over the demo desk."""
    with TestClient(create_app(site_of(demo), READS)) as client:
        yield client


def site_of(home: Path) -> Site:
    """Returns what an API process serves of a home."""
    loaded = load(home, environment={})
    return Site(loaded, SystemClock(), prices_of(loaded))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Gives the home of a desk that never ran."""
    with desk_home() as folder:
        yield folder


@pytest.fixture(scope="module")
def door_of_all(home: Path) -> Iterator[Door]:
    """Gives an application over a desk that never ran; what it refuses never needs an engine."""
    with opened(home, is_read=False) as door:
        yield door


@pytest.fixture
def door(door_of_all: Door) -> Door:
    """Gives the application a minute later, so that its trail begins a new line, to a browser without cookies."""
    door_of_all.clock.shifted_ns += 61 * NS_PER_S
    door_of_all.client.cookies.clear()
    return door_of_all
