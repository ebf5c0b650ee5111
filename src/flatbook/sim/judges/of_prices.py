"""What an oracle said of fills, against what it held: every digit, and the doubts that follow from it."""

from __future__ import annotations

from flatbook.events import prices
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.exact import ONE, exact
from flatbook.sim.world import record as rec
from flatbook.values.instants import NS_PER_S

UNITS = ONE // 10**8
AGE_S_MAX, CONFIDENCE_BPS_MAX = 60, 50  # what the desk of a world is told of its oracle


def told_truly(court: Court) -> Hearing:
    """A price that is booked beside a fill is the one that the oracle held at the block of that fill."""
    held: dict[tuple[str, str], rec.OracleHeld] = {}

    def holds(entry: rec.OracleHeld) -> None:
        held[entry.symbol, entry.block_hash] = entry

    def said(event: prices.FillPriced) -> None:
        true = held.get((event.underlying, event.key.block_hash))
        if true is None:
            court.find("I16", f"a price of {event.underlying} is booked that the oracle never held", str(event))
            return
        numbers = (exact(event.price), exact(event.confidence), event.published_at // NS_PER_S)
        if numbers != (true.price * UNITS, true.confidence * UNITS, true.published_s):
            court.find("I16", f"the oracle held another price of {event.underlying}", str(event))
        doubts = _doubts(true)
        if [doubt.value for doubt in event.doubts] != doubts:
            court.find("I12", f"a price is doubted as {event.doubts}, and should be as {doubts}", str(event))

    return Hearing(entries={rec.OracleHeld: holds}, events={prices.FillPriced: said})


def _doubts(true: rec.OracleHeld) -> list[str]:
    found = {
        "stale": true.made_s - true.published_s > AGE_S_MAX,
        "wide": true.confidence * 10_000 > abs(true.price) * CONFIDENCE_BPS_MAX,
        "not_positive": true.price <= 0,
    }
    return [doubt for doubt, is_raised in found.items() if is_raised]
