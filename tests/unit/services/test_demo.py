"""The demo ends in order, however early it is told to, and says in one line what it cannot do."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flatbook.engine.run import EngineFailed
from flatbook.services.demo import demo, stay_up
from flatbook.services.demo_home import HomeRefused, make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape

# Where a shell started these tests in the background, SIGINT is ignored, and so it would be in what they start.
STAY_UP = """
import signal
import sys
from pathlib import Path
from flatbook.services.demo import stay_up
signal.signal(signal.SIGINT, signal.default_int_handler)
stay_up(Path(sys.argv[1]), lambda text: print(text, flush=True))
print("it has ended", flush=True)
"""

TRIES_MAX = 100_000


def has_engine(process: subprocess.Popen[str]) -> bool:
    """Returns whether a process has started the engine, which then imports for a while."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return any(b"demo_engine" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)


@pytest.mark.real
@pytest.mark.parametrize("waits_for_engine", [False, True])
def test_ctrl_c_ends_a_desk_that_has_only_begun_to_start(tmp_path: Path, *, waits_for_engine: bool) -> None:
    home = tmp_path / "demo"
    make_home(home, load_demo_tape())
    words = [sys.executable, "-c", STAY_UP, str(home)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        while "Ctrl-C ends it" not in process.stdout.readline():
            assert process.poll() is None
        assert not waits_for_engine or any(has_engine(process) for _ in range(TRIES_MAX))
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "it has ended\n", "")


def no_journal(folder: Path) -> Path:
    """Makes a demo whose journal no engine can open."""
    home = folder / "demo"
    make_home(home, load_demo_tape())
    (home / "journal.sqlite").write_text("no journal\n" * 1000, encoding="ascii")
    return home


@pytest.mark.real
def test_an_engine_that_cannot_go_on_says_so_in_one_line(tmp_path: Path) -> None:
    home = no_journal(tmp_path)
    words = [sys.executable, "-m", "flatbook.services.demo_engine", str(home)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert ended.stderr.startswith(f"the engine of the demo: {home / 'journal.sqlite'} is damaged or no journal")


@pytest.mark.real
def test_the_demo_ends_with_an_engine_that_cannot_go_on(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="ended with exit code 1"):
        stay_up(no_journal(tmp_path), list[str]().append)


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeRefused, match=r"file/demo cannot be written: .*; make room there, or name another --home$"):
        demo(tmp_path / "file")


def test_a_full_disk_is_said_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("flatbook.services.demo.add_grid", full)
    with pytest.raises(HomeRefused, match="demo cannot be written: No space left on device; make room there"):
        demo(tmp_path)


@pytest.mark.real
def test_the_link_of_the_console_stands_where_the_reader_has_arrived(tmp_path: Path) -> None:
    said = list[str]()
    with pytest.raises(EngineFailed):
        stay_up(no_journal(tmp_path), said.append, "http://127.0.0.1:8787/#once=abc")
    assert said[-1] == "console  http://127.0.0.1:8787/#once=abc"
