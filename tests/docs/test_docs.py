"""The documents say what is so: commands run and print what is shown, promises name tests, links and alerts exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest

from flatbook.cli.app import behind_verb
from flatbook.cli.verbs import find
from flatbook.ops.alerts.rules import RULES
from flatbook.ops.config import load, load_text
from flatbook.ops.config_example import EXAMPLE
from flatbook.ops.control_client import is_listening
from flatbook.ops.home import SOCKET_FILE
from flatbook.services.demo_home import MARKET_FILE
from flatbook.sim.tapes.bar_file import bars_of_csv
from flatbook.sim.tapes.pool import samples_of_csv
from flatbook.venues.raindex.recording import read_recording
from tests.unit.cli.scene import Told, call

ROOT = Path(__file__).parents[2]
PROSE = sorted(path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
PROGRAM = Path(sys.executable).with_name("flatbook")
OF_MANY_COMMANDS = ("docs/cli.md", "docs/simulator.md")
"""Their commands are called in this process, where the program is imported once; those of other documents start it."""
COMMAND_S_MAX = 300
START_S_MAX = 60


class Command(NamedTuple):
    """A command line of a document, with the exit codes that its trailing comment states (`# exits 0 or 1`).

    `shown` are the lines of output that the document shows below it; `...` in them stands for anything.
    """

    document: str
    line: int
    words: tuple[str, ...]
    exits: tuple[int, ...]
    stays: bool
    shown: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {shlex.join(self.words)}"


def commands_of(path: Path) -> Iterator[Command]:
    """Yields the lines that start with `$` in the fenced blocks of a document; one that ends in `&` keeps running."""
    lines = path.read_text().splitlines()
    fence = ""
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            fence = "" if fence else line.removeprefix("```").strip()
        elif fence in {"console", "sh"} and line.startswith("$ "):
            text, _, comment = line.removeprefix("$ ").partition(" # ")
            exits = re.search(r"exits (\d+)(?: or (\d+))?", comment)
            words = tuple(shlex.split(text))
            yield Command(
                document=str(path.relative_to(ROOT)),
                line=number,
                words=tuple(word for word in words if word != "&"),
                exits=tuple(int(code) for code in exits.groups() if code) if exits else (0,),
                stays=words[-1] == "&",
                shown=tuple(takewhile(lambda below: not below.startswith(("$ ", "```")), lines[number:])),
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
        yield {**kept, "HOME": folder, "NO_COLOR": "1", "COLUMNS": "400"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(command: Command, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Starts a command that keeps running, and returns once its engine listens."""
    process = subprocess.Popen([PROGRAM, *command.words[1:]], env=environment, stdin=subprocess.DEVNULL)
    for _ in range(START_S_MAX * 10):
        if is_listening(Path(environment["HOME"]) / ".flatbook" / SOCKET_FILE):
            return process
        try:
            code = process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"{command} ended with {code}")
    process.kill()
    raise AssertionError(f"{command}: no engine listens after {START_S_MAX} s")


def called(command: Command, environment: dict[str, str]) -> Told:
    """Calls a command of a document in this process, where its user stands and without a terminal."""
    with pytest.MonkeyPatch.context() as patch, Path(os.devnull).open() as nothing:
        for name in os.environ.keys() - environment.keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(environment["HOME"])
        patch.setattr(sys, "stdin", nothing)
        return call(*command.words[1:])


def run(command: Command, environment: dict[str, str]) -> Told:
    """Runs a command of a document to its end."""
    if command.document in OF_MANY_COMMANDS:
        return called(command, environment)
    typed = [re.sub("^~(?=/)", environment["HOME"], word) for word in command.words[1:]]  # as a shell does
    done = subprocess.run(
        [PROGRAM, *typed],
        env=environment,
        cwd=environment["HOME"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)


def not_printed(shown: Sequence[str], printed: str) -> str | None:
    """Returns the first shown line that the output does not hold after those before it; None when it holds all.

    How many blanks stand between two words is not compared: columns are as wide as their content.
    """
    lines = (" ".join(line.split()) for line in printed.splitlines())
    for line in shown:
        wanted = ".*".join(re.escape(part) for part in " ".join(line.split()).split("..."))
        if not any(re.fullmatch(wanted, found) for found in lines):
            return line
    return None


def test_a_line_that_is_not_printed_is_found() -> None:
    printed = "one\n  two 2 three\nfour\n"
    assert not_printed(("one", "two ... three", "...", ""), f"{printed}\n\n") is None
    assert not_printed(("one", "three"), printed) == "three"
    assert not_printed(("four", "one"), printed) == "one"
    assert not_printed(("two",), printed) == "two"


@pytest.mark.real
@pytest.mark.time_limit(900)
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
                assert done.code in command.exits, f"{command}\n{done.out[-2000:]}\n{done.err[-2000:]}"
                assert not_printed(command.shown, done.out + done.err) is None, command
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
                process.wait(START_S_MAX)


def numbers_of_a_journal(path: Path) -> list[str]:
    """Returns what a document says of how a journal counts its events: numbers that any change of the engine moves."""
    text = path.read_text()
    shown = [f"{command}: {line}" for command in commands_of(path) for line in command.shown]
    counted = [line for line in shown if re.search(r": \d+ {2}\d{4}-|as of event \d|\d+ events in", line)]
    return counted + re.findall(r"^\$ flatbook --home .* --at \d+(?:\s.*)?$", text, re.MULTILINE)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_states_the_number_of_an_event(path: Path) -> None:
    assert numbers_of_a_journal(path) == []


def test_a_stated_number_of_an_event_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ flatbook events verify\n... is whole: 282 events in 474 rows\n"
        "$ flatbook --home x status --at 72\nFLAT; as of event 72, committed ...\n"
        "69  2025-12-02T20:45:21Z  filled\n```\n"
    )
    assert len(numbers_of_a_journal(page)) == 4


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {command.words[1] for command in ALL if command.words[0] == "make"}
    for path in PROSE:
        named |= set(re.findall(r"`make ([a-z0-9-]+)", path.read_text()))
    assert named - targets == set()
    assert {"demo", "test"} <= named


