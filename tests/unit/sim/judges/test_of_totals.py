"""The judge of running totals can go red, over what was booked too much and over what is missing."""

from __future__ import annotations

import msgspec

from flatbook.services.simulated import World, run_world
from flatbook.sim.judges.table import judge
from flatbook.sim.runs.expected import expectation_of
from flatbook.sim.runs.scenario import draw_scenario, stating_totals
from flatbook.sim.world.record import Executed, Record

TOTALS = stating_totals(draw_scenario("3"))


def violations(world: World, record: Record) -> list[str]:
    found = judge(record, expectation_of(world.scenario)).violations
    return [each.what for each in found if each.invariant == "I3"]


def test_a_world_of_totals_is_green_and_red_when_an_execution_never_happened() -> None:
    world = run_world(TOTALS)
    assert violations(world, world.record) == []
    executed = next(entry for entry in world.record.entries if isinstance(entry, Executed))
    without = Record()
    for entry in world.record.entries:
        if entry is not executed:
            without.add(entry)
    assert "shares of" in violations(world, without)[0]


def test_a_world_of_totals_is_red_when_more_was_executed_than_is_booked() -> None:
    world = run_world(TOTALS)
    more = Record()
    for entry in world.record.entries:
        more.add(entry)
        if isinstance(entry, Executed):
            more.add(msgspec.structs.replace(entry, execution_id=f"{entry.execution_id} again"))
    assert "shares for" in violations(world, more)[0]
