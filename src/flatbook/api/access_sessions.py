"""Sessions of the console: opened once by a link, proven by a cookie whose text changes, ended after half a day."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from contextlib import suppress
from typing import Any

import msgspec

from flatbook.api.access_file import hash_of, new_secret, writing
from flatbook.api.access_scopes import Actor, Credential, Scope
from flatbook.values.instants import Instant, later

LINK_S = 600
LINKS_MAX = 8
SESSION_S = 12 * 3_600
SESSIONS_MAX = 32
ROTATE_S = 900
RETRY_NEXT_S = 60
GRACE_S = 60
LINK_PREFIX = "fbl_"
SESSION_PREFIX = "fbs_"
CSRF_CHARACTERS = 43


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session whose cookie was right. `cookie` is its next text where it is time to change it."""

    actor: Actor
    cookie: str | None = None


class Reused(msgspec.Struct, frozen=True, kw_only=True):
    """A cookie was shown after its successor was in use: somebody copied it, and its session was ended."""

    actor: Actor


def make_link(door: sqlite3.Connection, now: Instant) -> str:
    """Returns a text that opens one session, once, within LINK_S seconds."""
    link = new_secret(LINK_PREFIX)
    with writing(door):
        door.execute("DELETE FROM links WHERE ends_at <= ?", (now,))
        door.execute("INSERT INTO links VALUES (?, ?)", (hash_of(link), later(now, seconds=LINK_S)))
        door.execute(
            "DELETE FROM links WHERE hash NOT IN (SELECT hash FROM links ORDER BY ends_at DESC LIMIT ?)", (LINKS_MAX,)
        )
    return link


def redeem_link(door: sqlite3.Connection, link: str, name: str, now: Instant) -> Opened | None:
    """Opens a session for a link and uses the link up; None where it is unknown, used or over."""
    cookie, ends_at = new_secret(SESSION_PREFIX), later(now, seconds=SESSION_S)
    with writing(door):
        used = door.execute("DELETE FROM links WHERE hash = ? RETURNING ends_at", (hash_of(link),)).fetchone()
        if used is None or used[0] <= now:
            return None
        door.execute(
            "INSERT INTO sessions (actor, scope, started_at, ends_at, hash, rotated_at) VALUES (?, ?, ?, ?, ?, ?)",
            (name, Scope.ADMIN.value, now, ends_at, hash_of(cookie), now),
        )
        number = door.execute("SELECT last_insert_rowid()").fetchone()[0]
        door.execute("DELETE FROM sessions WHERE ends_at <= ?", (now,))
        door.execute(
            "DELETE FROM sessions WHERE number NOT IN (SELECT number FROM sessions ORDER BY number DESC LIMIT ?)",
            (SESSIONS_MAX,),
        )
    return Opened(actor=_actor(number, name, Scope.ADMIN.value, ends_at), cookie=cookie)


def open_session(door: sqlite3.Connection, cookie: str, now: Instant) -> Opened | Reused | None:
    """Returns the session of a cookie, None where it has none or its session is over.

    Gives: after ROTATE_S the answer carries the next text. The old one is good until the next one is first shown and
    GRACE_S after that, so that an answer that was lost and requests that crossed it log nobody out.
    """
    shown = hash_of(cookie)
    row = door.execute(
        "SELECT number, actor, scope, ends_at, hash, rotated_at, next_hash, next_at, last_until FROM sessions "
        "WHERE ends_at > ? AND (hash = ? OR next_hash = ? OR last_hash = ?)",
        (now, shown, shown, shown),
    ).fetchone()
    if row is None:
        return None
    number, name, scope, ends_at, current, rotated_at, following, next_at, last_until = row
    actor = _actor(number, name, scope, ends_at)
    if shown == current:
        is_due = now >= later(rotated_at, seconds=ROTATE_S)
        is_due = is_due and (next_at is None or now >= later(next_at, seconds=RETRY_NEXT_S))
        return Opened(actor=actor, cookie=_prepare_next(door, number, now) if is_due else None)
    if shown == following:
        _change_over(door, number, now)
        return Opened(actor=actor)
    if now <= last_until:
        return Opened(actor=actor)
    end_session(door, number)
    return Reused(actor=actor)


def _actor(number: int, name: str, scope: str, ends_at: int) -> Actor:
    return Actor(name=name, scope=Scope(scope), credential=Credential.SESSION, number=number, ends_at=Instant(ends_at))


def _prepare_next(door: sqlite3.Connection, number: int, now: Instant) -> str | None:
    """Returns the next text of a session; None on a disk that takes nothing: the present text stays good then."""
    cookie = new_secret(SESSION_PREFIX)
    with suppress(sqlite3.Error), writing(door):
        door.execute("UPDATE sessions SET next_hash = ?, next_at = ? WHERE number = ?", (hash_of(cookie), now, number))
        return cookie
    return None


def _change_over(door: sqlite3.Connection, number: int, now: Instant) -> None:
    with suppress(sqlite3.Error), writing(door):
        door.execute(
            "UPDATE sessions SET last_hash = hash, last_until = ?, hash = next_hash, rotated_at = ?, "
            "next_hash = NULL, next_at = NULL WHERE number = ? AND next_hash IS NOT NULL",
            (later(now, seconds=GRACE_S), now, number),
        )


def end_session(door: sqlite3.Connection, number: int) -> None:
    """Ends a session."""
    with writing(door):
        door.execute("DELETE FROM sessions WHERE number = ?", (number,))


def session_stands(door: sqlite3.Connection, number: int, now: Instant) -> bool:
    """Returns whether a session still lasts."""
    found: Any = door.execute("SELECT 1 FROM sessions WHERE number = ? AND ends_at > ?", (number, now)).fetchone()
    return found is not None


def csrf_of(door: sqlite3.Connection, number: int) -> str:
    """Returns the text that requests of a session's pages carry; pages of other origins cannot read it."""
    key = door.execute("SELECT csrf_key FROM door").fetchone()[0]
    return hmac.new(key, b"csrf:%d" % number, hashlib.sha256).hexdigest()[:CSRF_CHARACTERS]


def is_csrf_right(door: sqlite3.Connection, number: int, shown: str) -> bool:
    """Returns whether a request showed the text of its session, compared in constant time."""
    return hmac.compare_digest(csrf_of(door, number).encode(), shown.encode())
