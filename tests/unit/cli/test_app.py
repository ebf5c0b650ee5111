"""From words to an exit code: what is wrong is said in one line, to people and to programs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flatbook import __version__
from flatbook.cli.app import behind_verb
from flatbook.cli.faults import Exit, Failed
from tests.unit.cli.scene import call

NO_ASSERTIONS = [sys.executable, "-O", "-m", "flatbook", "version"]


def test_exit_codes_are_those_of_the_ecosystem() -> None:
    assert {each.name: each.value for each in Exit} == {
        "OK": 0,
        "ERROR": 1,
        "USAGE": 2,
        "NOT_RUNNING": 3,
        "CONFIG": 4,
        "TIMEOUT": 5,
        "REFUSED": 6,
        "UNKNOWN": 7,
    }


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["frob", "--now"], "there is no verb 'frob'; name one of demo, init,"),
        (["stauts"], "there is no verb 'stauts'; did you mean status?"),
        (["events"], "flatbook events what?; name one of tail, export, bundle, check, verify, archive"),
        (["--hom", "x", "status"], "no option --hom stands before a verb; see flatbook --help"),
        (["events", "tial"], "flatbook events: there is no verb 'tial'; did you mean tail?"),
        (["status", "--exit-cod"], "Unknown option: --exit-cod. Did you mean --exit-code?; see flatbook status --help"),
        (["events", "tail", "5"], "flatbook: nothing here takes '5'; see flatbook events tail --help"),
        (["sim", "seed", "x"], 'unable to convert "x" into a whole number; see flatbook sim seed --help'),
        (["why"], "requires an argument; see flatbook why --help"),
        (["lift", "halt-1"], "parameter --reason requires an argument; see flatbook lift --help"),
        (["orders", "--limit", "-1"], "must not be below zero; see flatbook orders --help"),
        (["data", "record", "binance", "BTCUSDT", "--for", "-5"], "must be above zero; see flatbook data record"),
        (["orders", "--limit", "many"], "see flatbook orders --help"),
        (["halt", "--scope", "world"], 'Choose from: "all", "owner", "venue", "instrument"; see flatbook halt --help'),
    ],
)
def test_wrong_usage_is_one_line_and_exits_with_2(words: list[str], line: str) -> None:
    told = call(*words)
    assert told.code == 2
    assert told.out == ""
    assert told.err.startswith("flatbook")
    assert told.err.count("\n") == 1
    assert line in told.err


def test_a_failure_is_an_object_for_programs_too() -> None:
    told = call("--json", "status")
    assert told.code == 2
    body = told.body()
    assert (body["schema"], body["exit"], body["what"]) == ("flatbook.error.v1", 2, "there is no journal")
    assert body["where"].endswith("journal.sqlite")
    assert told.err.startswith("flatbook: ")


def test_a_failure_of_the_parser_is_an_object_too() -> None:
    assert call("status", "--nope", "--json").body()["exit"] == 2


def test_options_before_the_verb_count_for_it() -> None:
    assert behind_verb(["--home", "x", "--json", "status", "--at", "3"]) == [
        "status",
        "--at",
        "3",
        "--home",
        "x",
        "--json",
    ]
    assert behind_verb(["--config=x", "why", "--", "-h"]) == ["why", "--config=x", "--", "-h"]
    assert behind_verb(["status", "--home", "x"]) == ["status", "--home", "x"]
    assert behind_verb([]) == []


def test_a_home_before_the_verb_is_the_one_that_is_read(flat: Path) -> None:
    assert call("--home", str(flat), "--json", "status").body()["flat"] is True


def test_version_is_said_in_three_ways() -> None:
    assert call("version").out == f"flatbook {__version__}\n"
    assert call("--version").out == f"flatbook {__version__}\n"
    assert call("version", "--json").body()["version"] == __version__


def test_a_failure_says_what_where_and_what_to_do_on_one_line() -> None:
    failed = Failed(Exit.CONFIG, "is\nbroken", where="flatbook.toml", do="mend it")
    assert failed.line() == "flatbook: flatbook.toml: is broken; mend it"
    assert Failed(Exit.ERROR, "no").line() == "flatbook: no"


@pytest.mark.real
def test_without_assertions_nothing_runs() -> None:
    done = subprocess.run(NO_ASSERTIONS, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "flatbook: python -O drops the assertions that guard the journal; start without it\n"


@pytest.mark.real
def test_who_stops_reading_is_no_error(flat: Path) -> None:
    words = [sys.executable, "-m", "flatbook", "events", "export", "--home", str(flat)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.real
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_verb(shell: str) -> None:
    told = call("completion", shell)
    assert told.code == 0
    for verb in ("status", "flatten", "reconcile", "completion"):
        assert verb in told.out
    assert call("completion", shell, "--json").body()["script"].strip() == told.out.strip()


def test_completion_is_for_known_shells_only() -> None:
    assert call("completion", "tcsh").code == 2


def test_the_home_of_the_tests_is_not_the_users(home_of_its_own: Path) -> None:
    assert os.environ["FLATBOOK_HOME"] == str(home_of_its_own)
    assert str(home_of_its_own) in call("status").err


CLOSED = 'exec "$0" -m flatbook "$@"'


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [(["version"], 0), (["frob"], 2), (["flatten", "--reason", "r"], 2)])
def test_streams_that_the_caller_has_closed_change_no_exit_code(closed: str, words: list[str], code: int) -> None:
    done = subprocess.run(["sh", "-c", f"{CLOSED} {closed}", sys.executable, *words], capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (code, False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [["version"], ["version", "--json"], ["--help"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_takes_nothing_is_an_error_in_one_line(words: list[str], unbuffered: str) -> None:
    asked = ["sh", "-c", f"{CLOSED} >/dev/full", sys.executable, *words]
    places = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env=places)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.endswith("No space left on device\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "--home", "~nobody-here/x"], "~: it begins with a user whom this machine does not know"),
        (["token", "link", "--port", "99999999999999999999"], "must be from 1 to 65535"),
        (["token", "revoke", "\udcff"], "no token is called '\\udcff'"),
    ],
)
def test_what_cannot_be_is_wrong_usage(home_of_its_own: Path, words: list[str], said: str) -> None:
    assert call("init").code == Exit.OK
    told = call(*words)
    assert (told.code, said in told.err) == (Exit.USAGE, True), told.err
