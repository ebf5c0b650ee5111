"""Kept states of a world are what its journal tells, from a part of it on, and those of another journal are passed."""

from __future__ import annotations

import random

from flatbook.engine.recover import fold_journal, recover
from flatbook.services.sim_world_states import KEPT_MAX, WorldStates
from flatbook.services.simulated import World
from flatbook.sim.runs.scripted import kept_scenario
from flatbook.sim.world.disk import DiskJournal


def test_what_is_kept_leads_to_the_state_that_the_whole_journal_tells() -> None:
    world = World(kept_scenario("plain_fills"))
    world.run()
    states = WorldStates(world.disk, random.Random(1))
    for _ in range(20):
        states.keep()
    links = [kept.link for kept in states.newest_first()]
    assert len(links) == KEPT_MAX
    whole = fold_journal(DiskJournal(world.disk))
    assert all(0 < link.last <= whole.seq for link in links)
    assert recover(DiskJournal(world.disk), states) == whole
    world.close()


def test_what_is_ahead_of_the_journal_is_passed_over() -> None:
    world = World(kept_scenario("plain_fills"))
    world.run()
    states = WorldStates(world.disk, random.Random(1))
    for _ in range(20):
        states.keep()
    world.disk.truncate(len(world.disk.content()) // 3)
    assert recover(DiskJournal(world.disk), states) == fold_journal(DiskJournal(world.disk))
    world.close()
