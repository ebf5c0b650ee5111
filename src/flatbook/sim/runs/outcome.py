"""What came of one simulated world: what judges found, what broke, and what was reached on the way."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from flatbook.sim.judges.verdict import Violation

FAILURE = "failure"


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of a world that ran to its end, or of one that could not.

    Units: milliseconds of the world, microseconds of processor time. `failures` are no verdicts: the world, an injector
    or its process broke, and so it proves nothing. `faults`, `edges` and `cells` count: strikes of each fault, moves
    of orders (`status>move`), and strikes by the status of an order that was open (`status*fault`).
    """

    trace: str = ""
    violations: tuple[Violation, ...] = ()
    failures: tuple[str, ...] = ()
    faults: dict[str, int] = {}
    edges: dict[str, int] = {}
    cells: dict[str, int] = {}
    events: int = 0
    virtual_ms: int = 0
    cpu_us: int = 0

    @property
    def is_red(self) -> bool:
        """Whether anything speaks against the world. A world without a trace did not run."""
        return bool(self.violations or self.failures) or not self.trace

    @property
    def reasons(self) -> tuple[str, ...]:
        """The invariants that did not hold, each once, and `failure` where something broke; none in a green world."""
        broken = (FAILURE,) if self.failures or not self.trace else ()
        return tuple(dict.fromkeys([*(each.invariant for each in self.violations), *broken]))

    def told(self) -> Iterator[str]:
        """Yields what speaks against the world, a line each."""
        yield from self.failures
        for each in self.violations:
            evidence = f" ({each.evidence})" if each.evidence else ""
            yield f"{each.invariant}: {each.what}{evidence}"
        if not self.trace and not self.failures:
            yield "the world did not run to its end"
