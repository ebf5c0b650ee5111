"""The moments at which strategies want to be asked. They live in memory only: after a restart each says them anew."""

from __future__ import annotations

from typing import Protocol

from flatbook.engine.ahead import NOTHING_AHEAD
from flatbook.engine.leave import Leaving
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Trigger, Wake
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant

_ON_FUNDS = Trigger.BALANCE_CHANGED

Kept = tuple[dict[NetKey, Wake], dict[NetKey, None]]


class Watcher(Protocol):
    """Who tests what is observed against the wakes of quoting strategies."""

    def arm(self, key: NetKey, wake: Wake, asked_at: Instant) -> None:
        """Tests the next observations against what a strategy said when it was asked, and no more against before."""
        ...

    def silent_at(self, key: NetKey) -> Instant | None:
        """Returns when a silence that a strategy waits for will be long enough, if nothing is observed meanwhile."""
        ...


class Wakes:
    """The newest wake of each net whose recovery is over; `newest` is written by `put` alone.

    `ahead` is what was worked out for the next decision of the seat that was asked last.
    """

    def __init__(self, watcher: Watcher | None = None) -> None:
        self.watcher = watcher
        self.newest: dict[NetKey, Wake] = {}
        self.asked_last: NetKey | None = None
        self.ahead = NOTHING_AHEAD
        self.awaiting_funds: dict[NetKey, None] = {}
        self.offers_at: Instant | None = None
        self.began_at: Instant | None = None
        self.leaving: Leaving | None = None

    def put(self, key: NetKey, wake: Wake, asked_at: Instant = Instant(0)) -> None:
        """Replaces the wake of a net; who waits for a change of its account is kept apart, for that is asked often."""
        self.newest[key] = wake
        self.asked_last = key
        if self.watcher is not None:
            self.watcher.arm(key, wake, asked_at)
        if _ON_FUNDS in wake.on:
            self.awaiting_funds[key] = None
        elif self.awaiting_funds:
            self.awaiting_funds.pop(key, None)

    def kept(self) -> Kept:
        """Returns the wakes as they are now, to be restored if what is asked next is thrown away."""
        return dict(self.newest), dict(self.awaiting_funds)

    def restore(self, kept: Kept) -> None:
        """Brings back wakes that were kept."""
        wakes, awaiting_funds = kept
        self.newest, self.awaiting_funds = dict(wakes), dict(awaiting_funds)
        if self.watcher is not None:
            for key, wake in wakes.items():
                self.watcher.arm(key, wake, Instant(0))

    def wake_of(self, key: NetKey) -> Wake | None:
        """Returns the newest wake of a net; None before its strategy was first asked."""
        return self.newest.get(key)

    def is_resumed(self, key: NetKey) -> bool:
        """Whether the strategy of a net has been asked since the start."""
        return key in self.newest

    def resumed(self) -> tuple[NetKey, ...]:
        """Returns the nets whose recovery is over, in the order they resumed."""
        return tuple(self.newest)

    def wants(self, key: NetKey, trigger: Trigger) -> bool:
        """Whether a change of this kind wakes the strategy of a net."""
        wake = self.newest.get(key)
        return wake is not None and trigger in wake.on

    def waiting_for(self, trigger: Trigger) -> tuple[NetKey, ...]:
        """Returns the nets that a change of this kind wakes."""
        return tuple(key for key, wake in self.newest.items() if trigger in wake.on)

    def due(self, now: Instant) -> tuple[NetKey, ...]:
        """Returns the nets whose instant has come."""
        return tuple(key for key, wake in self.newest.items() if _is_past(wake.at, now) or self._is_silent(key, now))

    def _is_silent(self, key: NetKey, now: Instant) -> bool:
        return self.watcher is not None and _is_past(self.watcher.silent_at(key), now)

    def next_at(self) -> Instant | None:
        """Returns the earliest instant that any strategy waits for."""
        instants = [wake.at for wake in self.newest.values() if wake.at is not None]
        silent = [] if self.watcher is None else [self.watcher.silent_at(key) for key in self.newest]
        instants += [at for at in silent if at is not None]
        instants += [] if self.offers_at is None else [self.offers_at]
        instants += [] if self.leaving is None else [self.leaving.until]
        return min(instants) if instants else None

    def observing(self, underlying: Underlying, source: SourceId) -> tuple[NetKey, ...]:
        """Returns the nets that wait for the next observation of a source."""
        return tuple(key for key, wake in self.newest.items() if key[1] == underlying and source in wake.observed)


def _is_past(at: Instant | None, now: Instant) -> bool:
    return at is not None and at <= now