def test_every_command_in_the_documents_is_ours_to_run() -> None:
    strange = [str(command) for command in ALL if not is_flatbook(command) and command.words[0] != "make"]
    assert strange == []


def examples(path: str, fence: str) -> list[str]:
    """Returns the fenced blocks of one kind in a document."""
    return re.findall(rf"^```{fence}\n(.*?)^```", (ROOT / path).read_text(), re.DOTALL | re.MULTILINE)


def test_the_recordings_in_the_documents_are_read(tmp_path: Path) -> None:
    path = "docs/how-to/write-a-recording.md"
    (chain,) = examples(path, "jsonl")
    (tmp_path / "chain.jsonl").write_text(chain)
    blocks = read_recording(tmp_path / "chain.jsonl")
    assert [block.number for block in blocks] == [100, 101, 101]
    assert blocks[1].ratios == {"0x5cda0e1ca4ce2af96315f7f8963c85399c172204": Decimal("1.002")}
    bars, samples = examples(path, "csv")
    assert [bar.close for bar in bars_of_csv(bars.encode(), name="bars.csv")] == [Decimal("260.48"), Decimal("258.98")]
    assert [sample.block for sample in samples_of_csv(samples.encode(), name="pool.csv")] == [38913517, 38913617]


def test_the_channels_in_the_documents_are_read(tmp_path: Path) -> None:
    told: list[str] = []
    for example in examples("docs/how-to/be-told.md", "toml"):
        secrets, channel = example.removeprefix("[secrets]\n").split("\n\n", 1)
        told += load_text(f"{EXAMPLE}{secrets}\n\n{channel}", tmp_path).config.alerts.channels
    assert told == ["phone", "mail", "hook", "team", "phone"]


def test_the_desk_with_a_grid_in_the_documents_is_whole(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / MARKET_FILE).write_bytes(b"")
    (desk,) = examples("docs/how-to/run-a-grid.md", "toml")
    (tmp_path / "flatbook.toml").write_text(desk)
    assert call("config", "check", "--home", str(tmp_path)).out.endswith("nothing is wrong\n")
    assert list(load(tmp_path, environment={}).config.grid) == ["maker"]


def said_commands() -> list[tuple[str, list[str]]]:
    """Returns the flatbook commands that stand in sentences: the document, and the words as they are written."""
    return [
        (str(path.relative_to(ROOT)), behind_verb(code.split()))
        for path in PROSE
        for code in re.findall(r"`flatbook ([^`]+)`", re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL))
    ]


def test_every_flatbook_command_in_a_sentence_has_its_verb_and_options() -> None:
    helps: dict[tuple[str, ...], str] = {}
    for document, words in said_commands():
        if words[0].isupper():
            continue
        chain, rest = find(words)
        names = tuple(verb.name for verb in chain)
        assert (chain and (chain[-1].target or rest == [])) or words == ["--help"], f"{document}: {words}"
        if names not in helps:
            helps[names] = call(*names, "--help").out
        for option in (word.split("=")[0] for word in words if re.match(r"--\w", word)):
            known = re.search(rf"(?<!\S){option}\b", helps[names])
            assert known or option == "--help", f"{document}: {words}: {option}"


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
    assert sorted(headings) == sorted(RULES)


def test_every_alert_says_what_it_means_what_was_done_where_to_look_and_what_to_do() -> None:
    sections = re.split(r"^## ", (ROOT / "docs/runbook.md").read_text().partition("\n# ")[0], flags=re.MULTILINE)
    for section in sections[1:]:
        labels = re.findall(r"^- \*\*(.+?)\*\*:", section, re.MULTILINE)
        assert labels == ["Means", "Done already", "Look", "Do"], section
        assert "`flatbook " in section.partition("**Look**")[2].partition("**Do**")[0], section


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
