"""A grid as a whole: what it holds and earned, what was turned down, and why it opens nothing."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from flatbook.api.answers.grids import GridBody, grids_answer
from flatbook.api.answers.moment import AsOf
from flatbook.events.grid import GridHold, GridLocked, GridStopped, RangeEnd
from flatbook.ops.config import load
from flatbook.ops.config_shape import Config
from flatbook.services.demo_home import add_grid, make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape
from flatbook.state.desk import State
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import instant_of_text
from tests.unit.services.test_grid_plans import grid_scene

AT = instant_of_text("2026-03-02T12:00:00Z")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Gives a configuration with one grid."""
    home = tmp_path_factory.mktemp("grids") / "home"
    make_home(home, load_demo_tape())
    add_grid(home)
    return load(home, environment={}).config


def grids(state: State, config: Config) -> dict[str, GridBody]:
    """Returns the grids of a state by their instrument."""
    return {each.instrument: each for each in grids_answer(state, AsOf(seq=1, at=None), config).grids}


def test_a_grid_that_has_not_begun_is_there_with_its_range(config: Config) -> None:
    (told,) = grids(State(), config).values()
    assert (told.begun, told.qty, told.cycles, told.average, told.stop) == (False, "0", 0, None, None)
    assert (told.owner, told.mode) == ("maker", "long")


def test_a_grid_sums_up_its_slots(config: Config) -> None:
    scene = grid_scene()
    scene.begin()
    first = scene.intents()[0].order_id
    scene.accept(first)
    scene.fill(first, "0.1")
    told = grids(scene.state, config)["BTC/USDT"]
    slot = next(each for each in grids_answer(scene.state, AsOf(seq=1, at=None), config).slots if each.qty != "0")
    assert (told.begun, told.qty, told.cost, told.older) == (True, "0.1", slot.cost, "0")
    assert (told.entries_open + told.exits_open, told.rejects) == (len(scene.state.open_orders), 0)


def test_why_a_grid_opens_nothing_is_told(config: Config) -> None:
    (owner, grids_of_owner), *_ = config.grid.items()
    ((name, section), *_) = grids_of_owner.items()
    key, state = (OwnerId(owner), InstrumentId(name)), State()
    locked = GridLocked(owner=key[0], instrument=key[1], short=True, times=2, until=AT, decided_at=AT)
    stopped = GridStopped(owner=key[0], instrument=key[1], end=RangeEnd.LOW, low=None, high=None, decided_at=AT)
    scene = grid_scene()
    scene.begin()
    memory = next(iter(scene.state.notes.values()))
    state.notes[key] = replace(memory, hold=GridHold.STOPPED, lock=locked, stop=stopped)
    told = grids(state, config)[name]
    assert told.hold == "stopped"
    assert told.lock is not None
    assert (told.lock.until, told.lock.times, told.lock.short) == ("2026-03-02T12:00:00Z", 2, True)
    assert told.stop is not None
    assert (told.stop.end, told.stop.at) == ("low", "2026-03-02T12:00:00Z")
    assert told.stop.resumes is (section.low is not None or section.high is not None)
