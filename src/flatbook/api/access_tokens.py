"""Tokens for programs: a name, one scope and an end; shown once when made, and kept as a hash."""

from __future__ import annotations

import re
import sqlite3

import msgspec

from flatbook.api.access_file import hash_of, new_secret, writing
from flatbook.api.access_scopes import Actor, Credential, Scope
from flatbook.values.instants import SECONDS_PER_DAY, Instant, later

TOKEN_PREFIX = "fbt_"
TOKENS_MAX = 64
DAYS_MAX = 366
ACTOR_PREFIX = "token:"
NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,39}(?!\n)$"
_NAME = re.compile(NAME_PATTERN, re.ASCII)


class TokenRefused(ValueError):
    """A token cannot be made or revoked. Says why."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token; its text is not."""

    name: str
    scope: Scope
    made_at: Instant
    ends_at: Instant


def create_token(door: sqlite3.Connection, name: str, scope: Scope, *, days: int, now: Instant) -> str:
    """Makes a token and returns its text, which cannot be shown again.

    Errors: TokenRefused.
    """
    if _NAME.fullmatch(name) is None:
        raise TokenRefused(
            "a name has 1 to 40 lower-case letters, digits, - and _, and begins with one of the first two"
        )
    if not 0 < days <= DAYS_MAX:
        raise TokenRefused(f"a token lasts 1 to {DAYS_MAX} days")
    text = new_secret(TOKEN_PREFIX)
    with writing(door):
        if door.execute("SELECT count(*) FROM tokens").fetchone()[0] >= TOKENS_MAX:
            raise TokenRefused(f"there are {TOKENS_MAX} tokens: revoke one first")
        if door.execute("SELECT 1 FROM tokens WHERE name = ?", (name,)).fetchone() is not None:
            raise TokenRefused(f"a token {name!r} exists: revoke it first, or choose another name")
        door.execute(
            "INSERT INTO tokens (name, scope, hash, made_at, ends_at) VALUES (?, ?, ?, ?, ?)",
            (name, scope.value, hash_of(text), now, later(now, seconds=days * SECONDS_PER_DAY)),
        )
    return text


def list_tokens(door: sqlite3.Connection) -> tuple[Token, ...]:
    """Returns all tokens, those that are over too, in the order in which they were made."""
    rows = door.execute("SELECT name, scope, made_at, ends_at FROM tokens ORDER BY number").fetchall()
    return tuple(
        Token(name=name, scope=Scope(scope), made_at=Instant(made_at), ends_at=Instant(ends_at))
        for name, scope, made_at, ends_at in rows
    )


def revoke_token(door: sqlite3.Connection, name: str) -> None:
    """Ends a token: the next request with it is refused.

    Errors: TokenRefused.
    """
    if _NAME.fullmatch(name) is None:
        raise TokenRefused(f"no token is called {name!r}")
    with writing(door):
        if not door.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount:
            raise TokenRefused(f"no token is called {name!r}")


def actor_of_token(door: sqlite3.Connection, text: str) -> Actor | None:
    """Returns whose a token is, None where it is unknown or revoked. Needs: the caller looks whether it is over."""
    row = door.execute("SELECT number, name, scope, ends_at FROM tokens WHERE hash = ?", (hash_of(text),)).fetchone()
    if row is None:
        return None
    number, name, scope, ends_at = row
    return Actor(
        name=ACTOR_PREFIX + name,
        scope=Scope(scope),
        credential=Credential.TOKEN,
        number=number,
        ends_at=Instant(ends_at),
    )


def token_stands(door: sqlite3.Connection, number: int, now: Instant) -> bool:
    """Returns whether a token is neither over nor revoked."""
    return door.execute("SELECT 1 FROM tokens WHERE number = ? AND ends_at > ?", (number, now)).fetchone() is not None
