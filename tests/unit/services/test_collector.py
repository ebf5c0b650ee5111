"""The collector of an engine's process: what it is told, and when."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from flatbook.engine.run import Committed
from flatbook.events.control import EngineStarted, EngineStopped, Mode
from flatbook.services.collector import spare_loaded_state
from flatbook.values.ids import Epoch, Seq
from tests.desk import OPEN, Setting, desk_of
from tests.lives import Life

STARTED = EngineStarted(epoch=Epoch(1), mode=Mode.PAPER, version="1", config_digest="", started_at=OPEN)
STOPPED = EngineStopped(reason="test", stopped_at=OPEN)


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.unfreeze()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_recovery_loaded_is_not_collected_and_young_objects_are_collected_rarely() -> None:
    engine = Life(desk_of(Setting(), [])).engine
    spare_loaded_state(engine)
    assert gc.get_threshold()[0] == 200_000
    (listener,) = engine.listeners
    listener(Committed(first=Seq(2), at=OPEN, events=(STOPPED,)))
    assert gc.get_freeze_count() == 0
    listener(Committed(first=Seq(1), at=OPEN, events=(STARTED,)))
    assert gc.get_freeze_count() > 0
