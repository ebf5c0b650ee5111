"""The curl lines of the how-to of the API run in their order, against an engine and an API of their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.unit.api.door_scene import desk_home, engine_over, until
from tests.unit.cli.scene import call

PAGE = Path(__file__).parents[2] / "docs/how-to/use-the-api.md"
PROGRAM = Path(sys.executable).parent


def answers(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.real
def test_every_line_of_the_page_does_what_it_says() -> None:
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE))
    assert script.count("curl ") == 13
    port = free_port()
    with desk_home() as home, engine_over(home):
        words = [sys.executable, "-m", "flatbook", "api", "--port", str(port), "--home", str(home)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as api:
            try:
                until(lambda: answers(port), "the API")
                assert api.stdout is not None
                assert api.stdout.readline().startswith(f"http://127.0.0.1:{port}/#once=fbl_")
                environment = {**os.environ, "FLATBOOK_HOME": str(home), "PATH": f"{PROGRAM}:{os.environ['PATH']}"}
                done = subprocess.run(
                    ["bash", "-euxo", "pipefail", "-c", script.replace("8787", str(port))],
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert done.returncode == 0, done.stdout[-1_000:] + done.stderr[-2_000:]
                assert call("status", "--home", str(home), "--json").body()["halts"] == []
                assert call("token", "link", "--port", str(port), "--home", str(home)).err == ""
            finally:
                api.send_signal(signal.SIGTERM)
        assert api.returncode == 0
