"""What goes wrong at the simulated Alpaca: the questions that it asks while it works."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import msgspec

WHOLE_BPS = 10_000


class Spoiling(Enum):
    """What becomes of an answer. All but the last let the request take its effect first."""

    NONE = "none"
    HTML_200 = "html_200"
    HTML_503 = "html_503"
    SERVER_ERROR = "server_error"
    TRUNCATED = "truncated"
    CUT = "cut"
    GARBLED = "garbled"
    SILENCE = "silence"
    UNAVAILABLE = "unavailable"


class Pushing(Enum):
    """What becomes of a push on open streams. A late one is told after the next one."""

    NONE = "none"
    LOST = "lost"
    TWICE = "twice"
    LATE = "late"


class TokenEnd(Enum):
    """What ends before its time at a broker with logins."""

    NONE = "none"
    ACCESS = "access"
    LOGIN = "login"


class BrokerFaults(Protocol):
    """The faults of one Alpaca, asked in the order in which things happen. `verb` is the method and the resource."""

    def spoils(self, verb: str) -> Spoiling:
        """What becomes of the answer to a request."""

    def repeats(self, verb: str) -> bool:
        """Whether something on the way sends the request twice and passes on the second answer."""

    def thinks_ms(self, verb: str) -> int:
        """How long a request waits before it takes effect. Units: ms."""

    def refuses_caller(self, verb: str) -> bool:
        """Whether the caller's address or key is refused."""

    def read_lag_ms(self, verb: str) -> int:
        """How far the state that a read shows trails the truth. Units: ms."""

    def requests_per_minute(self, stated: int) -> int:
        """How many requests a minute are allowed now, given what the terms say."""

    def hold_ms(self, symbol: str) -> int:
        """How long a new order is `held` before it is routed. Units: ms."""

    def restricts(self, symbol: str) -> bool:
        """Whether the account is restricted when an order arrives."""

    def rejects_late(self, symbol: str) -> bool:
        """Whether an accepted order is rejected when it is routed."""

    def piece_bps(self, symbol: str) -> int:
        """How much of an order the next execution takes, 10,000 for all of it. Units: basis points of the order."""

    def overfills(self, symbol: str) -> bool:
        """Whether the execution that completes an order takes one share more."""

    def late_fill_ms(self, symbol: str) -> int | None:
        """How long after its cancel the rest of an order executes nevertheless, None for never. Units: ms."""

    def strange_status(self, verb: str) -> str | None:
        """A word that stands for the status of an order in an answer, None for the true one."""

    def names_neighbour(self, verb: str) -> bool:
        """Whether the answer to a placing carries the id of another order."""

    def pushes(self, verb: str) -> Pushing:
        """What becomes of a push; the verb is such as `push fill`."""

    def is_subscribed(self, feed: str) -> bool:
        """Whether the subscription of a feed of market data is there now."""

    def names_nothing(self, verb: str) -> bool:
        """Whether the answer to a placing carries no id where it should carry one."""

    def ends_token(self, verb: str) -> TokenEnd:
        """What of a login ends before a request takes effect."""


class CalmBroker(msgspec.Struct, frozen=True, kw_only=True):
    """An Alpaca at which nothing goes wrong."""

    def spoils(self, _verb: str) -> Spoiling:
        """Answers well."""
        return Spoiling.NONE

    def repeats(self, _verb: str) -> bool:
        """Takes each request once."""
        return False

    def thinks_ms(self, _verb: str) -> int:
        """Acts at once."""
        return 0

    def refuses_caller(self, _verb: str) -> bool:
        """Knows its caller."""
        return False

    def read_lag_ms(self, _verb: str) -> int:
        """Shows the truth."""
        return 0

    def requests_per_minute(self, stated: int) -> int:
        """Keeps to the terms."""
        return stated

    def hold_ms(self, _symbol: str) -> int:
        """Holds nothing."""
        return 0

    def restricts(self, _symbol: str) -> bool:
        """Takes orders."""
        return False

    def rejects_late(self, _symbol: str) -> bool:
        """Stands by its acceptance."""
        return False

    def piece_bps(self, _symbol: str) -> int:
        """Fills whole orders."""
        return WHOLE_BPS

    def overfills(self, _symbol: str) -> bool:
        """Fills what was ordered."""
        return False

    def late_fill_ms(self, _symbol: str) -> int | None:
        """Leaves canceled orders alone."""
        return None

    def strange_status(self, _verb: str) -> str | None:
        """Uses its own words."""
        return None

    def names_neighbour(self, _verb: str) -> bool:
        """Names the right order."""
        return False

    def pushes(self, _verb: str) -> Pushing:
        """Tells everything once, in order."""
        return Pushing.NONE

    def is_subscribed(self, _feed: str) -> bool:
        """Keeps to the terms."""
        return True

    def names_nothing(self, _verb: str) -> bool:
        """Names it."""
        return False

    def ends_token(self, _verb: str) -> TokenEnd:
        """Lets tokens live."""
        return TokenEnd.NONE
