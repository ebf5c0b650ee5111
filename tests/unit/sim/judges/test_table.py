"""The table of judges, its bounds, and its page."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from flatbook.sim.judges.exact import exact, product, shown
from flatbook.sim.judges.table import JUDGES, LATER, ONE_RUN, TWO_RUNS, predicate_of
from tests.unit.sim.judges.story import EXPECTS, before_end, executed, judged, replaced, requested

ROOM = Path(__file__).parents[4] / "src" / "flatbook" / "sim" / "judges"
PAGE = Path(__file__).parents[4] / "docs" / "simulator.md"


def test_each_of_the_twenty_five_invariants_has_a_judge_or_names_its_room() -> None:
    assert sorted(JUDGES, key=lambda name: int(name[1:])) == [f"I{number}" for number in range(1, 26)]
    assert len(ONE_RUN) + len(TWO_RUNS) + len(LATER) == 25


@pytest.mark.parametrize("invariant", sorted(JUDGES))
def test_the_page_of_the_simulator_states_each_predicate_as_its_judge_does(invariant: str) -> None:
    later = LATER.get(invariant)
    what = predicate_of(invariant) if later is None else f"Not yet, waits for {later.room}: {later.predicate}"
    assert f"| {invariant} | {what} |" in PAGE.read_text().splitlines()


def test_a_world_that_breaks_one_invariant_over_and_over_is_told_a_bounded_number_of_times() -> None:
    many = [requested(10, 11, client_id=None) for _ in range(25)]
    verdict = judged(before_end(*many), replaced(EXPECTS, sends_per_order_max=None))
    assert (len(verdict.violations), verdict.left_off) == (20, 5)


def test_a_violation_says_when_and_shows_what() -> None:
    found = next(
        each for each in judged(before_end(executed(20, execution_id="x2"))).violations if each.invariant == "I3"
    )
    assert (found.invariant, found.what) == ("I3", "execution x2 at alpha is not booked")
    assert "execution_id='x2'" in found.evidence


def test_judges_import_nothing_of_what_they_judge() -> None:
    allowed = re.compile(
        r"(__future__|bisect|collections|decimal|enum|fractions|typing|msgspec"
        r"|flatbook\.events|flatbook\.sim\.(judges|world\.record)|flatbook\.values\.(ids|instants|instruments))\b"
    )
    strange = [
        f"{path.name}: {name}"
        for path in sorted(ROOM.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
        if name not in ("flatbook.sim", "flatbook.sim.world") and not allowed.match(name)
    ]
    assert strange == []


def test_two_verdicts_on_one_record_are_the_same() -> None:
    story = before_end(executed(20, execution_id="x2"), requested(10, 11))
    assert judged(story) == judged(story)


@pytest.mark.parametrize(
    ("value", "text"), [("1.5", "1.5"), ("-0.000000000000000001", "-0.000000000000000001"), ("1E+20", "1" + "0" * 20)]
)
def test_numbers_are_shown_exactly(value: str, text: str) -> None:
    assert shown(exact(Decimal(value))) == text


def test_a_number_below_the_unit_stays_exact() -> None:
    assert exact(Decimal("1E-37")) == Fraction(1, 10)
    assert product(exact(Decimal("1E-20")), exact(Decimal("1E-20"))) == Fraction(1, 10_000)
    assert shown(Fraction(1, 10)) == "1/10e-36"
