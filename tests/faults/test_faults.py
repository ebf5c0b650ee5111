"""The fault catalogue tells the truth: what is built strikes, what is proven has its tests, no case is left out.

Hypothesis: no statement of the page about where a fault stands can be wrong without a test that fails.
Mechanism: injectors are read from the source of the worlds, tests from the files they stand in.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from flatbook.sim.catalogue.row import AWAITED, Awaited, Awaits, Built, Fault, Level, NotApplicable, Proven
from flatbook.sim.faults import FAULTS, PARTS, eligible
from flatbook.sim.runs.scenario import STRENGTHS
from tests.faults.injectors import injectors, injectors_of
from tools.generate_fault_reference import LISTS, PAGE, ROOT, Case, cases, named_tests, page

ELSE_MUST_HOLD = ("start refused", "spend limit", "key check", "price collar")
NAMED_TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")


@cache
def functions_in(path: str) -> frozenset[str]:
    """Returns the names of the tests in a file; none when there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text()))
    return frozenset(node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def exists(named: str) -> bool:
    """Whether a named test stands where it is said to stand."""
    match = NAMED_TEST.fullmatch(named)
    return match is not None and match[2] in functions_in(match[1])


def wrong_in_row(row: Fault, tests: tuple[str, ...], strikes: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Yields what the standing of a row says that is not so."""
    standing = row.standing
    if isinstance(standing, Built):
        yield from (f"{row.id}: {each} does not strike" for each in standing.injectors if each not in strikes[row.id])
        if not standing.injectors or not row.worlds:
            yield f"{row.id} is built and names no injector, or no world"
    elif row.id in strikes:
        yield f"{row.id} is not called built, and {strikes[row.id]} strike"
    if isinstance(standing, Proven) and not tests:
        yield f"{row.id} is called proven by no test"
    yield from (f"{row.id}: there is no {each}" for each in tests if not exists(each))


def wrong_in_case(name: str, case: Case) -> Iterator[str]:
    """Yields what is said of a case that is not so."""
    if [case.awaits, case.gap, case.not_applicable].count(None) < 2:
        yield f"{name} stands at two places"
    yield from (f"{name}: there is no row {row}" for row in case.rows if row not in FAULTS)
    yield from (f"{name}: there is no {each}" for each in case.tests if not exists(each))
    built = [row for row in case.rows if row in FAULTS and isinstance(FAULTS[row].standing, Built)]
    if case.standing == "covered" and not case.tests and not built:
        yield f"{name} is called covered and nothing shows it"
    if case.not_applicable is not None and (case.tests or case.rows):
        yield f"{name} cannot happen and has evidence"


def test_the_catalogue_has_all_its_rows() -> None:
    letters = Counter(id_[0] for id_ in FAULTS)
    assert letters == Counter(N=12, V=32, W=12, X=20, T=7, P=17, D=8, B=8, K=8, O=10, M=12)
    assert list(FAULTS) == [f"{letter}{number + 1}" for letter, count in letters.items() for number in range(count)]
    assert sum(len(part.rows) for part in PARTS) == len(FAULTS)


def test_every_row_says_what_happens_what_must_hold_and_how_it_is_made() -> None:
    for row in FAULTS.values():
        assert row.what.endswith("."), row.id
        assert row.how.endswith("."), row.id
        assert row.must_hold, row.id
        for held in row.must_hold:
            assert re.fullmatch(r"I(1\d|20|[1-9])", held) or held in ELSE_MUST_HOLD, row.id
        if isinstance(row.standing, NotApplicable):
            assert row.standing.reason, row.id


@pytest.mark.parametrize("part", PARTS, ids=[part.title for part in PARTS])
def test_what_is_called_built_strikes_and_what_is_called_proven_has_its_tests(part: object) -> None:
    strikes, named = injectors(), named_tests()
    rows = next(each.rows for each in PARTS if each is part)
    assert [wrong for row in rows for wrong in wrong_in_row(row, named.get(row.id, ()), strikes)] == []


def test_evidence_is_of_rows_that_exist() -> None:
    assert [row for row in named_tests() if row not in FAULTS] == []


def test_every_fault_that_a_world_draws_is_one_it_can_make() -> None:
    assert [fault for fault in STRENGTHS if fault not in eligible(Level.CORE)] == []


def test_everything_that_is_awaited_is_told() -> None:
    assert list(AWAITED) == list(Awaited)


@pytest.mark.parametrize("prefix", LISTS)
def test_every_collected_case_is_covered_or_says_why_not(prefix: str) -> None:
    assert [wrong for name, case in cases(prefix).items() for wrong in wrong_in_case(name, case)] == []


@pytest.mark.parametrize("prefix", LISTS)
def test_no_collected_case_is_left_out(prefix: str) -> None:
    ids = tomllib.loads(Path(__file__).with_name("case_ids.toml").read_text())[LISTS[prefix]]
    assert sorted(cases(prefix)) == sorted(ids)


def test_the_page_is_the_one_that_the_tool_writes() -> None:
    assert PAGE.read_text() == page(), "run tools/generate_fault_reference.py"


# What these tests would find.

BUILT = Built(injectors=("sim.network.Link.call",))


@pytest.mark.parametrize(
    ("standing", "tests", "strikes", "said"),
    [
        (BUILT, (), {"N1": ("sim.network.Link.other",)}, "N1: sim.network.Link.call does not strike"),
        (Built(injectors=()), (), {"N1": ()}, "N1 is built and names no injector, or no world"),
        (Proven(), (), {}, "N1 is called proven by no test"),
        (Proven(), ("tests/faults/test_faults.py::test_of_nothing",), {}, "N1: there is no tests/faults"),
        (Proven(), ("tests/faults/nowhere.py::test_of_nothing",), {}, "N1: there is no tests/faults"),
        (Awaits(what=Awaited.EVM), (), {"N1": ("x",)}, "N1 is not called built, and ('x',) strike"),
    ],
)
def test_a_row_that_says_too_much_or_too_little_is_found(
    standing: Built | Proven | Awaits, tests: tuple[str, ...], strikes: dict[str, tuple[str, ...]], said: str
) -> None:
    row = Fault(id="N1", what="What.", must_hold=("I1",), how="How.", standing=standing, worlds=(Level.CORE,))
    found = list(wrong_in_row(row, tests, strikes))
    assert [wrong[: len(said)] for wrong in found] == [said]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (Case(what="What."), "O1 is called covered and nothing shows it"),
        (Case(what="What.", rows=("K1",)), "O1 is called covered and nothing shows it"),
        (Case(what="What.", rows=("Z1",), awaits=Awaited.EVM), "O1: there is no row Z1"),
        (Case(what="What.", awaits=Awaited.EVM, gap="open"), "O1 stands at two places"),
        (Case(what="What.", tests=("tests/docs/test_docs.py::test_no",)), "O1: there is no tests/docs"),
        (Case(what="What.", rows=("N1",), not_applicable="why"), "O1 cannot happen and has evidence"),
    ],
)
def test_a_case_that_says_too_much_is_found(case: Case, said: str) -> None:
    assert [wrong[: len(said)] for wrong in wrong_in_case("O1", case)] == [said]


def test_strikes_are_read_from_calls_and_not_from_words() -> None:
    source = """
class Link:
    def call(self):
        if self.injection.hits("N1", self.name) or self._strikes_for("N8", seconds=(1, 2)):
            return "N2"
        self.injection.count("T2" if self.back else "T1", self.name)
        def inner():
            self.injection.size("N3", self.name, 1, 2)
            self.injection.hits(fault, self.name)
"""
    assert injectors_of(source, "sim.link") == {
        "N1": ("sim.link.Link.call",),
        "N8": ("sim.link.Link.call",),
        "T2": ("sim.link.Link.call",),
        "T1": ("sim.link.Link.call",),
    }
