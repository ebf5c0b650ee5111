"""Two processes and one journal: only one of them ever acts.

Hypothesis: whoever does not hold the journal neither writes nor sends, whether it comes second or was left behind.
Mechanism: a lock beside the journal while a process lives, and the epoch of the lease once one was frozen.
Premise: the first process really lives, or really was frozen, when the second one comes.
"""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.events.control import EngineStarted
from flatbook.journal.sqlite import open_journal
from flatbook.ops.control_client import is_listening
from flatbook.ops.home import SOCKET_FILE
from flatbook.sim.broker.wire import Verb
from tests.infra.home import RESTLESS, make_home, tape_of
from tests.infra.judge import assert_promises_kept, evidence_of, flatbook, ledger_of
from tests.infra.lives import Moment, Watched, life, until, wait_for

SLOW = RESTLESS + "\n[clock]\nspeed = 60\n"
WAIT_S_MAX = 60.0
ORDERS = (Verb.PLACE, Verb.CANCEL)

pytestmark = pytest.mark.real


def working(tag: str = "order_accepted") -> Moment:
    return Moment(Watched.TAG, 1, tag)


def test_a_second_process_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    home = make_home(tmp_path / "desk", tape_of("twin"), more=SLOW)
    with life(home, 0, str(home)) as first:
        wait_for(first, working())
        second = flatbook(home, "run")
        assert second.code == 1
        assert f"is held by process {first.process.pid}: stop that one first" in second.err
        assert "Traceback" not in second.err
        wait_for(first, working("order_filled"))
    starts = [event for event in evidence_of(home).events if isinstance(event, EngineStarted)]
    assert len(starts) == 1


def test_a_second_home_cannot_use_the_journal_of_the_first(tmp_path: Path) -> None:
    home = make_home(tmp_path / "desk", tape_of("twin"), more=SLOW)
    named = f'\n[journal]\npath = "{home / "journal.sqlite"}"\n'
    linked = make_home(tmp_path / "linked", tape_of("twin"), more=SLOW)
    other = make_home(tmp_path / "other", tape_of("twin"), more=SLOW + named)
    with life(home, 0, str(home)) as first:
        wait_for(first, working())
        (linked / "journal.sqlite").symlink_to(home / "journal.sqlite")
        for twin in (other, linked):
            refused = flatbook(twin, "run")
            assert refused.code == 1, refused.err
            assert f"is held by process {first.process.pid}" in refused.err
            assert "Traceback" not in refused.err
            assert not (twin / "paper-broker.sqlite").exists()


def test_of_two_processes_that_start_at_once_one_runs(tmp_path: Path) -> None:
    """The day of the one that runs lasts a minute, so that the other one meets it however late it comes."""
    home = make_home(tmp_path / "desk", tape_of("twin"), more=SLOW)
    run = ("run", "--home", str(home))
    with life(home, 0, *run, module="flatbook") as one, life(home, 1, *run, module="flatbook") as two:
        until(lambda: one.process.poll() is not None or two.process.poll() is not None)
        refused, runs = (one, two) if one.process.poll() is not None else (two, one)
        assert refused.process.returncode == 1, refused.errors.read_text()
        until(lambda: is_listening(home / SOCKET_FILE))
        runs.process.send_signal(signal.SIGTERM)
        assert runs.process.wait(WAIT_S_MAX) == 0, runs.errors.read_text()
    assert "Traceback" not in one.errors.read_text() + two.errors.read_text()
    (home / "flatbook.d" / "restless.toml").write_text(RESTLESS, encoding="ascii")
    assert flatbook(home, "run").code == 0
    assert_promises_kept(tape_of("twin"), home)


def test_a_frozen_process_that_was_taken_over_sends_nothing_when_it_wakes(tmp_path: Path) -> None:
    home = make_home(tmp_path / "desk", tape_of("twin"), more=SLOW)
    with life(home, 0, str(home)) as first:
        wait_for(first, working())
        first.process.send_signal(signal.SIGSTOP)
        with closing(open_journal(home / "journal.sqlite", take_over=True)) as successor, ledger_of(home) as ledger:
            now = evidence_of(home).rows[-1].at
            epoch = successor.take_lease(now)
            before = [line for line in ledger.requests() if line.verb in ORDERS]
            assert ledger.open_at("paper", now) != ()
            first.process.send_signal(signal.SIGCONT)
            assert first.process.wait(WAIT_S_MAX) == 1
            assert [line for line in ledger.requests() if line.verb in ORDERS] == before
        told = first.errors.read_text()
        assert f"epoch {epoch} holds the journal" in told
        assert max(row.epoch for row in evidence_of(home).rows) < epoch
    (home / "flatbook.d" / "restless.toml").write_text(RESTLESS, encoding="ascii")
    assert flatbook(home, "run").code == 0
    assert_promises_kept(tape_of("twin"), home)
