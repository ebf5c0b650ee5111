"""A running desk, the API's application before it with its gate, and those who knock."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from flatbook.api.access import Access
from flatbook.api.access_scopes import Scope
from flatbook.api.access_tokens import create_token
from flatbook.api.door import guarded_app, open_door
from flatbook.api.reads import READS
from flatbook.api.site import Site
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load
from flatbook.ops.control_client import is_listening
from flatbook.ops.home import SOCKET_FILE
from flatbook.services.demo_home import make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape
from flatbook.values.instants import Instant
from tests.unit.cli.scene import call

PORT = 8787
HERE = f"http://127.0.0.1:{PORT}"
LOOKS = 1_200
SPARE = "spare"
LOOK_S = 0.05


class ShiftedClock(SystemClock):
    """The machine's clock, which a test may move on."""

    shifted_ns = 0

    def now(self) -> Instant:
        """Returns the present instant, moved on."""
        return Instant(super().now() + self.shifted_ns)


class Door:
    """An application over a home, and the clients of it."""

    def __init__(self, home: Path) -> None:
        self.clock = ShiftedClock()
        self.site = Site(load(home, environment={}), self.clock)
        self.access: Access = open_door(self.site, self.clock, "127.0.0.1", PORT)
        gate, self.app = guarded_app(self.site, self.access, READS)
        self.client: TestClient[Litestar] = TestClient(gate, base_url=HERE)  # type: ignore[arg-type]

    def token(self, name: str, scope: str, days: int = 30) -> dict[str, str]:
        """Makes a token, in place of the spare one where no name is given, and returns the header that shows it."""
        if not name and any(each.name == SPARE for each in self.access.tokens()):
            self.access.revoke(SPARE)
        text = create_token(self.access.file, name or SPARE, Scope(scope), days=days, now=self.clock.now())
        return {"authorization": f"Bearer {text}"}

    def log_in(self) -> dict[str, str]:
        """Opens a session, and returns the headers of its pages: where they come from, cookie and CSRF text."""
        once = self.access.link().split("#once=")[1]
        answer = self.client.post("/api/v1/session", json={"once": once}, headers={"origin": HERE})
        assert answer.status_code == 201, answer.text
        cookie = answer.headers["set-cookie"].split(";")[0]
        self.client.cookies.clear()
        return {"origin": HERE, "cookie": cookie, "x-csrf-token": answer.json()["csrf"]}

    def give(self, act: str, body: dict[str, Any], key: str | None, headers: dict[str, str]) -> Any:
        """Gives a command."""
        keyed = headers if key is None else {**headers, "idempotency-key": key}
        return self.client.post(f"/api/v1/commands/{act}", json=body, headers=keyed)

    def tried(self) -> list[tuple[str, str, str]]:
        """Returns who tried what, and which code it met; the newest first."""
        return [(each.actor, each.act, each.code) for each in self.access.trail.latest(before=None, limit=500)]


def until(holds: Callable[[], bool], what: str) -> None:
    """Returns once something holds, and fails where it does not within a minute."""
    pause = Event()
    for _ in range(LOOKS):
        if holds():
            return
        pause.wait(LOOK_S)
    raise AssertionError(f"it did not come: {what}")


@contextmanager
def opened(home: Path, *, is_read: bool = True) -> Iterator[Door]:
    """Gives the application over a home while it runs, once it has read the journal where there is one."""
    door = Door(home)
    with door.client:
        until(lambda: door.site.follower.caught_up or not is_read, "the end of the journal")
        yield door
    door.access.close()


@contextmanager
def desk_home() -> Iterator[Path]:
    """Gives a folder with a path that is short enough for a socket, and a desk in it that follows a recording."""
    folder = Path(tempfile.mkdtemp(prefix="fb-"))
    try:
        assert call("init", "--recordings", "--home", str(folder)).code == 0
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def engine_over(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Gives an engine that listens; it is ended in order where it still runs."""
    words = [sys.executable, "-m", "flatbook", "run", "--home", str(home)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(LOOKS):
            if is_listening(home / SOCKET_FILE):
                break
            try:
                raise AssertionError(f"the engine ended with {process.wait(0.1)}")
            except subprocess.TimeoutExpired:
                continue
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@contextmanager
def short_desk() -> Iterator[Path]:
    """Gives a demo desk late on a Friday that holds shares and hedges nothing: its threshold is out of reach."""
    folder = Path(tempfile.mkdtemp(prefix="fb-"))
    try:
        home = folder / "demo"
        make_home(home, load_demo_tape())
        config = home / "flatbook.toml"
        text = re.sub(r"(?m)^start = .*$", "start = 2025-12-05T20:11:00Z\nspeed = 10", config.read_text("utf-8"))
        config.write_text(text.replace('threshold_shares = "1"', 'threshold_shares = "100000"'), "utf-8")
        yield home
    finally:
        shutil.rmtree(folder)
