"""The injection of a world as its nodes ask for it: each question by its fault. The ids are those of the catalogue."""

from __future__ import annotations

from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.served import Telling
from flatbook.sim.world.injection import Injection, Spells

STILL_S = (5, 40)
BEHIND_BLOCKS = (1, 60)
NARROW_S = (20, 60)
NARROW_BLOCKS = (1, 20)


class InjectedNode:
    """A node with the faults of chains of a world. Only one `is_false`: two that lie alike nobody could tell apart."""

    def __init__(self, name: str, loop: VirtualLoop, injection: Injection, *, is_false: bool) -> None:
        self._name, self._loop, self._injection, self._is_false = name, loop, injection, is_false
        self._spells = Spells(injection, name)
        self._telling = Telling(loop, f"an injector of the node {name}")

    def stands_still(self) -> bool:
        """X4: the node takes no new block for a while, and may be on a fork that nobody else is on any more."""
        with self._telling:
            return self._spells.strikes("X4", self._loop.instant, seconds=STILL_S)

    def shows_behind(self) -> int:
        """X4: the node shows a head that is behind. Units: blocks."""
        with self._telling:
            if not self._injection.hits("X4", self._name):
                return 0
            return self._injection.size("X4", self._name, *BEHIND_BLOCKS)

    def range_max(self, stated: int) -> int:
        """X5: only a few blocks may be asked for at once, for a while. Units: blocks."""
        with self._telling:
            if not self._spells.strikes("X5", self._loop.instant, seconds=NARROW_S):
                return stated
            return min(stated, self._injection.size("X5", self._name, *NARROW_BLOCKS))

    def times_out(self) -> bool:
        """X5: the query takes too long."""
        with self._telling:
            return self._injection.hits("X5", self._name)

    def leaves_out(self) -> bool:
        """X5: a part of the answer is missing."""
        with self._telling:
            return self._injection.hits("X5", self._name)

    def hides_logs(self) -> bool:
        """X3: the node states no logs near its head."""
        with self._telling:
            return self._is_false and self._injection.hits("X3", self._name)

    def invents_fill(self) -> bool:
        """M9: the node states a fill that never was."""
        with self._telling:
            return self._is_false and self._injection.hits("M9", self._name)

    def forgets_filter(self) -> bool:
        """X20: the node states a log of an unknown contract under a topic of ours, with our owner in it."""
        with self._telling:
            return self._injection.hits("X20", self._name)
