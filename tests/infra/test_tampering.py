"""The journal's files are cut, edited, exchanged or set back while no process runs.

Hypothesis: damage is told, not traded on; what an older journal does not know is found at the broker, and halts.
Mechanism: each row carries the hash of the one before; a `-wal` file names its run; executions without an intent are
booked as foreign and halt their instrument.
Premise: the process was killed in the midst of its day, and would have gone on trading.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from flatbook.cli.app import main
from flatbook.events.control import EngineStarted
from flatbook.journal import kept_states
from flatbook.sim.broker.ledger import BrokerExecution, BrokerOrder
from tests.contract.journal.engines import written_wal
from tests.infra.home import Tape, make_home, tape_of
from tests.infra.judge import assert_promises_kept, evidence_of, flatbook, keep_state_of, ledger_of
from tests.infra.lives import killed_after

SHORT_DAY = 12
KILLED_AFTER = 30
CUTS = 24

pytestmark = pytest.mark.real


class Left(NamedTuple):
    """What a killed process left: its tape, its home, and a copy of the home as it was."""

    tape: Tape
    home: Path
    kept: Path

    @property
    def journal(self) -> Path:
        """The file of the journal."""
        return self.home / "journal.sqlite"

    def put_back(self) -> None:
        """Makes the home what it was after the kill."""
        shutil.rmtree(self.home)
        shutil.copytree(self.kept, self.home)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Runs a process over a short day and kills it in the midst of it."""
    root = tmp_path_factory.mktemp("killed")
    tape = tape_of("killed", SHORT_DAY)
    return Left(tape, killed_home(root / "desk", tape, KILLED_AFTER), root / "kept")


def as_left(left: Left) -> Left:
    """Makes the home what it was after the kill, whatever a test before has done to it."""
    if not left.kept.exists():
        (left.home / "run" / "engine.sock").unlink()
        shutil.copytree(left.home, left.kept)
    shutil.rmtree(left.kept / "snapshots", ignore_errors=True)
    left.put_back()
    return left


def killed_home(home: Path, tape: Tape, events: int) -> Path:
    make_home(home, tape)
    killed_after(home, 0, events)
    return home


@pytest.fixture
def killed(left: Left) -> Left:
    """Gives the home as the kill left it, without a kept state."""
    return as_left(left)


@pytest.fixture(params=[False, True], ids=["no kept state", "a kept state"])
def day(left: Left, request: pytest.FixtureRequest) -> Left:
    """Gives the home as the kill left it, once without and once with a kept state of its end."""
    as_left(left)
    if request.param:
        assert keep_state_of(left.home).last >= KILLED_AFTER
        shutil.copytree(left.home / "snapshots", left.kept / "snapshots")
    return left


def broker_saw(home: Path) -> tuple[tuple[BrokerOrder, ...], tuple[BrokerExecution, ...]]:
    with ledger_of(home) as ledger:
        return ledger.orders(), ledger.executions()


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount == 1


def flip_a_byte(path: Path) -> None:
    """Changes one digit inside an event in the middle of the journal."""
    with closing(sqlite3.connect(path)) as connection, connection:
        body = connection.execute("SELECT body FROM commits WHERE row = 6").fetchone()[0]
        changed = body[:-9] + bytes((body[-9] ^ 1,)) + body[-8:]
        connection.execute("UPDATE commits SET body = ? WHERE row = 6", (changed,))


TAMPERINGS = {
    "a flipped bit": flip_a_byte,
    "a row of another day": lambda path: change(path, "UPDATE commits SET body = zeroblob(64) WHERE row = 5"),
    "a wrong hash": lambda path: change(path, "UPDATE commits SET hash = zeroblob(32) WHERE row = 7"),
    "a deleted row": lambda path: change(path, "DELETE FROM commits WHERE row = 6"),
    "a deleted first row": lambda path: change(path, "DELETE FROM commits WHERE row = 1"),
    "a row moved": lambda path: change(path, "UPDATE commits SET row = 1000 WHERE row = 6"),
}


@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=TAMPERINGS)
def test_an_edited_journal_is_refused_with_the_row_and_nothing_is_traded(
    day: Left, tamper: Callable[[Path], None]
) -> None:
    before = broker_saw(day.home)
    tamper(day.journal)
    refused = flatbook(day.home, "run")
    assert refused.code == 1
    assert "row " in refused.err
    assert "expected" in refused.err
    assert "Traceback" not in refused.err
    assert broker_saw(day.home) == before
    verified = flatbook(day.home, "events", "verify")
    assert verified.code == 1
    assert "row " in verified.err


