"""Sums over worlds: nothing that failed is ever counted as a success."""

from __future__ import annotations

from flatbook.sim.judges.verdict import Violation
from flatbook.sim.runs.outcome import Outcome
from flatbook.sim.runs.scenario import draw_scenario
from flatbook.sim.runs.tally import RED_KEPT_MAX, Tally
from flatbook.values.instants import Instant

SCENARIO = draw_scenario("1")
GREEN = Outcome(trace="ab", faults={"N1": 2}, edges={"intended>accepted": 1}, virtual_ms=150_000, events=9)
LOST = Violation(invariant="I3", at=Instant(5), what="execution x1 is not booked", evidence="")


def tally_of(*outcomes: Outcome) -> Tally:
    tally = Tally()
    for number, outcome in enumerate(outcomes):
        tally.add(f"seed {number}", f"flatbook sim seed {number}", SCENARIO, outcome)
    return tally


def test_green_worlds_add_up() -> None:
    tally = tally_of(GREEN, GREEN)
    assert (tally.worlds, tally.is_red, tally.events, tally.virtual_ms) == (2, False, 18, 300_000)
    assert (tally.faults, tally.edges) == ({"N1": 4}, {"intended>accepted": 2})


def test_a_violation_a_failure_and_a_world_that_did_not_end_are_red() -> None:
    tally = tally_of(GREEN, Outcome(trace="ab", violations=(LOST, LOST)), Outcome(failures=("broke",)), Outcome())
    assert (tally.is_red, tally.red_worlds, tally.reasons) == (True, 3, {"I3": 1, "failure": 2})
    assert [next(iter(red.outcome.told())) for red in tally.red] == [
        "I3: execution x1 is not booked",
        "broke",
        "the world did not run to its end",
    ]


def test_no_world_at_all_is_red() -> None:
    assert tally_of().is_red


def test_red_worlds_beyond_the_bound_are_counted_and_not_kept() -> None:
    tally = tally_of(*(Outcome() for _ in range(RED_KEPT_MAX + 3)))
    assert (tally.red_worlds, len(tally.red)) == (23, 20)
