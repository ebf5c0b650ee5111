"""The injection of a world as the links and the brokers that speak bytes ask for it: each question by its fault.

The ids are those of the fault catalogue; chances and strengths are the world's.
"""

from __future__ import annotations

import random
from typing import Protocol, TypeVar

from flatbook.sim.alpaca.faults import WHOLE_BPS, Pushing, Spoiling, TokenEnd
from flatbook.sim.chance import stream
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.link import MS_NS, Loss, Way
from flatbook.sim.network.served import Telling
from flatbook.sim.world.injection import Injection, Spells
from flatbook.values.instants import Instant

_Choice = TypeVar("_Choice")

FLIGHT_MS = (5, 80)
LINGER_MS = (5_000, 40_000)
LATE_MS = (1, 20_000)
DARK_S = (20, 90)
NO_NAMES_S = (30, 120)
CUT_BYTES = (1, 1_500)
SLOW_MS = (1_000, 30_000)
LAG_MS = (100, 4_900)
LONG_LAG_MS = (4_900, 4_999)
HOLD_MS = (1_000, 20_000)
LATE_FILL_MS = (100, 60_000)
PIECE_BPS = (500, 6_000)
TIGHT_S = (20, 60)
TIGHT_PER_MINUTE = 6
SPOILT = (Spoiling.HTML_200, Spoiling.HTML_503, Spoiling.TRUNCATED, Spoiling.CUT, Spoiling.GARBLED)
STORM = (Spoiling.UNAVAILABLE, Spoiling.SERVER_ERROR)
AGAIN = (Pushing.TWICE, Pushing.LATE)
LOGINS_END_RARELY = 5
STRANGE = ("pending_review", "calculating", "HELD", "")


class InjectedLink:
    """The link between a process and a host, with the network faults of a world."""

    def __init__(self, name: str, seed: str, loop: VirtualLoop, injection: Injection) -> None:
        self._name, self._loop, self._injection = name, loop, injection
        self._spells = Spells(injection, name)
        self._flights: random.Random = stream(seed, f"flights:{name}")
        self._telling = Telling(loop, f"an injector of the link {name}")

    def resolves(self) -> bool:
        """N6: names are not found for a while."""
        with self._telling:
            return not self._spells.strikes("N6", self._loop.instant, seconds=NO_NAMES_S)

    def refuses(self) -> bool:
        """N9: the handshake fails."""
        with self._telling:
            return self._injection.hits("N9", self._name)

    def delay_ns(self, way: Way) -> int:
        """N4: requests linger; N3: answers come late. Units: ns."""
        with self._telling:
            fault, span = ("N4", LINGER_MS) if way is Way.REQUEST else ("N3", LATE_MS)
            if self._injection.hits(fault, self._name):
                return self._injection.size(fault, self._name, *span) * MS_NS
            return self._flights.randint(*FLIGHT_MS) * MS_NS

    def loss(self, way: Way) -> Loss:
        """N7: half-open for a while; N8: answers do not pass for a while; N1, N2: this request or answer is lost."""
        with self._telling:
            now = self._loop.instant
            if self._spells.strikes("N7", now, seconds=DARK_S):
                return Loss.BOTH_WAYS
            if way is Way.ANSWER and self._spells.strikes("N8", now, seconds=DARK_S):
                return Loss.THIS_WAY
            lost = self._injection.hits("N1" if way is Way.REQUEST else "N2", self._name)
            return Loss.THIS_WAY if lost else Loss.NONE

    def cut_after(self, _way: Way) -> int | None:
        """N9: a connection breaks in the middle of a message. Units: bytes."""
        with self._telling:
            if not self._injection.hits("N9", self._name):
                return None
            return self._injection.size("N9", self._name, *CUT_BYTES)


class Timed(Protocol):
    """Who knows the true time: the loop of a world, or a server in real time."""

    @property
    def instant(self) -> Instant:
        """The present instant."""


