"""The journal's disk fails: it fills up, dies, or was tampered with.

Hypothesis: what cannot be made durable is never acted upon, orders at work are canceled, and a restart loses nothing.
Mechanism: append before act; a failed commit gives the journal up, cancels, and ends the process.
Premise: the failure really came while orders worked at the broker.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from flatbook.engine.ports import Journal
from flatbook.engine.run import Engine, EngineFailed
from flatbook.events.orders import OrderFilled, OrderIntended
from flatbook.journal.sqlite import DISK_PAGE_BYTES, create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.ledger import BrokerLedger
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.money import Quantity
from tests.depth import THOROUGH
from tests.desk import PAPER, Setting, at, desk_of, fill
from tests.infra.disk import Disk, FailingCommit, can_refuse_calls
from tests.infra.home import make_home, tape_of
from tests.infra.judge import END_OF_TIME, assert_promises_kept, flatbook, ledger_of
from tests.infra.lives import life
from tests.lives import SIMULATED_PACE, Desk, Life

DAY = (
    ScriptedBlocks(at=at(1), events=(fill(1, "sell", "1.5", at=at(1)),)),
    ScriptedBlocks(at=at(3), events=(fill(2, "sell", "6", at=at(3)), fill(3, "sell", "3", at=at(3)))),
    ScriptedBlocks(at=at(7), events=(fill(4, "buy", "9.5", at=at(7)),)),
)
SETTING = Setting(lot="0.001", fill_qty_max=Quantity(Decimal(2)))
PACE = msgspec.structs.replace(SIMULATED_PACE, chain_poll_s=1)
END = at(20)
COMMITS = 20
HEDGED = Decimal(10_001)


class Outcome(NamedTuple):
    """What one life over a journal came to: why the engine failed, if it did, and what then still worked."""

    failure: str
    open_orders: int


def run_over(desk: Desk, journal: Journal) -> Outcome:
    """Runs a desk over a journal to its end, or until the engine fails."""
    life = Life(desk, engine_of=lambda parts: Engine(msgspec.structs.replace(parts, journal=journal, pace=PACE)))
    failure = ""
    with closing(journal):
        try:
            assert asyncio.run(life.run(END))
        except EngineFailed as failed:
            failure = str(failed)
    return Outcome(failure, len(truth(desk).open_at(PAPER, desk.clock.now())))


def truth(desk: Desk) -> BrokerLedger:
    assert isinstance(desk.broker, Broker)
    return desk.broker.truth


def assert_recovered(desk: Desk, path: Path) -> None:
    """Passes when the broker holds what the chain's fills need, and the journal each of its executions once."""
    assert abs(truth(desk).balance(PAPER, "COIN") - HEDGED) < 1
    assert truth(desk).open_at(PAPER, END) == ()
    with closing(open_reader(path)) as reader:
        events = [event for row in reader.read() for event in row.events]
    booked = Counter(event.execution_id for event in events if isinstance(event, OrderFilled))
    assert booked == Counter(f"X-{execution.id}" for execution in truth(desk).executions())
    intents = Counter(event.order_id for event in events if isinstance(event, OrderIntended))
    assert intents.total() == len(intents)


@pytest.mark.parametrize("durable", [False, True], ids=["lost", "on the disk"])
def test_a_commit_that_fails_cancels_what_works_and_a_restart_loses_nothing(tmp_path: Path, durable: bool) -> None:
    worked, commits = 0, 0
    for number in range(1 + durable, COMMITS + 1, 1 if THOROUGH else 2):  # each of the two fails at every second one
        path = tmp_path / str(number) / "journal.sqlite"
        create_journal(path)
        desk, commit = desk_of(SETTING, DAY), FailingCommit(number=number, durable=durable)
        broken = run_over(desk, open_journal(path, commit=commit))
        assert "disk I/O error" in broken.failure, number
        assert broken.open_orders == 0, f"commit {number} failed, and an order was left at work"
        worked += any(order.cancel_asked_at for order in truth(desk).orders())
        assert run_over(desk, open_journal(path)) == Outcome("", 0)
        assert_recovered(desk, path)
        commits = commit.count
    assert commits >= COMMITS - 1
    assert worked >= 3


