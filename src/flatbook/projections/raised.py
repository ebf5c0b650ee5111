"""The newest alerts that were raised, by how urgent they are: how often something went wrong of late."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from flatbook.events.control import AlertRaised, Severity
from flatbook.projections.fold import Recorded
from flatbook.values.instants import Instant

RAISED_MAX = 2_000


class Raised(NamedTuple):
    """One alert that was raised, whether or not it still stands."""

    at: Instant
    severity: Severity


class RaisedAlerts:
    """The newest raised alerts of a journal, the oldest first, at most RAISED_MAX of them."""

    def __init__(self) -> None:
        self.newest: deque[Raised] = deque(maxlen=RAISED_MAX)

    def apply(self, item: Recorded) -> None:
        """Folds one event."""
        if isinstance(item.event, AlertRaised):
            self.newest.append(Raised(item.event.raised_at, item.event.severity))

    def since(self, at: Instant, severity: Severity) -> int:
        """Returns how many of one severity were raised since an instant; of very many the newest count."""
        return sum(raised.at >= at and raised.severity is severity for raised in self.newest)
