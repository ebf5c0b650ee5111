"""The same events in pyeventsourcing: append, reading its log, and rebuilding its aggregates. Run by bench_peers.

Runs in the environment of the peers, with the sources of flatbook on its path for the events. What a hedge leaves is
an aggregate of the peer's: twelve hedges each, four events a hedge, with the fields of ours and a light fold.
"""

# ruff: noqa: ARG002, PLR0913, PLR0917 - the peer takes the fields of an event as arguments
from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.workload import EVENTS_PER_CYCLE, accepted_of, fill_at, filled_of, intent_of

HEDGES_PER_AGGREGATE = 12
PAGE = 1_000


class Hedged(Aggregate):
    """What a desk holds after some hedges."""

    @event("Opened")
    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.net = Decimal(0)
        self.cash = Decimal(0)
        self.working = 0

    @event("VaultFilled")
    def fill(
        self,
        chain: int,
        tx: str,
        log_index: int,
        block: int,
        block_hash: str,
        owner: str,
        account: str,
        instrument: str,
        underlying: str,
        token: str,
        side: str,
        token_amount: Decimal,
        usdc_amount: Decimal,
        usdc: str,
        ratio: Decimal,
        shares: Decimal,
        price: Decimal,
        kind: str,
        happened_at: int,
        seen_at: int,
    ) -> None:
        """Books an onchain fill."""
        self.net += shares if side == "buy" else -shares

    @event("OrderIntended")
    def intend(
        self,
        order_id: str,
        owner: str,
        account: str,
        instrument: str,
        underlying: str,
        side: str,
        qty: Decimal,
        limit: Decimal,
        contract_size: Decimal,
        reduce_only: bool,
        style: str,
        product: str,
        because: str,
        evidence: dict[str, str],
        decided_at: int,
        good_until: int,
    ) -> None:
        """Books an intent."""
        self.working += 1

    @event("OrderAccepted")
    def accept(self, order_id: str, venue_order_id: str, happened_at: int, seen_at: int) -> None:
        """Books an acceptance."""

    @event("OrderFilled")
    def execute(
        self,
        order_id: str,
        owner: str,
        account: str,
        instrument: str,
        underlying: str,
        execution_id: str,
        side: str,
        qty: Decimal,
        price: Decimal,
        quote: str,
        contract_size: Decimal,
        product: str,
        fee_asset: str,
        fee: Decimal,
        happened_at: int,
        seen_at: int,
    ) -> None:
        """Books an execution."""
        self.working -= 1
        self.net += qty if side == "buy" else -qty
        self.cash -= qty * price


def plain(thing: Any) -> dict[str, Any]:
    """Returns the fields of an event that say something by name, words as text."""
    fields = {name: getattr(thing, name) for name in thing.__struct_fields__}
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in fields.items() if value is not None
    }


def trigger(hedged: Hedged, number: int) -> tuple[Callable[[], None], ...]:
    """Returns the four events of a hedge, each ready to be triggered."""
    filled = fill_at(number)
    intent = intent_of(filled)
    seen = plain(filled)
    key = seen.pop("key")
    executed = plain(filled_of(intent, number))
    (fee,) = executed.pop("fees")
    return (
        lambda: hedged.fill(**plain(key), **seen),
        lambda: hedged.intend(**plain(intent)),
        lambda: hedged.accept(**plain(accepted_of(intent, number))),
        lambda: hedged.execute(**executed, fee_asset=fee.asset, fee=fee.amount),
    )


def application(path: Path) -> Application[Any]:
    """Returns an application over a new SQLite file."""
    return Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})


def log_rate(app: Application[Any]) -> tuple[float, int]:
    """Returns the events per second of CPU that are read from the log through the mapper, and how many there are."""
    begun, read, start = time.process_time(), 0, 1
    while page := app.recorder.select_notifications(start, PAGE):
        for notification in page:
            app.mapper.to_domain_event(notification)
            read += 1
        start = page[-1].id + 1
    return read / (time.process_time() - begun), read


class Saves:
    """Times the saves of an application, in seconds of the wall and of CPU."""

    def __init__(self, app: Application[Any]) -> None:
        self._app = app
        self.wall = self.cpu = 0.0

    def save(self, hedged: Hedged) -> None:
        """Saves the events that were triggered since the last save."""
        wall, cpu = time.perf_counter(), time.process_time()
        self._app.save(hedged)
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


def grouped(place: Path, hedges: int) -> tuple[Application[Any], list[Any], Saves]:
    """Returns an application with as many hedges, an aggregate a save, and the ids of its aggregates."""
    app, ids = application(place / "log.db"), []
    saves = Saves(app)
    for first in range(0, hedges, HEDGES_PER_AGGREGATE):
        hedged = Hedged("desk")
        ids.append(hedged.id)
        for number in range(first, min(hedges, first + HEDGES_PER_AGGREGATE)):
            for booked in trigger(hedged, number):
                booked()
        saves.save(hedged)
    return app, ids, saves


def singles(place: Path, hedges: int) -> Saves:
    """Saves as many hedges, one event a save."""
    saves, hedged = Saves(application(place / "singles.db")), Hedged("desk")
    for number in range(hedges):
        for booked in trigger(hedged, number):
            booked()
            saves.save(hedged)
    return saves


def main() -> None:
    """Prints one JSON object of rates, in events per second."""
    place, hedges, single_hedges = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    app, ids, groups = grouped(place, hedges)
    log, events = log_rate(app)
    begun = time.process_time()
    for each in ids:
        app.repository.get(each)
    rates = {"log": log, "state": events / (time.process_time() - begun), "group": events / groups.wall}
    one = singles(place, single_hedges)
    count = 1 + EVENTS_PER_CYCLE * single_hedges
    print(json.dumps(rates | {"single": count / one.wall, "single_cpu": count / one.cpu}))


if __name__ == "__main__":
    main()