@pytest.mark.parametrize("kind", [FaultKind.DELAY_ANSWER, FaultKind.DROP_ANSWER])
def test_an_order_that_was_under_way_when_the_journal_failed_is_canceled_too(tmp_path: Path, kind: FaultKind) -> None:
    """The second fill's commit fails while the first one's order was sent and not yet answered."""
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    late = Fault(verb=Verb.PLACE, kind=kind, number=1, delay_ms=3_000)
    script = (
        ScriptedBlocks(at=at(1), events=(fill(1, "sell", "5", at=at(1)),)),
        ScriptedBlocks(at=at(1, 1), events=(fill(2, "sell", "5", at=at(1, 1)),)),
    )
    desk = desk_of(msgspec.structs.replace(SETTING, plan=FaultPlan(faults=(late,))), script)
    broken = run_over(desk, open_journal(path, commit=FailingCommit(text=f"{2:064x}")))
    assert "disk I/O error" in broken.failure
    (order,) = truth(desk).orders()
    assert order.placed_at < desk.clock.now()
    assert broken.open_orders == 0
    assert run_over(desk, open_journal(path)) == Outcome("", 0)
    assert truth(desk).balance(PAPER, "COIN") == Decimal(10_010)


LOST_CANCELS = tuple(Fault(verb=Verb.CANCEL, kind=FaultKind.DROP_REQUEST, number=number) for number in range(1, 40))


@pytest.mark.parametrize(("lost", "left"), [(2, 0), (39, 1)], ids=["heard at last", "never heard"])
def test_a_cancel_that_is_lost_is_sent_again_for_half_a_minute(tmp_path: Path, lost: int, left: int) -> None:
    path = tmp_path / "journal.sqlite"
    create_journal(path)
    script = (
        ScriptedBlocks(at=at(1), events=(fill(1, "sell", "5", at=at(1)),)),
        ScriptedBlocks(at=at(1, 5), events=(fill(2, "sell", "5", at=at(1, 5)),)),
    )
    desk = desk_of(msgspec.structs.replace(SETTING, plan=FaultPlan(faults=LOST_CANCELS[:lost])), script)
    broken = run_over(desk, open_journal(path, commit=FailingCommit(text=f"{2:064x}")))
    assert "disk I/O error" in broken.failure
    assert broken.open_orders == left
    assert desk.clock.now() <= at(1, 45)
    assert run_over(desk, open_journal(path)) == Outcome("", 0)
    assert truth(desk).balance(PAPER, "COIN") == Decimal(10_010)


def test_a_journal_that_is_full_cancels_what_works_and_goes_on_with_room(tmp_path: Path) -> None:
    failed = 0
    for pages in range(5, 10):
        path = tmp_path / str(pages) / "journal.sqlite"
        create_journal(path)
        desk = desk_of(SETTING, DAY)
        first = run_over(desk, open_journal(path, bytes_max=pages * DISK_PAGE_BYTES))
        if first.failure:
            assert "database or disk is full (SQLITE_FULL)" in first.failure
            assert first.open_orders == 0
            assert run_over(desk, open_journal(path)) == Outcome("", 0)
            failed += 1
        assert_recovered(desk, path)
    assert failed in (1, 2)


@pytest.mark.real
@can_refuse_calls
@pytest.mark.parametrize(
    ("disk", "words", "tag"),
    [
        (Disk.FULL, "database or disk is full", "order_accepted"),
        (Disk.DYING, "disk I/O error (SQLITE_IOERR_FSYNC)", "order_intended"),
        (Disk.DYING, "disk I/O error (SQLITE_IOERR_FSYNC)", "order_unknown"),
    ],
)
def test_a_process_whose_disk_fails_cancels_ends_and_starts_again(
    tmp_path: Path, disk: Disk, words: str, tag: str
) -> None:
    tape = tape_of("disk")
    home = make_home(tmp_path / "desk", tape)
    with life(home, 0, str(home), disk.value, tag, "3") as alive:
        assert alive.process.wait(60) == 1
    told = alive.errors.read_text()
    assert "the journal failed" in told
    assert words in told
    assert "Traceback" not in told
    with ledger_of(home) as ledger:
        at_work = ledger.open_at("paper", END_OF_TIME)
        assert at_work
        assert all(order.cancel_asked_at for order in at_work)
    assert flatbook(home, "run").code == 0
    assert_promises_kept(tape, home)
