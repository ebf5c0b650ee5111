"""Which faults a world has, how strong they are, and how often each one struck."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from flatbook.sim.chance import BPS_WHOLE, stream
from flatbook.values.instants import Instant, later

Told = Callable[[str, str], None]


class InjectorFailed(Exception):
    """An injector broke: the world proves nothing. Says which fault, where, and what happened."""


class InjectedFault(Exception):
    """A task of the product fails because a fault of the world says so."""


class Injection:
    """The faults of one world. Each (fault, place) draws from a stream of its own, so that none shifts another.

    Units: `strengths` in basis points, the chance that a fault strikes when it is asked; a fault that is not named
    never strikes. `told` hears of each strike.
    """

    def __init__(self, seed: str, strengths: Mapping[str, int], told: Told) -> None:
        self._seed, self._strengths, self._told = seed, dict(strengths), told
        self._streams: dict[tuple[str, str], random.Random] = {}
        self.counts: dict[str, int] = {}
        self.is_over = False

    def is_on(self, fault: str) -> bool:
        """Whether a fault exists in this world and may still strike."""
        return not self.is_over and fault in self._strengths

    def hits(self, fault: str, where: str) -> bool:
        """Draws whether a fault strikes here and now, and counts it when it does."""
        if self.is_over or (bps := self._strengths.get(fault)) is None:
            return False
        if self._stream(fault, where).randrange(BPS_WHOLE) >= bps:
            return False
        self.count(fault, where)
        return True

    def count(self, fault: str, where: str) -> None:
        """Counts a strike that a plan or a part of the world made by itself."""
        self.counts[fault] = self.counts.get(fault, 0) + 1
        self._told(fault, where)

    def size(self, fault: str, where: str, low: int, high: int) -> int:
        """Draws how strong a strike is, from low to high, both included."""
        return self._stream(fault, where).randint(low, high)

    def stop(self) -> None:
        """Ends all faults: the world becomes one in which nothing goes wrong any more."""
        self.is_over = True

    def _stream(self, fault: str, where: str) -> random.Random:
        key = (fault, where)
        found = self._streams.get(key)
        if found is None:
            found = self._streams[key] = stream(self._seed, f"fault:{fault}:{where}")
        return found


class Spells:
    """Faults that last at one place: each strikes by chance and then stays on for some seconds."""

    def __init__(self, injection: Injection, where: str) -> None:
        self._injection, self._where = injection, where
        self._until: dict[str, Instant] = {}

    def strikes(self, fault: str, now: Instant, *, seconds: tuple[int, int]) -> bool:
        """Whether a fault is on at an instant; one that is not may begin now, for a time between the two."""
        if not self._injection.is_on(fault):
            return False
        if now < self._until.get(fault, now):
            return True
        if not self._injection.hits(fault, self._where):
            return False
        lasts_s = self._injection.size(fault, self._where, *seconds)
        self._until[fault] = later(now, seconds=lasts_s)
        return True


def struck(fault: str, where: str, injector: Callable[[], None]) -> None:
    """Runs an injector of a fault.

    Errors: InjectorFailed when it raises.
    """
    try:
        injector()
    except (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise InjectorFailed(f"the injector of {fault} at {where} broke: {type(error).__name__}: {error}") from error
