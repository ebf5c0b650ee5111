"""What a world reached is counted from its record."""

from __future__ import annotations

from flatbook.services.simulated import run_world
from flatbook.sim.runs.reached import EDGES, STATUSES, reached_in
from flatbook.sim.runs.scripted import kept_scenario
from flatbook.sim.world.record import Injected, Record
from flatbook.values.instants import Instant


def test_a_strike_without_an_order_is_a_cell_of_its_own() -> None:
    record = Record()
    record.add(Injected(at=Instant(1), fault="N1", where="alpha"))
    reached = reached_in(record)
    assert (reached.faults, reached.cells) == ({"N1": 1}, {"no_order*N1": 1})


def test_a_noisy_world_reaches_orders_in_several_statuses() -> None:
    reached = reached_in(run_world(kept_scenario("noisy_venue")).record)
    assert {"submitted>unknown", "intended>unknown"} & set(reached.edges)
    assert set(reached.edges) <= set(EDGES)
    assert {cell.partition("*")[0] for cell in reached.cells} <= set(STATUSES)
    assert any(cell.startswith("unknown*") for cell in reached.cells)
    assert sum(reached.faults.values()) > 0
