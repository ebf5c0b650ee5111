"""The engine process of the demo: `python -m flatbook.services.demo_engine HOME [--lose-answer] [--stay]`.

It prints each event of its journal as one line of JSON. With `--lose-answer` its broker loses one answer, and the
process holds still as soon as the fate of that order is journalled as unknown, so that it can be killed right there.
The grid trades with `--stay` alone, when the tape has ended.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from flatbook.engine.ports import JournalFault
from flatbook.engine.run import Committed, EngineFailed
from flatbook.events.codec import encode_event_json
from flatbook.events.orders import OrderUnknown
from flatbook.ops.config import load
from flatbook.ops.config_shape import LogLevel
from flatbook.ops.journal_log import log_commits
from flatbook.services.all_in_one import desk_log, serve
from flatbook.services.demo_home import hedge_alone
from flatbook.services.desk import compose
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb

LOSE_ANSWER = "--lose-answer"
STAY = "--stay"
ACCOUNT = "paper"
LOST_ANSWER_NUMBER = 12
LOST = FaultPlan(faults=(Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER, number=LOST_ANSWER_NUMBER),))
HELD_S_MAX = 60


class Teller:
    """Prints what was committed."""

    def __init__(self, *, hold_on_unknown: bool) -> None:
        self._hold_on_unknown = hold_on_unknown

    def tell(self, committed: Committed) -> None:
        """Writes a line per event; holds still after an unknown order, when told to."""
        for event in committed.events:
            sys.stdout.buffer.write(encode_event_json(event) + b"\n")
        sys.stdout.buffer.flush()
        if self._hold_on_unknown and any(isinstance(event, OrderUnknown) for event in committed.events):
            signal.sigtimedwait([signal.SIGUSR1], HELD_S_MAX)


def main(arguments: Sequence[str]) -> int:
    """Runs the demo's engine over a home until its tape ends, or until it is stopped when it stays."""
    try:
        _run(Path(arguments[0]), arguments[1:])
    except (EngineFailed, JournalFault, OSError) as error:
        sys.stderr.write(f"the engine of the demo: {error}\n")
        return 1
    return 0


def _run(home: Path, flags: Sequence[str]) -> None:
    loaded = load(home, environment={}) if STAY in flags else hedge_alone(home)
    desk = compose(loaded, plans={ACCOUNT: LOST})
    teller = Teller(hold_on_unknown=LOSE_ANSWER in flags)
    desk.engine.listeners.append(teller.tell)
    with desk_log(desk, loaded, LogLevel.ERROR) as log:
        desk.engine.listeners.append(log_commits(log))
        try:
            asyncio.run(serve(desk, loaded, log, stay=STAY in flags))
        finally:
            desk.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
