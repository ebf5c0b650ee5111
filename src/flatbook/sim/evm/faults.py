"""What goes wrong at a simulated node: the questions that it asks while it answers."""

from __future__ import annotations

from typing import Protocol


class NodeFaults(Protocol):
    """The faults of one node, asked in the order in which things happen."""

    def stands_still(self) -> bool:
        """Whether the node takes no new block now."""

    def shows_behind(self) -> int:
        """How far behind what it has the node shows its head. Units: blocks."""

    def range_max(self, stated: int) -> int:
        """How many blocks of logs may be asked for at once, given what the terms say. Units: blocks."""

    def times_out(self) -> bool:
        """Whether a query for logs takes longer than the node allows."""

    def leaves_out(self) -> bool:
        """Whether the last answer of a batch is missing in what comes back."""

    def hides_logs(self) -> bool:
        """Whether the node states no logs for a range near its head that has some."""

    def invents_fill(self) -> bool:
        """Whether the node states a fill that never was."""

    def forgets_filter(self) -> bool:
        """Whether the node states logs of contracts that were not asked for."""


class CalmNode:
    """Nothing goes wrong."""

    def stands_still(self) -> bool:
        """Never."""
        return False

    def shows_behind(self) -> int:
        """Never."""
        return 0

    def range_max(self, stated: int) -> int:
        """What the terms say."""
        return stated

    def times_out(self) -> bool:
        """Never."""
        return False

    def leaves_out(self) -> bool:
        """Never."""
        return False

    def hides_logs(self) -> bool:
        """Never."""
        return False

    def invents_fill(self) -> bool:
        """Never."""
        return False

    def forgets_filter(self) -> bool:
        """Never."""
        return False
