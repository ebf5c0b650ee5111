"""An engine process over a home, with a broker that goes wrong as scripted: `python -m tests.infra.child HOME`.

It prints each committed event as one line of JSON.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from pathlib import Path

from flatbook.engine.run import Committed, EngineFailed
from flatbook.events.codec import encode_event_json
from flatbook.ops.config import load
from flatbook.ops.telemetry import open_log
from flatbook.services.all_in_one import serve
from flatbook.services.desk import compose
from flatbook.sim.broker_wire import Verb
from flatbook.sim.faults import Fault, FaultKind, FaultPlan

ACCOUNT = "paper"
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


def main(home: Path) -> int:
    """Runs the engine until its tape ends, as `flatbook run` does."""
    loaded = load(home, environment={})
    desk = compose(loaded, plans={ACCOUNT: PLAN})
    desk.engine.listeners.append(tell)
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
    sys.exit(main(Path(sys.argv[1])))
