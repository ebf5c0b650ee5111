"""Worlds on bytes price their fills by an oracle that is old, wrong, uncertain or silent at times."""

from __future__ import annotations

from flatbook.events.chain import VaultFilled
from flatbook.events.event import Event
from flatbook.events.prices import FillPriced
from flatbook.services.simulated import run_world
from flatbook.sim.runs.scenario import deepened, draw_scenario
from flatbook.sim.world.record import Appended

SEEDS = range(8)


def test_fills_of_worlds_are_priced_most_of_the_time_and_every_doubt_comes_up() -> None:
    events: list[Event] = []
    for seed in SEEDS:
        world = run_world(deepened(draw_scenario(str(seed))))
        rows = [entry for entry in world.record.entries if isinstance(entry, Appended)]
        events += [event for row in rows for event in row.events]
    fills = [event for event in events if isinstance(event, VaultFilled)]
    priced = [event for event in events if isinstance(event, FillPriced)]
    assert 2 * len(priced) > len(fills)
    doubts = [doubt.value for event in priced for doubt in event.doubts]
    assert sorted(dict.fromkeys(doubts)) == ["not_positive", "stale", "wide"]
    assert sorted({event.source.value for event in priced}) == ["trace", "view"]
