"""What the answer of `status` says of grids."""

from __future__ import annotations

from flatbook.api.answers.status import HeldGridBody, held_grids_of
from flatbook.events.grid import GridHold
from flatbook.state.desk import State
from flatbook.state.grid import GridMemory
from flatbook.values.ids import InstrumentId, OwnerId


def test_a_grid_that_is_held_is_named_with_its_reason_and_another_is_not() -> None:
    state = State()
    state.notes[OwnerId("maker"), InstrumentId("BTC@x")] = GridMemory(hold=GridHold.NO_PROFIT)
    state.notes[OwnerId("other"), InstrumentId("ETH@x")] = GridMemory()
    assert held_grids_of(state) == (HeldGridBody(owner="maker", instrument="BTC@x", reason="no_profit"),)
