"""Alerts of a real process: told while it runs, told when it is killed, and not told twice by the next one."""

from __future__ import annotations

import http.server
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.infra.home import make_home, tape_of
from tests.infra.judge import flatbook

WAIT_S = 60.0
MORE = """
[clock]
speed = 1

[alerts]
gone_s = 1
recover_s = 0

[alerts.channels.hook]
kind = "webhook"
url = "http://127.0.0.1:{port}/"
"""


class Hook:
    """A server that takes alerts, and lets a test wait for one."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._came = threading.Condition()

    def take(self, body: bytes) -> None:
        alert = json.loads(body)
        with self._came:
            self.told.append(f"{alert['kind']} {alert['name']}")
            self._came.notify_all()

    def wait_for(self, told: str) -> bool:
        with self._came:
            return self._came.wait_for(lambda: told in self.told, WAIT_S)


@contextmanager
def listening(hook: Hook) -> Iterator[int]:
    """Takes posts on this machine, and gives the port."""

    class Taker(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a desk, and ends it in good order."""
    command = [sys.executable, "-m", "flatbook", "run", "--home", str(home)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            while flatbook(home, "halt", "--reason", "a look").code != 0:
                assert process.poll() is None
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_S)


@pytest.mark.real
def test_a_halt_and_a_kill_are_told_once_and_the_next_start_ends_one_of_them(tmp_path: Path) -> None:
    hook = Hook()
    with listening(hook) as port:
        home = make_home(tmp_path / "desk", tape_of("alerts", 12), more=MORE.format(port=port))
        with running(home) as process:
            assert hook.wait_for("raised halted"), hook.told
            process.kill()
            assert hook.wait_for("raised engine_gone"), hook.told
        with running(home):
            assert hook.wait_for("recovered engine_gone"), hook.told
    assert hook.told == ["raised halted", "raised engine_gone", "recovered engine_gone"]
