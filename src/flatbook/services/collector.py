"""The garbage collector of an engine's process: it looks rarely, and never again at what recovery loaded."""

from __future__ import annotations

import gc

from flatbook.engine.run import Committed, Engine
from flatbook.events.control import EngineStarted

YOUNG_OBJECTS_MAX = 200_000


def spare_loaded_state(engine: Engine) -> None:
    """Lets this process collect once per `YOUNG_OBJECTS_MAX` new objects, and not what stands when the engine starts.

    The state lives as long as the process: to search it for garbage again and again would only hold up the loop.
    """
    gc.set_threshold(YOUNG_OBJECTS_MAX)
    engine.listeners.append(_freeze_at_start)


def _freeze_at_start(committed: Committed) -> None:
    """Takes all objects out of the collector's sight with the first commit, which follows recovery."""
    if any(isinstance(event, EngineStarted) for event in committed.events):
        gc.freeze()
