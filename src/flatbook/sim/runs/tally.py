"""What many worlds came to: sums that do not grow with their number, and the first of those that are red."""

from __future__ import annotations

import msgspec

from flatbook.sim.runs.outcome import Outcome
from flatbook.sim.runs.reached import count
from flatbook.sim.runs.scenario import Scenario

RED_KEPT_MAX = 20


class Red(msgspec.Struct, frozen=True, kw_only=True):
    """A world that something speaks against, and how it is run again."""

    name: str
    replay: str
    scenario: Scenario
    outcome: Outcome


class Tally:
    """Sums over worlds. `reasons` counts red worlds by invariant, `red` keeps the first RED_KEPT_MAX of them.

    Units: milliseconds of worlds, microseconds of processor time.
    """

    def __init__(self) -> None:
        self.worlds = 0
        self.red_worlds = 0
        self.events = 0
        self.virtual_ms = 0
        self.cpu_us = 0
        self.faults: dict[str, int] = {}
        self.edges: dict[str, int] = {}
        self.cells: dict[str, int] = {}
        self.reasons: dict[str, int] = {}
        self.red: list[Red] = []

    @property
    def is_red(self) -> bool:
        """Whether anything speaks against any world. No world at all proves nothing, and is red too."""
        return self.red_worlds > 0 or self.worlds == 0

    def add(self, name: str, replay: str, scenario: Scenario, outcome: Outcome) -> None:
        """Adds a world."""
        self.worlds += 1
        self.events += outcome.events
        self.virtual_ms += outcome.virtual_ms
        self.cpu_us += outcome.cpu_us
        for sums, counts in (
            (self.faults, outcome.faults),
            (self.edges, outcome.edges),
            (self.cells, outcome.cells),
            (self.reasons, dict.fromkeys(outcome.reasons, 1)),
        ):
            for key, number in counts.items():
                count(sums, key, number)
        if outcome.is_red:
            self.red_worlds += 1
            if len(self.red) < RED_KEPT_MAX:
                self.red.append(Red(name=name, replay=replay, scenario=scenario, outcome=outcome))
