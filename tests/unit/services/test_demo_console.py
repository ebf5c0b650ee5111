"""The console of the demo: served beside it, on a port that is free, and gone with it."""

from __future__ import annotations

import json
import socket
import urllib.request
from pathlib import Path

import pytest

from flatbook.ops.config_api import PORT
from flatbook.services import demo_console
from flatbook.services.beside import serve_command
from flatbook.services.demo_console import HOST, console_of
from flatbook.services.demo_home import make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape

ANSWER_S = 60


@pytest.mark.real
def test_the_api_answers_while_the_demo_runs_and_not_after_it(tmp_path: Path) -> None:
    home, said = tmp_path / "demo", list[str]()
    make_home(home, load_demo_tape())
    with console_of(home, said.append):
        (line,) = said
        url = next(word for word in line.split() if word.startswith("http")).partition("/#")[0].rstrip("/;")
        with urllib.request.urlopen(f"{url}/api/v1/health", timeout=ANSWER_S) as answer:
            body = json.load(answer)
    assert [part["state"] for part in body["parts"]] == ["bad", "bad"]
    with socket.socket() as trying:
        assert trying.connect_ex((HOST, int(url.rpartition(":")[2]))) != 0


@pytest.mark.real
def test_a_port_that_another_took_in_the_meantime_is_given_up_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, said = tmp_path / "demo", list[str]()
    make_home(home, load_demo_tape())
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        looks = iter((taken.getsockname()[1], demo_console.free_port()))
        monkeypatch.setattr(demo_console, "free_port", lambda: next(looks))
        with console_of(home, said.append):
            (line,) = said
    assert "http://" in line


def test_the_process_that_serves_is_this_program_for_this_desk(tmp_path: Path) -> None:
    command = serve_command(tmp_path, tmp_path / "flatbook.toml", PORT)
    assert command[1:5] == ("-m", "flatbook", "api", "--beside")
    assert command[5:] == ("--port", "8787", "--home", str(tmp_path), "--config", str(tmp_path / "flatbook.toml"))
