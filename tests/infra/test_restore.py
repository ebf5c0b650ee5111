"""An older journal comes back: nothing that it does not know is done again.

Hypothesis: after a restore nothing trades until a person has looked, and then everything ends flat.
Mechanism: the epoch is never repeated, the restore leaves a halt, and what the broker did since is booked as foreign.
Premise: the lost part of the journal held intents whose orders executed at the broker.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from flatbook.events.control import EngineStarted, HaltCause
from flatbook.events.orders import ForeignFilled, OrderIntended
from flatbook.journal.copies import backup
from tests.infra.home import RESTLESS, THRESHOLD, Tape, make_home, tape_of
from tests.infra.judge import (
    assert_chain_of_hashes_holds,
    assert_epochs_rise,
    assert_nothing_placed_twice,
    evidence_of,
    flatbook,
    ledger_of,
    true_net,
)
from tests.infra.lives import killed_after
from tests.unit.cli.scene import Told

SHORT_DAY = 12
BACKED_UP_AFTER = 18
KILLED_AFTER = 30
SLOW = RESTLESS + "\n[clock]\nspeed = 300\n"
WAIT_S_MAX = 60.0

pytestmark = pytest.mark.real


class Lost(NamedTuple):
    """A home whose process was killed, a backup from earlier in its day, and the orders that were placed since."""

    tape: Tape
    home: Path
    backup: Path
    epoch: int
    orders: list[str | None]


@pytest.fixture
def lost(tmp_path: Path) -> Lost:
    tape = tape_of("lost", SHORT_DAY)
    home, copy = make_home(tmp_path / "desk", tape), tmp_path / "backup.sqlite"
    killed_after(home, 0, BACKED_UP_AFTER)
    backup(home / "journal.sqlite", copy)
    known = intents(home)
    killed_after(home, 1, KILLED_AFTER)
    run = evidence_of(home)
    placed = orders(home)
    assert len(placed) > len(known)
    return Lost(tape, home, copy, run.rows[-1].epoch, placed)


def intents(home: Path) -> list[str]:
    return [event.order_id for event in evidence_of(home).events if isinstance(event, OrderIntended)]


def orders(home: Path) -> list[str | None]:
    with ledger_of(home) as ledger:
        return [order.client_id for order in ledger.orders()]


def test_a_backup_that_was_copied_over_the_journal_is_refused(lost: Lost) -> None:
    for suffix in ("-wal", "-shm"):
        (lost.home / f"journal.sqlite{suffix}").unlink()
    shutil.copyfile(lost.backup, lost.home / "journal.sqlite")
    refused = flatbook(lost.home, "run")
    assert refused.code == 1
    assert "another journal was put in its place" in refused.err
    assert orders(lost.home) == lost.orders


def test_a_restored_journal_does_not_trade_until_its_halt_is_lifted(lost: Lost) -> None:
    assert flatbook(lost.home, "restore", str(lost.backup), "--force", "--yes").code == 0
    for _ in range(2):
        assert flatbook(lost.home, "run").code == 0
        assert orders(lost.home) == lost.orders
        run = evidence_of(lost.home)
        causes = [halt.cause for halt in run.state.halts.values()]
        assert causes == [HaltCause.OPERATOR, HaltCause.FOREIGN_FILL]
        assert any(isinstance(event, ForeignFilled) for event in run.events)
    run = evidence_of(lost.home)
    assert not (lost.home / "restored").exists()
    started = [event.epoch for event in run.events if isinstance(event, EngineStarted)]
    assert started[0] <= lost.epoch < started[-2] < started[-1]
    assert_epochs_rise(run)
    assert_chain_of_hashes_holds(lost.home)


def test_a_restored_journal_ends_flat_once_a_person_has_assigned_and_lifted(lost: Lost) -> None:
    assert flatbook(lost.home, "restore", str(lost.backup), "--force", "--yes").code == 0
    (lost.home / "flatbook.d" / "restless.toml").write_text(SLOW, encoding="ascii")
    with subprocess.Popen([sys.executable, "-m", "flatbook", "run", "--home", str(lost.home)]) as engine:
        wait_until(lambda: len(evidence_of(lost.home).state.halts) == 2)
        words = ("desk", "paper", "COIN/USD@paper", "--reason", "ours, from before the restore", "--yes")
        done(flatbook(lost.home, "position", "assign", *words))
        for halt_id in evidence_of(lost.home).state.halts:
            done(flatbook(lost.home, "lift", halt_id, "--reason", "looked at the broker"))
        while engine.poll() is None:  # an order from before the restore may fill again, and halts again
            for halt_id in evidence_of(lost.home).state.halts:
                flatbook(lost.home, "position", "assign", *words)
                flatbook(lost.home, "lift", halt_id, "--reason", "looked at the broker")
            time.sleep(0.05)
        assert engine.wait(WAIT_S_MAX) == 0
    run = evidence_of(lost.home)
    assert not run.state.halts
    assert not run.state.open_orders
    assert not any(run.state.owing.values())
    with ledger_of(lost.home) as ledger:
        assert_nothing_placed_twice(ledger)
        assert ledger.open_at("paper", run.rows[-1].at) == ()
        assert abs(true_net(lost.tape, ledger)) < THRESHOLD
    assert len(orders(lost.home)) > len(lost.orders)


def wait_until(has_come: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S_MAX
    while not has_come():
        assert time.monotonic() < until
        time.sleep(0.05)


def done(verb: Told) -> None:
    assert verb.code == 0, verb.out + verb.err
