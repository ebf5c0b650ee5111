"""Writes docs/faults.md: the fault catalogue, the cases collected elsewhere, and what shows that each one holds."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from flatbook.sim.catalogue.row import AWAITED, Awaited, Awaits, Built, Fault, NotApplicable, Proven
from flatbook.sim.faults import FAULTS, PARTS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"
EVIDENCE = ROOT / "tests" / "faults"
LISTS = {"te": "tokenized_equities", "grid": "grid_market_making"}
TITLES = {"te": "Cases from making markets in tokenized equities", "grid": "Cases from grid market making"}
STANDINGS = ("built", "proven", "awaits", "not applicable")
OF_CASES = ("covered", "awaits", "gap", "not applicable")

HEAD = """# Faults

Everything that is known to break systems like this one, and where each of it stands here. This page is written by
`tools/generate_fault_reference.py`, from the catalogue in `src/flatbook/sim/faults.py` and the evidence in
`tests/faults`. A test fails when it is stale, when a named test is gone, when a fault is called built that no simulated
world makes, and when a world makes one that is not called built.

- **built**: simulated worlds make the fault, by chance or by plan, and count each strike. The functions are named.
- **proven**: tests with real parts show that what must hold does hold; no world makes the fault by chance yet.
- **awaits**: what it needs is not built. Tests that are named show a part of it.
- **gap**: what is there does not do it. It is known and open.
- **not applicable**: it cannot happen here, for the reason that is stated.

**Worlds** are the kinds of simulated world that can have the fault: core worlds, whose venues stand at the engine's
port, full worlds, whose adapters read and write bytes, and worlds at an exchange, where a grid quotes on bytes.

"""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of one collected case. It is covered when nothing says that it is not."""

    what: str
    rows: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    awaits: Awaited | None = None
    gap: str | None = None
    not_applicable: str | None = None

    @property
    def standing(self) -> str:
        """Where the case stands, in one word."""
        if self.awaits is not None:
            return "awaits"
        if self.gap is not None:
            return "gap"
        return "covered" if self.not_applicable is None else "not applicable"


def named_tests() -> dict[str, tuple[str, ...]]:
    """Returns the tests that are named for the rows of the catalogue."""
    return msgspec.convert(tomllib.loads((EVIDENCE / "rows.toml").read_text()), dict[str, tuple[str, ...]])


def cases(prefix: str) -> dict[str, Case]:
    """Returns what is said of the cases of a list."""
    return msgspec.convert(tomllib.loads((EVIDENCE / f"{LISTS[prefix]}.toml").read_text()), dict[str, Case])


def standing_of(row: Fault) -> str:
    """Returns where a row stands, in one word."""
    match row.standing:
        case Built():
            return "built"
        case Proven():
            return "proven"
        case Awaits():
            return "awaits"
        case NotApplicable():
            return "not applicable"


def page() -> str:
    """Returns the page as it must be now."""
    return HEAD + "\n".join((*_summary(), *_catalogue(), *_cases(), *_awaited())) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"
    yield ""


def _summary() -> Iterator[str]:
    yield "## Where it stands\n"
    counted = [(part.title, Counter(standing_of(row) for row in part.rows)) for part in PARTS]
    counted.append(("All", sum((count for _, count in counted), Counter[str]())))
    yield from _table(("part", "rows", *STANDINGS), (_counts(title, count, STANDINGS) for title, count in counted))
    lists = [(TITLES[prefix], Counter(case.standing for case in cases(prefix).values())) for prefix in LISTS]
    yield from _table(("list", "cases", *OF_CASES), (_counts(title, count, OF_CASES) for title, count in lists))


def _counts(title: str, count: Counter[str], standings: tuple[str, ...]) -> tuple[str, ...]:
    return (title, str(count.total()), *(str(count[standing]) for standing in standings))


def _catalogue() -> Iterator[str]:
    named = named_tests()
    for part in PARTS:
        yield f"## {part.title}\n"
        head = ("id", "what happens", "must hold", "standing", "worlds", "how it is made", "evidence")
        yield from _table(head, (_row(row, named.get(row.id, ())) for row in part.rows))


def _row(row: Fault, tests: tuple[str, ...]) -> tuple[str, ...]:
    held = ", ".join(row.must_hold)
    worlds = ", ".join(level.value for level in row.worlds)
    return (row.id, row.what, held, _standing(row), worlds, row.how, _evidence(row, tests))


def _standing(row: Fault) -> str:
    match row.standing:
        case Awaits(what=what):
            return f"awaits {what.value}"
        case NotApplicable(reason=reason):
            return f"not applicable: {reason}"
        case _:
            return standing_of(row)


def _evidence(row: Fault, tests: tuple[str, ...]) -> str:
    made = row.standing.injectors if isinstance(row.standing, Built) else ()
    return _coded((*made, *tests))


def _coded(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _cases() -> Iterator[str]:
    for prefix, title in TITLES.items():
        yield f"## {title}\n"
        head = ("case", "what happens", "rows", "standing", "evidence")
        yield from _table(head, (_case(f"{prefix}:{name}", case) for name, case in cases(prefix).items()))


def _case(name: str, case: Case) -> tuple[str, ...]:
    said = case.awaits.value if case.awaits is not None else case.gap or case.not_applicable
    standing = {"awaits": f"awaits {said}", "covered": "covered"}.get(case.standing, f"{case.standing}: {said}")
    made = [injector for row in case.rows for injector in _injectors(row)]
    return (name, case.what, " ".join(case.rows), standing, _coded(case.tests or made))


def _injectors(row: str) -> tuple[str, ...]:
    standing = FAULTS[row].standing
    return standing.injectors if isinstance(standing, Built) else ()


def _awaited() -> Iterator[str]:
    yield "## What is awaited\n"
    yield from _table(("name", "is"), ((each.value, said) for each, said in AWAITED.items()))


if __name__ == "__main__":
    PAGE.write_text(page())
