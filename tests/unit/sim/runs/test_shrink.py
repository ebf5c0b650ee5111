"""A failing world is made smaller until nothing more can be left out."""

from __future__ import annotations

from msgspec.structs import replace

from flatbook.sim.runs.planned import PlannedHalt
from flatbook.sim.runs.scenario import Scenario, draw_scenario
from flatbook.sim.runs.shrink import shrink

LOUD = replace(
    draw_scenario("shrink"),
    strengths={"N1": 500, "N2": 500, "V1": 4_000, "W1": 5_000},
    halts=(PlannedHalt(at_ms=20_000, verb="halt", times=1, lift_after_ms=5_000),),
)
FIRST = LOUD.fills[0]


def fails(scenario: Scenario) -> bool:
    """A world fails when its first fill meets a lost answer."""
    return "N2" in scenario.strengths and FIRST in scenario.fills


def test_what_the_failure_does_not_need_is_left_out() -> None:
    shrunk = shrink(LOUD, fails)
    assert (shrunk.scenario.strengths, shrunk.scenario.fills) == ({"N2": 500}, (FIRST,))
    assert (shrunk.scenario.halts, shrunk.scenario.reorgs, shrunk.scenario.crashes) == ((), (), ())
    assert shrunk.scenario.safety_ms == 10_000
    assert shrunk.is_smallest


def test_chance_stays_that_of_the_seed() -> None:
    assert shrink(LOUD, fails).scenario.seed == "shrink"


def test_a_search_ends_at_its_bound_with_a_world_that_still_fails() -> None:
    shrunk = shrink(LOUD, fails, runs_max=5)
    assert (shrunk.runs, shrunk.is_smallest, fails(shrunk.scenario)) == (5, False, True)


def test_a_world_of_two_symbols_becomes_one_of_the_symbol_that_fails() -> None:
    both = replace(
        LOUD, shape=replace(LOUD.shape, symbols=("COIN", "NVDA")), fills=(FIRST, replace(FIRST, symbol="NVDA"))
    )
    assert shrink(both, fails).scenario.shape.symbols == (FIRST.symbol,)
