"""What goes wrong on a connection: the questions that the simulated network asks."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import msgspec

MS_NS = 1_000_000


class Way(Enum):
    """The direction of bytes on a connection; the client is the one who called."""

    REQUEST = "request"
    ANSWER = "answer"


class Loss(Enum):
    """What becomes of bytes: they pass, their way is dead from now on, or both ways are (a half-open connection)."""

    NONE = "none"
    THIS_WAY = "this_way"
    BOTH_WAYS = "both_ways"


class LinkFaults(Protocol):
    """The faults between one process and one host, asked in the order in which things happen."""

    def resolves(self) -> bool:
        """Whether the name of the host is found, asked at each attempt to connect."""

    def refuses(self) -> bool:
        """Whether an attempt to connect is refused, asked once it has reached the host."""

    def delay_ns(self, way: Way) -> int:
        """How long these bytes travel, asked at each write; a connection never reorders. Units: ns."""

    def loss(self, way: Way) -> Loss:
        """What becomes of these bytes, asked at each attempt to connect and at each write."""

    def cut_after(self, way: Way) -> int | None:
        """After how many bytes of its life a new connection breaks, None for never, asked once for each way.

        Units: bytes.
        """


class CalmLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link on which nothing goes wrong."""

    latency_ns: int = 20 * MS_NS

    def resolves(self) -> bool:
        """Always finds the host."""
        return True

    def refuses(self) -> bool:
        """Never refuses."""
        return False

    def delay_ns(self, _way: Way) -> int:
        """Takes the same time each time."""
        return self.latency_ns

    def loss(self, _way: Way) -> Loss:
        """Loses nothing."""
        return Loss.NONE

    def cut_after(self, _way: Way) -> int | None:
        """Never breaks."""
        return None
