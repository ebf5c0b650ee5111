"""The injection of a world as a simulated exchange asks for it: each question by its fault of the catalogue."""

from __future__ import annotations

from flatbook.sim.alpaca.faults import Pushing
from flatbook.sim.network.wire_faults import InjectedBroker, Timed
from flatbook.sim.world.injection import Injection, Spells

SKEW_MS = (-10_000, 10_000)
SKEW_S = (20, 60)
SILENT_S = (20, 120)
FROZEN_S = (5, 60)
DEPTH = ("push depth", "push orderbook")


class InjectedExchange(InjectedBroker):
    """An exchange with the faults of venues of a world. Implements ExchangeFaults."""

    def __init__(self, name: str, timed: Timed, injection: Injection) -> None:
        super().__init__(name, timed, injection)
        self._timed, self._strikes = timed, Spells(injection, f"{name}:exchange")
        self._draws, self._where = injection, f"{name}:exchange"

    def skew_ms(self, _verb: str) -> int:
        """T1: its clock is ahead or behind for a while. Units: ms."""
        if not self._strikes.strikes("T1", self._timed.instant, seconds=SKEW_S):
            return 0
        return self._draws.size("T1", self._where, *SKEW_MS)

    def ends_listen_key(self, _verb: str) -> bool:
        """W7: keys of user streams end."""
        return self._draws.hits("W7", self._where)

    def is_silent(self, stream: str) -> bool:
        """V25: books freeze for a while; W1: any other stream says nothing. Both live on."""
        now = self._timed.instant
        if stream.startswith(DEPTH):
            return self._strikes.strikes("V25", now, seconds=FROZEN_S)
        return self._strikes.strikes("W1", now, seconds=SILENT_S) and stream.startswith("push")

    def pushes(self, verb: str) -> Pushing:
        """W4: a change of a book is missing. What is pushed of an account is lost, told twice or late as anywhere."""
        if verb.startswith(DEPTH) and self._draws.hits("W4", self._where):
            return Pushing.LOST
        return super().pushes(verb)

    def cuts_stream(self, _stream: str) -> bool:
        """W2: a stream is cut."""
        return self._draws.hits("W2", self._where)

    def closes_by_force(self, _symbol: str) -> bool:
        """V23: a part of a position is closed."""
        return self._draws.hits("V23", self._where)

    def coarsens(self, _symbol: str) -> bool:
        """V19: rules change while an order is on its way."""
        return self._draws.hits("V19", self._where)

    def strange_status(self, verb: str) -> str | None:
        """V16: a word that nobody expects."""
        return "PENDING_REVIEW" if super().strange_status(verb) is not None else None
