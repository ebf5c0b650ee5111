"""The documents say what is so: their commands run, their promises name tests, their links and alerts exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from flatbook.events.control import AlertName

ROOT = Path(__file__).parents[2]
PROSE = sorted(path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
PROGRAM = Path(sys.executable).with_name("flatbook")
COMMAND_S_MAX = 120
START_S_MAX = 30


class Command(NamedTuple):
    """A command line of a document, with the exit code that its trailing comment states (`# exits 3`)."""

    document: str
    line: int
    words: tuple[str, ...]
    exits: int
    stays: bool

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {shlex.join(self.words)}"


def commands_of(path: Path) -> Iterator[Command]:
    """Yields the lines that start with `$` in the fenced blocks of a document; one that ends in `&` keeps running."""
    fence = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("```"):
            fence = "" if fence else line.removeprefix("```").strip()
        elif fence in {"console", "sh"} and line.startswith("$ "):
            text, _, comment = line.removeprefix("$ ").partition(" # ")
            exits = re.search(r"exits (\d+)", comment)
            words = tuple(shlex.split(text))
            yield Command(
                document=str(path.relative_to(ROOT)),
                line=number,
                words=tuple(word for word in words if word != "&"),
                exits=int(exits.group(1)) if exits else 0,
                stays=words[-1] == "&",
            )


def is_flatbook(command: Command) -> bool:
    return command.words[0] in {"flatbook", ".venv/bin/flatbook"}


ALL = [command for path in PROSE for command in commands_of(path)]
DOCUMENTS = sorted({command.document for command in ALL if is_flatbook(command)})


@contextmanager
def home() -> Iterator[dict[str, str]]:
    """Gives the environment of a new user with a short path, because a unix socket must fit into 108 bytes."""
    folder = tempfile.mkdtemp(prefix="fb-")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLATBOOK")}
    try:
        yield {**kept, "HOME": folder, "FLATBOOK_HOME": f"{folder}/book", "NO_COLOR": "1"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(command: Command, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Starts a command that keeps running, and returns once its engine listens."""
    process = subprocess.Popen([PROGRAM, *command.words[1:]], env=environment, stdin=subprocess.DEVNULL)
    socket = Path(environment["FLATBOOK_HOME"]) / "run/engine.sock"
    for _ in range(START_S_MAX * 10):
        if socket.exists():
            return process
        try:
            code = process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"{command} ended with {code}")
    process.kill()
    raise AssertionError(f"{command}: no engine listens after {START_S_MAX} s")


def run(command: Command, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *command.words[1:]],
        env=environment,
        cwd=environment["HOME"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
    )


@pytest.mark.real
@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_flatbook_command_in_the_documents_runs(document: str) -> None:
    running: list[subprocess.Popen[bytes]] = []
    with home() as environment:
        try:
            for command in (command for command in ALL if command.document == document and is_flatbook(command)):
                if command.stays:
                    running.append(start(command, environment))
                    continue
                done = run(command, environment)
                assert done.returncode == command.exits, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
                process.wait(START_S_MAX)


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {command.words[1] for command in ALL if command.words[0] == "make"}
    for path in PROSE:
        named |= set(re.findall(r"`make ([a-z]+)", path.read_text()))
    assert named - targets == set()
    assert {"demo", "test"} <= named


def test_every_command_in_the_documents_is_ours_to_run() -> None:
    strange = [str(command) for command in ALL if not is_flatbook(command) and command.words[0] != "make"]
    assert strange == []


def promises() -> list[tuple[str, list[str]]]:
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", (ROOT / "docs/promises.md").read_text(), re.MULTILINE)
    return [(promise, re.findall(r"`([^`]+)`", tests)) for promise, tests in rows if promise != "promise"]


def test_every_promise_names_a_test_that_exists() -> None:
    assert promises() != []
    for promise, tests in promises():
        assert tests != [], promise
        for test in tests:
            path, _, name = test.partition("::")
            assert (ROOT / path).is_file(), f"{promise}: {test}"
            assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{promise}: {test}"


def test_every_alert_has_its_place_in_the_runbook() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(alert.value for alert in AlertName)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_word_of_the_glossary_stands_once() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text().partition("## Order states")[0]
    terms = [word for word in re.findall(r"^\| ([a-z][^|]*?) \|", glossary, re.MULTILINE) if word != "word"]
    assert len(terms) > 50
    assert [word for word in terms if terms.count(word) > 1] == []


def test_every_state_of_an_order_stands_in_the_glossary() -> None:
    states = (
        "intended submitted accepted partially_filled pending_cancel unknown filled canceled expired rejected denied"
    )
    glossary = (ROOT / "docs/glossary.md").read_text().partition("## Order states")[2]
    assert re.findall(r"^\| ([a-z_]+) \|", glossary, re.MULTILINE) == ["state", *states.split()]
