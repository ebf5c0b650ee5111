"""A desk's folder with a journal in it, written by the simulated desk, and the program as tests call it."""

from __future__ import annotations

import contextlib
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from flatbook.cli.app import main
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.script import ScriptedBlocks
from tests.desk import OPEN, Setting, at, desk_of, fill, live
from tests.lives import Desk

SOLD = (
    ScriptedBlocks(at=at(1), events=(fill(1, "sell", "1.5", at=at(1)),)),
    ScriptedBlocks(at=at(3), events=(fill(2, "sell", "0.75", at=at(3)), fill(3, "sell", "3", at=at(3)))),
)
HEDGED = Setting(lot="0.001")
LOST_ANSWER = Setting(
    lot="0.001", plan=FaultPlan(faults=(Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER, number=2),))
)


class Told(NamedTuple):
    """What a call of the program printed, and its exit code."""

    code: int
    out: str
    err: str

    def body(self) -> dict[str, Any]:
        """Returns the object that was printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def call(*words: str) -> Told:
    """Calls the program in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    return Told(code, out.getvalue(), err.getvalue())


def flat_desk() -> Desk:
    """Returns a desk that sold onchain and has hedged all of it."""
    desk = desk_of(HEDGED, SOLD)
    live(desk, at(8))
    return desk


def unknown_desk() -> Desk:
    """Returns a desk that was cut while the answer of its second order was lost."""
    desk = desk_of(LOST_ANSWER, SOLD)
    live(desk, at(3, 9))
    return desk


def keep(desk: Desk, home: Path) -> Path:
    """Writes the journal of a simulated desk into a folder, as a run would, and returns its path."""
    path = home / "journal.sqlite"
    create_journal(path)
    journal = open_journal(path)
    try:
        epoch = journal.take_lease(OPEN)
        for row in MemoryJournal(desk.store).read():
            journal.append(row.events, after=journal.last, epoch=epoch, cursors=row.cursors, at=row.at)
    finally:
        journal.close()
    return path


def cents(text: str) -> Decimal:
    """Returns an amount as a number, so that tests compare amounts and not texts."""
    return Decimal(text)
