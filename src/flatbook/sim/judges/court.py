"""One pass over a record: truth and the journal's tale are added up once, and every judge hears what it asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from flatbook.events.event import Event
from flatbook.sim.judges.expectation import Expectation
from flatbook.sim.judges.results import Results, SeatResults
from flatbook.sim.judges.told import Told
from flatbook.sim.judges.truth import Truth
from flatbook.sim.judges.verdict import Figures, Violation
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant

VIOLATIONS_PER_INVARIANT_MAX = 20
EVIDENCE_TEXT_MAX = 400

Hear = Callable[[Any], None]


def _nothing() -> None:
    return None


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """What one judge wants to hear: entries and events by their class, and the end of the world.

    A judge that hears `Appended` hears the row before its events.
    """

    entries: Mapping[type[rec.Entry], Hear] = {}
    events: Mapping[type[Event], Hear] = {}
    every_event: Hear | None = None
    end: Callable[[], None] = _nothing


class Court:
    """What judges share: the expectation, truth and tale up to now, the product's results, and where they report."""

    def __init__(self, expects: Expectation, results: Results | SeatResults | None = None) -> None:
        self.expects, self.results = expects, results
        self.told = Told()
        self.truth = Truth(expects, self.told.owner_of)
        self.at = Instant(0)
        self.row: rec.Appended | None = None
        self.seq = 0
        self.violations: list[Violation] = []
        self.left_off = 0
        self._counts: dict[str, int] = {}
        self.above: list[int] = []
        self.unknown: list[int] = []
        self.hedged: list[int] = []

    def find(self, invariant: str, what: str, evidence: str = "") -> None:
        """Reports a violation; beyond a bound for each invariant they are only counted."""
        count = self._counts[invariant] = self._counts.get(invariant, 0) + 1
        if count > VIOLATIONS_PER_INVARIANT_MAX:
            self.left_off += 1
            return
        self.violations.append(
            Violation(invariant=invariant, at=self.at, what=what, evidence=evidence[:EVIDENCE_TEXT_MAX])
        )

    def figures(self) -> Figures:
        """Returns the figures gathered so far."""
        return Figures(above=tuple(self.above), unknown=tuple(self.unknown), hedged=tuple(self.hedged))

    def hear(self, entries: list[rec.Entry], hearings: tuple[Hearing, ...]) -> None:
        """Plays a record to the judges."""
        on_entry, on_event, every = _tables(self, hearings)
        told = self.told
        for entry in entries:
            self.at = entry.at
            for hear in on_entry.get(type(entry), ()):
                hear(entry)
            if not isinstance(entry, rec.Appended):
                continue
            self.row, self.seq = entry, entry.first
            told.at, told.row_first = entry.at, entry.first
            for event in entry.events:
                for hear in every:
                    hear(event)
                for hear in on_event.get(type(event), ()):
                    hear(event)
                self.seq += 1
        for hearing in hearings:
            hearing.end()


def _tables(
    court: Court, hearings: tuple[Hearing, ...]
) -> tuple[dict[type[rec.Entry], list[Hear]], dict[type[Event], list[Hear]], list[Hear]]:
    """Returns who hears what; the sums come before every judge."""
    on_entry: dict[type[rec.Entry], list[Hear]] = {kind: [hear] for kind, hear in court.truth.hears.items()}
    on_event: dict[type[Event], list[Hear]] = {kind: [hear] for kind, hear in court.told.hears.items()}
    for hearing in hearings:
        for entry_class, hear in hearing.entries.items():
            on_entry.setdefault(entry_class, []).append(hear)
        for event_class, hear in hearing.events.items():
            on_event.setdefault(event_class, []).append(hear)
    return on_entry, on_event, [hearing.every_event for hearing in hearings if hearing.every_event is not None]
