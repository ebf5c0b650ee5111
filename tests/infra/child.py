"""An engine process over a home, with a broker that goes wrong as scripted.

    python -m tests.infra.child HOME [full|dying TAG COUNT | killed COUNT]

It prints each committed event as one line of JSON. After the COUNT-th event with a TAG its journal's disk fails; or it
kills itself after the COUNT-th event of all, exactly where nobody could kill it from outside.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from flatbook.engine.run import Committed, EngineFailed
from flatbook.events.codec import encode_event_json, name_of
from flatbook.ops.config import load
from flatbook.ops.telemetry import open_log
from flatbook.services.all_in_one import serve
from flatbook.services.desk import compose
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from tests.infra.disk import Disk, break_disk

ACCOUNT = "paper"
KILLED = "killed"
PLAN = FaultPlan(
    faults=(
        Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER, number=2),
        Fault(verb=Verb.PLACE, kind=FaultKind.DROP_REQUEST, number=5),
        Fault(verb=Verb.PLACE, kind=FaultKind.PARTIAL, number=7, share=Decimal("0.4")),
        Fault(verb=Verb.PLACE, kind=FaultKind.GARBLE_ANSWER, number=9),
        Fault(verb=Verb.PLACE, kind=FaultKind.SERVER_FAULT, number=11),
        Fault(verb=Verb.PLACE, kind=FaultKind.DELAY_ANSWER, number=13, delay_ms=8_000),
        Fault(verb=Verb.PLACE, kind=FaultKind.REJECT, number=15, code="restricted"),
        Fault(verb=Verb.PLACE, kind=FaultKind.OVERFILL, number=17, share=Decimal("0.2")),
        Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER, number=19),
        Fault(verb=Verb.PLACE, kind=FaultKind.DROP_REQUEST, number=21),
        Fault(verb=Verb.FIND, kind=FaultKind.DROP_ANSWER, number=3),
        Fault(verb=Verb.FIND, kind=FaultKind.GARBLE_ANSWER, number=6),
        Fault(verb=Verb.FIND, kind=FaultKind.DROP_REQUEST, number=9),
        Fault(verb=Verb.CANCEL, kind=FaultKind.DROP_ANSWER, number=1),
        Fault(verb=Verb.CANCEL, kind=FaultKind.DROP_REQUEST, number=2),
    )
)


def tell(committed: Committed) -> None:
    """Prints what was committed."""
    for event in committed.events:
        sys.stdout.buffer.write(encode_event_json(event) + b"\n")
    sys.stdout.buffer.flush()


def breaker(journal: Path, disk: Disk, tag: str, count: int) -> Callable[[Committed], None]:
    """Returns a listener that breaks the disk of a journal after so many events with a tag."""
    seen = 0

    def listen(committed: Committed) -> None:
        nonlocal seen
        before, seen = seen, seen + sum(name_of(type(event)) == tag for event in committed.events)
        if before < count <= seen:
            break_disk(journal, disk)

    return listen


def killer(count: int) -> Callable[[Committed], None]:
    """Returns a listener that kills this process after so many events."""
    seen = 0

    def listen(committed: Committed) -> None:
        nonlocal seen
        seen += len(committed.events)
        if seen >= count:
            os.kill(os.getpid(), signal.SIGKILL)

    return listen


def main(home: Path, breaks: Sequence[str]) -> int:
    """Runs the engine until its tape ends, as `flatbook run` does."""
    loaded = load(home, environment={})
    desk = compose(loaded, plans={ACCOUNT: PLAN})
    desk.engine.listeners.append(tell)
    if breaks[:1] == [KILLED]:
        desk.engine.listeners.append(killer(int(breaks[1])))
    elif breaks:
        desk.engine.listeners.append(breaker(loaded.journal, Disk(breaks[0]), breaks[1], int(breaks[2])))
    log = open_log(sys.stderr, now=desk.clock.now, stated=loaded.config.log)
    try:
        asyncio.run(serve(desk, loaded, log))
    except EngineFailed as failure:
        log.error("engine_failed", reason=str(failure))
        return 1
    finally:
        desk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
