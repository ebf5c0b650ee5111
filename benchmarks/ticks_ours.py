"""One run of ours over the peers' tape, in a process of its own: python -m benchmarks.ticks_ours MODE SCALE [JOURNAL].

MODE is `wakes` or `each`. JOURNAL is a file, memory without one. One JSON line says what the run took of the CPU,
loading and compiling left out, and what came of it; `start_s` is what the process took until its first events were
past.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.peer_seat import seat_of, terms_of
from benchmarks.peer_tape import PERP, SPOT, peer_columns
from flatbook.backtest.run import Plan, compiled_market, drive, run
from flatbook.backtest.tape import Columns, MemoryTape, TapeHead, covers_of
from flatbook.backtest.tape_file import FileTape
from flatbook.events.orders import OrderFilled, OrderIntended
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.sqlite_whole import whole_journal

WARM_ROWS = 2_000


def tape_of(columns: Columns) -> MemoryTape:
    """Returns rows of the peers' tape as a tape."""
    return MemoryTape(TapeHead(instruments=(PERP, SPOT), covers=covers_of(columns), rows=columns.rows), columns)


def peak_mb() -> float:
    """Returns the most memory that this program ever held; what its parent held before it began is left out."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def told_of(journal: Any) -> dict[str, Any]:
    """Returns how many orders and executions a journal holds, and what is held of each instrument."""
    orders = fills = events = 0
    held: dict[str, Decimal] = {}
    for row in journal.read():
        events += len(row.events)
        for event in row.events:
            orders += isinstance(event, OrderIntended)
            if isinstance(event, OrderFilled):
                fills += 1
                held[event.instrument] = held.get(event.instrument, Decimal(0)) + event.side.sign * event.qty
    return {"orders": orders, "fills": fills, "journal": events, "held": {key: str(qty) for key, qty in held.items()}}


def measured(mode: str, tape: Any, journal: Any) -> dict[str, Any]:
    """Runs the tape once and returns what it took."""
    seats, terms = (seat_of(tape),), terms_of()
    market = compiled_market(tape, seats, terms)
    if mode == "each":
        market.ask_each()
    begun, begun_wall = time.process_time(), time.perf_counter()
    done = drive(market, Plan(tape, seats, terms), journal)
    took = {"cpu_s": time.process_time() - begun, "wall_s": time.perf_counter() - begun_wall, "rows": done.rows}
    return {**took, "peak_mb": peak_mb(), "stops": sum(done.counts.values())}


def main() -> None:
    """Runs once to have all compiled, and once more to be measured."""
    mode, source, *place = sys.argv[1:]
    begun = time.process_time()
    tape: Any
    if Path(source).suffix == ".parquet":
        tape = FileTape(Path(source))
        warm = tape_of(next(iter(tape.chunks())).cut(0, WARM_ROWS))
    else:
        columns = peer_columns(float(source))
        tape, warm = tape_of(columns), tape_of(columns.cut(0, WARM_ROWS))
    loaded = time.process_time()
    run(warm, (seat_of(warm),), terms_of(), MemoryJournal())
    started = time.process_time()
    ready = {"load_s": loaded - begun, "compile_s": started - loaded, "start_s": started}
    if not place:
        journal = MemoryJournal()
        print(json.dumps({**measured(mode, tape, journal), **ready, **told_of(journal)}))
        return
    with whole_journal(Path(place[0])) as kept:
        print(json.dumps({**measured(mode, tape, kept), **ready, **told_of(kept)}))


if __name__ == "__main__":
    main()