@pytest.fixture
def verbose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a process log more than its failures."""
    monkeypatch.setenv("FLATBOOK__LOG__LEVEL", "info")


def recovered_from(stderr: str) -> int:
    """Returns the first event that a process folded at its start, by its own log."""
    (told,) = [each for line in stderr.splitlines() if (each := json.loads(line))["event"] == "state_recovered"]
    return int(told["first"])


@pytest.mark.usefixtures("verbose")
def test_a_kept_state_is_taken_and_the_day_ends_as_without_it(day: Left) -> None:
    kept = day.home / "snapshots"
    ended = flatbook(day.home, "run")
    assert ended.code == 0, ended.err
    assert (recovered_from(ended.err) > KILLED_AFTER) is kept.exists()
    assert_promises_kept(day.tape, day.home)


@pytest.mark.usefixtures("verbose")
def test_an_end_in_good_order_keeps_the_state_for_the_next_start(
    killed: Left, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kept_states, "SNAPSHOT_EVENTS_MIN", 1)
    assert main(["run", "--home", str(killed.home)]) == 0
    assert recovered_from(capsys.readouterr().err) == 1
    assert len(list((killed.home / "snapshots").iterdir())) == 1
    again = flatbook(killed.home, "run")
    assert again.code == 0, again.err
    starts = [event for event in evidence_of(killed.home).events if isinstance(event, EngineStarted)]
    assert recovered_from(again.err) == evidence_of(killed.home).events.index(starts[-1]) + 1
    assert_promises_kept(killed.tape, killed.home)


KEPT_TAMPERINGS: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit": lambda whole: whole[:-9] + bytes((whole[-9] ^ 1,)) + whole[-8:],
    "cut in the middle": lambda whole: whole[: len(whole) // 2],
    "empty": lambda whole: whole[:0],
    "of zeros": lambda whole: bytes(len(whole)),
}


@pytest.mark.usefixtures("verbose")
@pytest.mark.parametrize("tamper", KEPT_TAMPERINGS.values(), ids=KEPT_TAMPERINGS)
def test_a_changed_kept_state_is_passed_over_and_told_and_the_day_goes_on(
    killed: Left, tamper: Callable[[bytes], bytes]
) -> None:
    keep_state_of(killed.home)
    (kept,) = (killed.home / "snapshots").iterdir()
    kept.write_bytes(tamper(kept.read_bytes()))
    ended = flatbook(killed.home, "run")
    assert ended.code == 0, ended.err
    assert "snapshot_passed_over" in ended.err
    assert recovered_from(ended.err) == 1
    assert_promises_kept(killed.tape, killed.home)


@pytest.mark.usefixtures("verbose")
def test_the_kept_state_of_another_desk_is_passed_over(killed: Left, tmp_path: Path) -> None:
    other = killed_home(tmp_path / "other", tape_of("other", SHORT_DAY), KILLED_AFTER)
    keep_state_of(other)
    shutil.copytree(other / "snapshots", killed.home / "snapshots")
    ended = flatbook(killed.home, "run")
    assert ended.code == 0, ended.err
    assert "it is not of this journal" in ended.err
    assert recovered_from(ended.err) == 1
    assert_promises_kept(killed.tape, killed.home)


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_journal_cut_at_any_byte_is_refused_or_whole(
    day: Left, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The `-wal` file may hold all that was cut off the main file; then nothing is missing, and the day goes on."""
    whole = written_wal(day.journal) if suffix else day.journal.read_bytes()
    before = broker_saw(day.home)
    refused = 0
    for cut in range(0, len(whole), len(whole) // CUTS):
        day.put_back()
        day.journal.with_name(f"journal.sqlite{suffix}").write_bytes(whole[:cut])
        if main(["run", "--home", str(day.home)]):
            refused += 1
            assert "journal" in capsys.readouterr().err
            assert broker_saw(day.home) == before, f"cut at byte {cut}"
        else:
            assert suffix == "", f"rows after byte {cut} were lost and not missed"
            assert_promises_kept(day.tape, day.home)
    assert refused >= CUTS // 3


def test_a_removed_wal_is_noticed(day: Left) -> None:
    before = broker_saw(day.home)
    for suffix in ("-wal", "-shm"):
        day.journal.with_name(f"journal.sqlite{suffix}").unlink()
    refused = flatbook(day.home, "run")
    assert refused.code == 1
    assert "was committed here: its -wal file was removed or cut" in refused.err
    assert broker_saw(day.home) == before


def test_the_wal_of_another_journal_is_refused(day: Left, tmp_path: Path) -> None:
    other = killed_home(tmp_path / "other", tape_of("other", SHORT_DAY), KILLED_AFTER)
    before = broker_saw(day.home)
    shutil.copyfile(other / "journal.sqlite-wal", day.journal.with_name("journal.sqlite-wal"))
    refused = flatbook(day.home, "run")
    assert refused.code == 1
    assert "was committed here" in refused.err
    assert broker_saw(day.home) == before


def test_the_journal_of_another_desk_is_refused(day: Left, tmp_path: Path) -> None:
    """It is longer than our own was, so that only what it holds can tell."""
    other = killed_home(tmp_path / "other", tape_of("other", SHORT_DAY), KILLED_AFTER + 10)
    before = broker_saw(day.home)
    for suffix in ("", "-wal", "-shm"):
        shutil.copyfile(other / f"journal.sqlite{suffix}", day.journal.with_name(f"journal.sqlite{suffix}"))
    (day.home / "journal.sqlite.lock").unlink()
    refused = flatbook(day.home, "run")
    assert refused.code == 1
    assert "another journal was put in its place" in refused.err
    assert broker_saw(day.home) == before
