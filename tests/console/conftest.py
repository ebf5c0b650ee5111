"""A demo desk whose grid trades at the end of its tape, its API, and Debian's Chromium: one of each for a file.

The browser's driver keeps a loop of asyncio running in this thread: it ends with the file, for other tests want one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

import pytest

from flatbook.api.console import BUNDLE
from flatbook.services.demo_home import add_grid, make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape
from tests.ports import free_port

# The tape ends with a net of -0.969 shares, below what is hedged, while the market is open.
ENDS_AT = "2025-12-03T15:05:00Z"
GRID_STANDS = b'"venue_order_id":"BTCUSDT:'
STARTED_S, ENDED_S = 60, 60
LOOK_S = 0.1
ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Desk:
    """The engine of a demo that stays at the end of its tape, and the API over it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.link = ""
        self.heard_at: dict[str, float] = {}
        self._engine: subprocess.Popen[bytes] | None = None
        self._api: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.port}"

    def replay(self) -> None:
        """Runs the engine over its tape, as the demo does before its desk stays up."""
        subprocess.run(self._words(), stdout=subprocess.DEVNULL, check=True)

    def start_engine(self) -> None:
        """Starts the engine that stays, and waits until an order of its grid stands."""
        self._engine = subprocess.Popen([*self._words(), "--stay"], stdout=subprocess.PIPE)
        assert self._engine.stdout is not None
        assert any(GRID_STANDS in line for line in self._engine.stdout), "the engine ended before that"
        Thread(target=self._hear, args=(self._engine.stdout,), daemon=True).start()

    def _hear(self, told: IO[bytes]) -> None:
        """Notes when each kind of event was told last."""
        for line in told:
            self.heard_at[str(json.loads(line)["type"])] = time.time()

    def _words(self) -> list[str]:
        return [sys.executable, "-m", "flatbook.services.demo_engine", str(self.home)]

    def start_api(self) -> None:
        """Starts the API and waits for its link."""
        words = [sys.executable, "-m", "flatbook", "api", "--home", str(self.home), "--port", str(self.port)]
        self._api = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._api.stdout is not None
        self.link = self._api.stdout.readline().strip()
        looking = Event()
        assert any(self._answers() or looking.wait(LOOK_S) for _ in range(round(STARTED_S / LOOK_S)))

    def stop_api(self) -> None:
        """Ends the API."""
        assert self._api is not None
        self._api.terminate()
        self._api.wait(ENDED_S)
        assert self._api.stdout is not None
        self._api.stdout.close()

    def told(self, *words: str) -> dict[str, Any]:
        """Returns what the command line says."""
        command = [sys.executable, "-m", "flatbook", *words, "--home", str(self.home), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return dict(json.loads(done.stdout))

    def close(self) -> None:
        """Ends both processes, by force where they take too long."""
        for process in (self._api, self._engine):
            if process is None:
                continue
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDED_S)
            process.kill()
            process.wait(ENDED_S)
            if process.stdout is not None:
                process.stdout.close()

    def _answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/api/v1/health", timeout=2) as answer:
            return bool(json.load(answer)["parts"][0]["state"] == "good")
        return False


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Gives a running desk with a small net and a grid, and its API."""
    home = tmp_path_factory.mktemp("desk") / "demo"
    make_home(home, load_demo_tape())
    add_grid(home)
    config = home / "flatbook.toml"
    config.write_text(re.sub(r"(?m)^end = .*$", f"end = {ENDS_AT}", config.read_text("utf-8")), "utf-8")
    running = Desk(home)
    try:
        running.replay()
        running.start_engine()
        running.start_api()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Gives Debian's Chromium; skipped where it or the console's bundle is absent."""
    if not (BUNDLE / "index.html").is_file():
        pytest.skip("the console is not built: make console, where Node is")
    if shutil.which(CHROMIUM) is None:
        pytest.skip("Chromium is absent: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def visit(browser: Any, desk: Desk) -> Iterator[Any]:
    """Gives a browser context that has come in by the one-time link."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=desk.url)
    context.set_default_timeout(float(os.environ.get("CONSOLE_WAIT_MS", "60000")))
    page = context.new_page()
    page.goto(desk.link)
    page.get_by_test_id("am-i-flat").wait_for()
    page.close()
    yield context
    context.close()
