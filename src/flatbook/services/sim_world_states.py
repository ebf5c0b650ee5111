"""Kept states of a world: what another process folded of the journal while the desk lived, as in production.

A life starts from the newest one that its journal bears out. What was kept before a power cut may be ahead of what is
left of the journal, and is passed over then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from flatbook.engine.ports import Link
from flatbook.engine.recover import KeptState
from flatbook.journal.chain import START, link_after, unsealed
from flatbook.sim.world.disk import SimulatedDisk, split_frames
from flatbook.state import dump
from flatbook.state.desk import State
from flatbook.state.fold import apply_row

KEPT_MAX = 3


class WorldStates:
    """The states that are kept of the journal on a disk, newest last. Implements KeptStates."""

    def __init__(self, disk: SimulatedDisk, chance: random.Random) -> None:
        self._disk, self._chance = disk, chance
        self._kept: list[tuple[Link, bytes]] = []

    def keep(self) -> None:
        """Folds what a process can read of the journal by now, or a part of it, and keeps that; or now and then not."""
        records = split_frames(self._disk.content())
        if not records or not self._chance.randrange(3):
            return
        count = len(records) if self._chance.randrange(2) else self._chance.randint(1, len(records))
        state = State()
        for row in unsealed(islice(records, count), START):
            apply_row(state, row.events, row.cursors)
        self._kept = [*self._kept, (link_after(records, count), dump.state_bytes(state))][-KEPT_MAX:]

    def newest_first(self) -> Iterator[KeptState]:
        """Yields what was kept, each read from its bytes anew."""
        for link, kept in reversed(self._kept):
            yield KeptState(link, dump.state_from_bytes(kept))
