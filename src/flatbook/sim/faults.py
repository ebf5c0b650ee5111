"""The fault catalogue: everything that is known to break systems like this one, and where each of it stands here."""

from __future__ import annotations

from flatbook.sim.catalogue import chains, clocks, network, people, process, storage, streams, venue_calls
from flatbook.sim.catalogue.row import Built, Level, Part

PARTS = (
    Part(title="Network between us and anyone", rows=network.ROWS),
    Part(title="Requests to venues", rows=venue_calls.ROWS),
    Part(title="Streams and order books", rows=streams.ROWS),
    Part(title="Chains, bridges, oracles", rows=chains.ROWS),
    Part(title="Clocks", rows=clocks.ROWS),
    Part(title="Our process", rows=process.ROWS),
    Part(title="Disks, databases, message brokers", rows=storage.ROWS),
    Part(title="Operators and malice", rows=people.ROWS),
)
FAULTS = {row.id: row for part in PARTS for row in part.rows}


def eligible(level: Level) -> tuple[str, ...]:
    """Returns the ids of the faults that worlds of a level can have today, in the order of the catalogue."""
    return tuple(row.id for row in FAULTS.values() if level in row.worlds and isinstance(row.standing, Built))
