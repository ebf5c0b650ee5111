"""Cuts scripted worlds around every append and every send, starts the desk again, and compares with the uncut run.

Hypothesis: whatever survives a cut (journal, venue, chain) is enough to end in the same truth.
Mechanism: intents are durable before they are sent; unknown orders are asked for by id, never sent blindly.
Premise: each cut really happens, and at least one of them falls between a send and its answer.
"""

from __future__ import annotations

import pytest

from flatbook.services.sim_crash import cuts_of
from flatbook.services.sim_worker import Bench
from flatbook.services.simulated import run_world
from flatbook.sim.runs.scripted import kept_scenario
from flatbook.sim.world.process import Cut
from flatbook.sim.world.record import LifeEnded, OrderTaken

# `make sim-ci` cuts every scripted world; these two hold most of what can differ.
NAMES = ("plain_fills", "noisy_venue")


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_anywhere_ends_in_the_same_truth(name: str) -> None:
    bench, jobs = Bench(), list(cuts_of(name, kept_scenario(name)))
    red = {job.name: list(outcome.told()) for job in jobs if (outcome := bench.run(job)).is_red}
    assert red == {}
    assert len(jobs) > 60


def test_some_cuts_leave_an_order_that_arrives_after_its_process_has_died() -> None:
    arrived = 0
    for job in cuts_of("plain_fills", kept_scenario("plain_fills")):
        point = job.scenario.crashes[0].point
        if point is None or point.cut is not Cut.AFTER_SEND:
            continue
        world = run_world(job.scenario)
        died = next(entry.at for entry in world.record.entries if isinstance(entry, LifeEnded))
        began = world.lives[1].number
        assert (began, [life.scissors.is_cut for life in world.lives]) == (2, [True, False])
        taken = [entry.at for entry in world.record.entries if isinstance(entry, OrderTaken)]
        arrived += any(died < at < died + 100_000_000 for at in taken)
    assert arrived >= 3
