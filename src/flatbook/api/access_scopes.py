"""Who may do what: scopes in a ladder, lanes of the rate limit, and the proven actor of a request."""

from __future__ import annotations

from enum import Enum

import msgspec

from flatbook.values.instants import Instant


class Scope(Enum):
    """What a credential allows. Each one includes those before it."""

    READ = "read"
    TRADE = "trade"
    RISK = "risk"
    ADMIN = "admin"


LADDER = tuple(Scope)


class Lane(Enum):
    """Which allowance a request is counted against. What stops has its own, so that nothing else can use it up."""

    READ = "read"
    COMMAND = "command"
    STOP = "stop"
    LOGIN = "login"
    STRANGER = "stranger"


class Credential(Enum):
    """What an actor proved himself with."""

    SESSION = "session"
    TOKEN = "token"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who a request comes from. `number` finds the session or token again, so that its end is noticed."""

    name: str
    scope: Scope
    credential: Credential
    number: int
    ends_at: Instant

    @property
    def scopes(self) -> tuple[str, ...]:
        """The names of all scopes that this actor has."""
        return tuple(scope.value for scope in LADDER if includes(self.scope, scope))

    def may(self, scope: Scope) -> bool:
        """Returns whether this actor has a scope."""
        return includes(self.scope, scope)


def includes(held: Scope, asked: Scope) -> bool:
    """Returns whether a scope includes another one."""
    return LADDER.index(held) >= LADDER.index(asked)
