"""What the verbs under `flatbook sim` say of the worlds that they ran."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flatbook.cli.faults import Exit
from flatbook.cli.output import Column, Part, Table, counted, show

if TYPE_CHECKING:
    from flatbook.cli.sim import Work
    from flatbook.services.sim_mutants import Hunt
    from flatbook.sim.catalogue.row import Level
    from flatbook.sim.runs.tally import Red, Tally

SMALLEST_MAX = 3
REASONS_TOLD_MAX = 6
MS_PER_HOUR = 3_600_000
MS_PER_MINUTE = 60_000
US_PER_S = 1_000_000


More = Callable[[Mapping[str, Any]], Iterable[Part]]


class Told(NamedTuple):
    """A tally and what is wanted of it."""

    tally: Tally
    planned: int
    pairs: int
    never: tuple[str, ...]

    @property
    def is_red(self) -> bool:
        """Whether the verb fails."""
        return self.tally.is_red or bool(self.never)

    def end(self, verb: str, work: Work, *, as_json: bool, more: More = lambda _: ()) -> int:
        """Looks for the smallest failing worlds, writes the report, says everything, and returns the exit code."""
        smallest = {} if work.keep is None else kept_smallest(self.tally, work.keep)
        body = self.body(smallest)
        if work.report is not None:
            from flatbook.sim.runs.report import page_of

            work.report.parent.mkdir(parents=True, exist_ok=True)
            work.report.write_text(page_of(body), encoding="utf-8")
        show(verb, body, lambda: (*self.parts(body), *more(body)), as_json=as_json)
        return Exit.ERROR if self.is_red else Exit.OK

    def body(self, smallest: Mapping[str, str]) -> dict[str, Any]:
        """Returns everything as one object."""
        from flatbook import __version__
        from flatbook.sim.runs.reached import EDGES
        from flatbook.sim.runs.scenario import VERSION

        tally = self.tally
        return {
            "red": self.is_red,
            "version": __version__,
            "scenario_version": VERSION,
            "worlds": tally.worlds,
            "planned": self.planned,
            "pairs": self.pairs,
            "red_worlds": tally.red_worlds,
            "reasons": dict(sorted(tally.reasons.items())),
            "events": tally.events,
            "virtual_ms": tally.virtual_ms,
            "cpu_us": tally.cpu_us,
            "worlds_per_cpu_s": US_PER_S * tally.worlds // max(1, tally.cpu_us),
            "virtual_hours_per_cpu_s": US_PER_S * tally.virtual_ms // MS_PER_HOUR // max(1, tally.cpu_us),
            "faults": dict(sorted(tally.faults.items())),
            "never_struck": list(self.never),
            "edges": dict(sorted(tally.edges.items())),
            "edges_missing": [edge for edge in EDGES if edge not in tally.edges],
            "cells": dict(sorted(tally.cells.items())),
            "failures": [_failure(red, smallest.get(red.name)) for red in tally.red],
        }

    def parts(self, body: dict[str, Any]) -> Iterator[Part]:
        """Yields what people read."""
        word = "red" if body["red"] else "green"
        judged = f"{counted(body['worlds'], 'world')} of {body['planned']:,}"
        twice = f", {body['pairs']} of them twice" if body["pairs"] else ""
        never = f", {counted(len(self.never), 'fault')} never struck" if self.never else ""
        yield f"{word}: {judged}{twice}, {body['red_worlds']} red{never}"
        yield (
            f"{_virtual(body['virtual_ms'])}, {body['events']:,} events, "
            f"{sum(body['faults'].values()):,} strikes of {counted(len(body['faults']), 'fault')}; "
            f"{body['worlds_per_cpu_s']} worlds a processor second"
        )
        if self.never:
            yield f"never struck: {', '.join(self.never)}"
        for failure in body["failures"]:
            yield ""
            yield f"{failure['name']}: {failure['replay']}"
            yield from (f"  {line}" for line in failure["told"][:REASONS_TOLD_MAX])
            if failure["smallest"]:
                yield f"  smallest: flatbook sim scenario {failure['smallest']}"
        if body["red_worlds"] > len(body["failures"]):
            yield f"and {body['red_worlds'] - len(body['failures'])} more red worlds"


def told_of(tally: Tally, *, planned: int, pairs: int = 0, covered: Level | None = None) -> Told:
    """Returns what is said of a tally; with `covered`, faults of that level that never struck are against it."""
    return Told(tally, planned, pairs, () if covered is None else never_struck(tally, covered))


def never_struck(tally: Tally, level: Level) -> tuple[str, ...]:
    """Returns the faults that worlds of a level can have and that struck in none."""
    from flatbook.sim.faults import eligible

    return tuple(name for name in eligible(level) if not tally.faults.get(name))


def covered_parts(body: Mapping[str, Any]) -> Iterator[Part]:
    """Yields which faults struck how often, which moves orders made, and how many cells were reached."""
    from flatbook.sim.faults import FAULTS
    from flatbook.sim.runs.reached import STATUSES

    faults = [name for name in FAULTS if name in body["faults"]]
    yield Table(
        "Strikes",
        (Column("fault", "fault"), Column("strikes>", "strikes"), *(Column(f"{each}>", each) for each in STATUSES)),
        [
            {
                "fault": name,
                "strikes": body["faults"][name],
                **{status: body["cells"].get(f"{status}*{name}", 0) for status in STATUSES},
            }
            for name in faults
        ],
    )
    yield f"moves of orders made: {len(body['edges'])}; not made: {', '.join(body['edges_missing']) or 'none'}"
    yield f"cells reached: {len(body['cells'])} of {len(faults) * len(STATUSES)}"


def kept_smallest(tally: Tally, keep: Path) -> dict[str, str]:
    """Writes the smallest worlds of the first failures, and returns their files by the names of the worlds."""
    from flatbook.services.sim_runs import smallest
    from flatbook.sim.runs.scenario import write_scenario

    written = {}
    keep.mkdir(parents=True, exist_ok=True)
    for red in tally.red[:SMALLEST_MAX]:
        path = keep / f"{red.name.replace(' ', '-')}.json"
        path.write_bytes(write_scenario(smallest(red).scenario))
        written[red.name] = str(path)
    return written


def _virtual(ms: int) -> str:
    return f"{ms // MS_PER_HOUR:,} virtual hours" if ms >= 2 * MS_PER_HOUR else f"{ms // MS_PER_MINUTE} virtual minutes"


def _failure(red: Red, smallest: str | None) -> dict[str, Any]:
    return {
        "name": red.name,
        "replay": red.replay,
        "reasons": list(red.outcome.reasons),
        "told": list(red.outcome.told()),
        "trace": red.outcome.trace,
        "smallest": smallest,
    }


def hunted_body(found: Sequence[Hunt]) -> dict[str, Any]:
    """Returns what came of planted bugs, as one object. No bug planted at all is red."""
    planted = [hunt for hunt in found if hunt.room is None]
    return {
        "red": not planted or any(hunt.survived for hunt in planted),
        "planted": len(planted),
        "seen": sum(not hunt.survived for hunt in planted),
        "mutants": [
            {
                "number": hunt.number,
                "name": hunt.name,
                "seen_by": list(hunt.reasons),
                "world": hunt.killer,
                "worlds": hunt.worlds,
                "awaits": hunt.room,
                "red_without": list(hunt.controls_red),
            }
            for hunt in found
        ],
    }


def hunted_parts(body: Mapping[str, Any]) -> Iterator[Part]:
    """Yields what people read of planted bugs."""
    word, waiting = "red" if body["red"] else "green", len(body["mutants"]) - body["planted"]
    yield f"{word}: {body['seen']} of {counted(body['planted'], 'planted bug')} seen, {waiting} await their place"
    yield Table(
        "Planted bugs",
        (
            Column("no>", "number"),
            Column("bug", "name"),
            Column("seen by", lambda record: " ".join(record["seen_by"])),
            Column("world", "world"),
            Column("worlds>", "worlds"),
            Column("awaits", "awaits"),
        ),
        body["mutants"],
    )


def canary_body(told: Told) -> dict[str, Any]:
    """Returns what came of worlds with a known bug, as one object; alive when the run is red for that bug."""
    from flatbook.services.sim_runs import CANARY, CANARY_REASON
    from flatbook.sim.runs.mutants import mutant_of

    tally = told.tally
    return {
        "alive": told.is_red and CANARY_REASON in tally.reasons,
        "bug": mutant_of(CANARY).name,
        "worlds": tally.worlds,
        "red_worlds": tally.red_worlds,
        "reasons": dict(sorted(tally.reasons.items())),
    }


def canary_line(body: Mapping[str, Any]) -> str:
    """Returns what people read of it."""
    seen = f"{body['red_worlds']} of {counted(body['worlds'], 'world')} red, as they must be"
    missed = "the run does not fail although its product is bad: nothing that it says can be trusted"
    return f"{body['bug']}: {seen if body['alive'] else missed}"
