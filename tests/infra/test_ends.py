"""How an engine's process ends, and what it says: programs that watch it read the exit code, people the last line."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from flatbook.engine.ports import Clock
from flatbook.events.control import EngineStopped
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import Loaded, load
from flatbook.services import all_in_one
from flatbook.services.desk import Desk, compose
from flatbook.services.oracle import FillPricer
from flatbook.services.outside import Outside
from flatbook.services.prices import Observe
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant
from flatbook.venues.evm.heads import Heads
from flatbook.venues.http import tls_connector
from flatbook.venues.websocket import SessionSocket
from tests.infra.home import RESTLESS, make_home, tape_of
from tests.infra.judge import assert_promises_kept, evidence_of, flatbook
from tests.infra.lives import Moment, Watched, killed_after, life, wait_for

SLOW = RESTLESS + "\n[clock]\nspeed = 60\n"
TALKATIVE = RESTLESS + '\n[log]\nlevel = "info"\n'
SHORT_DAY = 12
WAIT_S_MAX = 60.0


def last_line(told: str) -> dict[str, str]:
    line: dict[str, str] = json.loads(told.strip().splitlines()[-1])
    return line


@pytest.mark.real
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_process_ends_in_order_and_the_next_one_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    tape = tape_of("stopped", SHORT_DAY)
    home = make_home(tmp_path / "desk", tape, more=SLOW)
    with life(home, 0, "run", "--home", str(home), module="flatbook") as alive:
        wait_for(alive, Moment(Watched.JOURNAL_WRITES, 12))
        alive.process.send_signal(number)
        assert alive.process.wait(WAIT_S_MAX) == 0
    stopped = evidence_of(home).events[-1]
    assert isinstance(stopped, EngineStopped)
    assert stopped.reason == "signal"
    (home / "flatbook.d" / "restless.toml").write_text(RESTLESS, encoding="ascii")
    assert flatbook(home, "run").code == 0
    assert_promises_kept(tape, home)


@pytest.mark.real
def test_a_process_whose_log_nobody_reads_goes_on_trading(tmp_path: Path) -> None:
    tape = tape_of("unread", SHORT_DAY)
    home = make_home(tmp_path / "desk", tape, more=TALKATIVE)
    command = [sys.executable, "-m", "flatbook", "run", "--home", str(home)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        assert process.wait(WAIT_S_MAX) == 0
    assert_promises_kept(tape, home)


@pytest.mark.real
def test_a_recording_that_is_not_the_one_of_the_journal_ends_the_process_with_the_reason(tmp_path: Path) -> None:
    tape = tape_of("mine", SHORT_DAY)
    home = make_home(tmp_path / "desk", tape)
    killed_after(home, 0, 20)
    other = make_home(tmp_path / "other", tape_of("other", SHORT_DAY))
    shutil.copyfile(other / "recordings" / "base.jsonl", home / "recordings" / "base.jsonl")
    before = len(evidence_of(home).events)
    refused = flatbook(home, "run")
    assert refused.code == 1
    assert "names no block of this recording" in last_line(refused.err)["reason"]
    assert len(evidence_of(home).events) >= before


class Dying:
    """A price feed that dies at once."""

    def write(self, observe: Observe, now: Instant) -> int:
        """Raises."""
        raise OSError("the feed is gone")

    def next_change(self, after: Instant) -> Instant | None:
        """Never comes to this."""
        return None


def test_a_feed_that_dies_ends_the_process_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = make_home(tmp_path / "desk", tape_of("blind", SHORT_DAY))

    def blind(loaded: Loaded) -> Desk:
        return msgspec.structs.replace(compose(loaded), feeds=(Dying(),))

    monkeypatch.setattr(all_in_one, "compose", blind)
    assert all_in_one.run_desk(load(home, environment={})) == 1
    assert "OSError" in last_line(capsys.readouterr().err)["reason"]


class DyingPricer(FillPricer):
    """A pricer of fills that dies at once."""

    async def follow(self) -> None:
        """Raises."""
        raise OSError("the oracle is gone")


def test_a_pricer_of_fills_that_dies_is_told_and_stops_no_trade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tape_of("unpriced", SHORT_DAY)
    home = make_home(tmp_path / "desk", tape)

    def unpriced(loaded: Loaded) -> Desk:
        desk = compose(loaded)
        return msgspec.structs.replace(desk, pricer=DyingPricer({}, desk.clock, desk.engine.push))

    monkeypatch.setattr(all_in_one, "compose", unpriced)
    assert all_in_one.run_desk(load(home, environment={})) == 0
    assert "task_died" in capsys.readouterr().err
    assert_promises_kept(tape, home)


class DyingHeads(Heads):
    """A node whose words about new blocks nobody can bear."""

    async def follow(self, hint: Callable[[], None], clock: Clock) -> None:
        """Raises."""
        raise OSError(f"after {self.told} heads")


class HeadsOnly(Outside):
    """The outside of a desk on a tape, with a node that tells of new blocks."""

    hinted = SourceId("")

    def heads(self) -> tuple[tuple[SourceId, Heads], ...]:
        """Returns the one that dies."""
        socket = SessionSocket("https://node.example", SystemClock(), connect=tls_connector)
        return ((self.hinted, DyingHeads(socket, "/")),)


def test_hints_of_new_blocks_that_die_are_told_and_stop_no_trade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tape_of("unhinted", SHORT_DAY)
    home = make_home(tmp_path / "desk", tape)

    def hinted(loaded: Loaded) -> Desk:
        desk, outside = compose(loaded), HeadsOnly(loaded, SystemClock())
        (outside.hinted,) = desk.engine.parts.rests
        return msgspec.structs.replace(desk, outside=outside)

    monkeypatch.setattr(all_in_one, "compose", hinted)
    assert all_in_one.run_desk(load(home, environment={})) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["event"], json.loads(line)["error"]) == ("task_died", "OSError")
    assert_promises_kept(tape, home)
