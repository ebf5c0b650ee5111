"""What of a market a quoting strategy can see, whoever keeps it: the live engine, a backtest kernel, or its oracle."""

from __future__ import annotations

from typing import Protocol

from flatbook.market.orderbook import Touch
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import Instant


class Sights(Protocol):
    """The newest of what was observed. Units: prices in ticks, sizes in lots."""

    def touch(self, instrument: InstrumentId) -> Touch | None:
        """Returns the best of both sides; None while the book is unfit, crossed or empty on one side."""
        ...

    def touch_since(self, instrument: InstrumentId, after: Instant) -> Touch | None:
        """Returns the same; None too where the book was not seen fit since an instant, that one left out."""
        ...

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        """Returns when the book was last seen fit, by our clock; None before the first time."""
        ...

    def feature(self, owner: OwnerId, name: str) -> float | None:
        """Returns a feature that the strategy of an owner declared; None while it is not ready."""
        ...


class NothingSeen:
    """The sights of a desk that observes no books."""

    def touch(self, _instrument: InstrumentId) -> Touch | None:
        """Returns None: no book is observed."""
        return None

    def touch_since(self, _instrument: InstrumentId, _after: Instant) -> Touch | None:
        """Returns None: no book is observed."""
        return None

    def observed_at(self, _instrument: InstrumentId) -> Instant | None:
        """Returns None: nothing was ever observed."""
        return None

    def feature(self, _owner: OwnerId, _name: str) -> float | None:
        """Returns None: nothing is kept."""
        return None
