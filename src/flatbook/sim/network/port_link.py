"""The network between a process and a venue, for worlds whose venues stand at the port: calls that may be lost.

A call leaves, arrives after a flight, is answered, and the answer flies back; each part may fail by a fault of its own.
What a caller learns is what an adapter would say: an answer, Unknown, or NotSent.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextvars import Context
from typing import TypeVar

from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.sim.chance import stream
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.injection import Injection, Spells
from flatbook.values.instants import NS_PER_MS, Instant

FLIGHT_MS_MIN, FLIGHT_MS_MAX = 5, 80
LATE_MS_MAX = 20_000
SHUFFLE_MS_MAX = 3_000
SLOW_MS = 15_000
LINGER_S_MIN, LINGER_S_MAX = 5, 40

A = TypeVar("A")

TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
DISCONNECTED = Unknown(reason=UnknownReason.DISCONNECTED)
SERVER_FAULT = Unknown(reason=UnknownReason.SERVER_FAULT)
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)
NO_CONNECTION = NotSent(reason=NotSentReason.NO_CONNECTION)
_SPOILT = (UNREADABLE, SERVER_FAULT, DISCONNECTED)


class Link:
    """The way between one process and one venue."""

    def __init__(self, name: str, seed: str, loop: VirtualLoop, injection: Injection) -> None:
        self._name, self._loop, self._injection = name, loop, injection
        self._flights: random.Random = stream(seed, f"flights:{name}")
        self._spells = Spells(injection, name)

    def send(self, arrive: Callable[[int], A], time_out_s: int) -> asyncio.Future[A | Unknown | NotSent]:
        """Sends one call off. `arrive` runs at the venue, once for each copy that arrives, with the number of the copy.

        Gives: the answer to come: Unknown when the call may have arrived, NotSent when it provably did not.
        """
        answer: asyncio.Future[A | Unknown | NotSent] = self._loop.create_future()
        if self._strikes_for("N6", seconds=(30, 120)):
            answer.set_result(NO_CONNECTION)
            return answer
        self._loop.call_at_instant(self._after(time_out_s * 1_000), _settle, answer, TIMED_OUT)
        for copy in range(self._copies()):
            at = self._arrival(copy)
            # what has left is in the world's hands, whatever becomes of the process
            self._loop.call_at_instant(at, self._arrive, arrive, copy, answer, context=Context())
        return answer

    def is_dark(self) -> bool:
        """Whether nothing that the venue says arrives at the process."""
        return any(self._strikes_for(fault, seconds=(20, 90)) for fault in ("N7", "N8"))

    def is_cut(self) -> bool:
        """Whether a stream is being cut just now."""
        return self._injection.hits("W2", self._name)

    def silence_s(self) -> int:
        """Returns how long a cut stream stays away. Units: s."""
        return self._injection.size("W2", self._name, 1, 120)

    def _copies(self) -> int:
        if self._injection.hits("N1", self._name):
            return 0
        return 2 if self._injection.hits("N5", self._name) else 1

    def _arrival(self, copy: int) -> Instant:
        if self._injection.hits("N4", self._name):
            seconds = self._injection.size("N4", self._name, LINGER_S_MIN, LINGER_S_MAX)
            return self._after(seconds * 1_000)
        return self._after(self._flight_ms() * (1 + copy))

    def _arrive(self, arrive: Callable[[int], A], copy: int, answer: asyncio.Future[A | Unknown | NotSent]) -> None:
        if self._strikes_for("N7", seconds=(20, 90)):
            return
        said: A | Unknown | NotSent = arrive(copy)
        if self._injection.hits("N2", self._name) or self._strikes_for("N8", seconds=(20, 90)):
            return
        if self._injection.hits("N9", self._name):
            said = _SPOILT[self._injection.size("N9", self._name, 0, len(_SPOILT) - 1)]
        flight_ms = self._flight_ms()
        if self._injection.hits("N3", self._name):
            flight_ms += self._injection.size("N3", self._name, 1, LATE_MS_MAX)
        self._loop.call_at_instant(self._after(flight_ms), _settle, answer, said)

    def _strikes_for(self, fault: str, *, seconds: tuple[int, int]) -> bool:
        return self._spells.strikes(fault, self._loop.instant, seconds=seconds)

    def _flight_ms(self) -> int:
        flight_ms = self._flights.randint(FLIGHT_MS_MIN, FLIGHT_MS_MAX)
        if self._injection.hits("N10", self._name):
            flight_ms += self._injection.size("N10", self._name, 0, SHUFFLE_MS_MAX)
        return flight_ms + (SLOW_MS if self._strikes_for("N12", seconds=(20, 60)) else 0)

    def _after(self, ms: int) -> Instant:
        return Instant(self._loop.instant + ms * NS_PER_MS)


def _settle(answer: asyncio.Future[A], said: A) -> None:
    if not answer.done():
        answer.set_result(said)