class InjectedBroker:
    """A broker with the faults of venues of a world."""

    def __init__(self, name: str, loop: Timed, injection: Injection) -> None:
        self._name, self._loop, self._injection = name, loop, injection
        self._spells = Spells(injection, name)

    def spoils(self, _verb: str) -> Spoiling:
        """V9: errors of the server, some before the effect; N9: answers that something on the way replaced."""
        if self._spells.strikes("V9", self._loop.instant, seconds=TIGHT_S):
            return self._one_of("V9", STORM)
        return self._one_of("N9", SPOILT) if self._injection.hits("N9", self._name) else Spoiling.NONE

    def repeats(self, _verb: str) -> bool:
        """N5: a middle box repeats the request."""
        return self._injection.hits("N5", self._name)

    def thinks_ms(self, _verb: str) -> int:
        """N12: the broker is slow. Units: ms."""
        return self._size("N12", SLOW_MS)

    def refuses_caller(self, _verb: str) -> bool:
        """N11: our address is refused for a while."""
        return self._spells.strikes("N11", self._loop.instant, seconds=DARK_S)

    def read_lag_ms(self, _verb: str) -> int:
        """V1: reads trail; V2: they trail by as long as the adapter declares that they may. Units: ms."""
        return self._size("V2", LONG_LAG_MS) or self._size("V1", LAG_MS)

    def requests_per_minute(self, stated: int) -> int:
        """V7: nearly nothing is allowed for a while; V8: the limit is half of what it was from now on."""
        if self._spells.strikes("V7", self._loop.instant, seconds=TIGHT_S):
            return TIGHT_PER_MINUTE
        return max(stated >> 1, 1) if self._injection.is_on("V8") else stated

    def hold_ms(self, _symbol: str) -> int:
        """V16: an order is in a state that is not in the usual list. Units: ms."""
        return self._size("V16", HOLD_MS)

    def restricts(self, _symbol: str) -> bool:
        """V31: the account is restricted."""
        return self._injection.hits("V31", self._name)

    def rejects_late(self, _symbol: str) -> bool:
        """Never: what a world's venue took it did not reject."""
        return False

    def piece_bps(self, _symbol: str) -> int:
        """V13: orders fill in pieces. Units: basis points."""
        return self._size("V13", PIECE_BPS) or WHOLE_BPS

    def overfills(self, _symbol: str) -> bool:
        """V12: more is filled than was ordered."""
        return self._injection.hits("V12", self._name)

    def late_fill_ms(self, _symbol: str) -> int | None:
        """V11: a fill arrives after the cancel. Units: ms."""
        return self._size("V11", LATE_FILL_MS) or None

    def strange_status(self, _verb: str) -> str | None:
        """V16: a word that nobody expects."""
        return self._one_of("V16", STRANGE) if self._injection.hits("V16", self._name) else None

    def names_neighbour(self, _verb: str) -> bool:
        """V5: an answer carries the id of another order."""
        return self._injection.hits("V5", self._name)

    def pushes(self, _verb: str) -> Pushing:
        """W1: a push is gone while the stream lives; W3: it comes twice, or after the next one."""
        if self._injection.hits("W1", self._name):
            return Pushing.LOST
        return self._one_of("W3", AGAIN) if self._injection.hits("W3", self._name) else Pushing.NONE

    def is_subscribed(self, _feed: str) -> bool:
        """N11: what we are entitled to is refused for a while."""
        return not self._spells.strikes("N11", self._loop.instant, seconds=DARK_S)

    def names_nothing(self, _verb: str) -> bool:
        """V5: an answer carries no id."""
        return self._injection.hits("V5", self._name)

    def ends_token(self, _verb: str) -> TokenEnd:
        """V30: a token of access is not taken any more; now and then the login itself is over."""
        if not self._injection.hits("V30", self._name):
            return TokenEnd.NONE
        is_over = self._injection.size("V30", self._name, 1, LOGINS_END_RARELY) == 1
        return TokenEnd.LOGIN if is_over else TokenEnd.ACCESS

    def _size(self, fault: str, span: tuple[int, int]) -> int:
        return self._injection.size(fault, self._name, *span) if self._injection.hits(fault, self._name) else 0

    def _one_of(self, fault: str, choices: tuple[_Choice, ...]) -> _Choice:
        return choices[self._injection.size(fault, self._name, 0, len(choices) - 1)]
