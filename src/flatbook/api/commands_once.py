"""Each command once: its key, what it asked for, and the answer that the same key gets again, also after a restart."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import suppress
from enum import Enum

import msgspec

from flatbook.api.access_file import writing

ANSWERS_MAX = 10_000
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that this command got before."""

    status: int
    body: bytes


class Begun(Enum):
    """What a key means for the command that carries it."""

    FRESH = "fresh"
    OTHER_BODY = "other_body"
    UNDER_WAY = "under_way"


def is_key(text: str) -> bool:
    """Returns whether a text can be an idempotency key."""
    return _KEY.fullmatch(text) is not None


def digest_of(path: str, body: bytes) -> bytes:
    """Returns what tells one command from another: where it was sent, and the bytes of its body."""
    return hashlib.sha256(len(path).to_bytes(4, "big") + path.encode() + body).digest()


class Answers:
    """The answers to commands, by actor and key.

    A disk that takes nothing more stands before no command: the engine knows each key too, and does nothing twice.
    """

    def __init__(self, door: sqlite3.Connection) -> None:
        self._door = door
        self._under_way: dict[tuple[str, str], None] = {}

    def begin(self, actor: str, key: str, digest: bytes) -> Known | Begun:
        """Takes a key for a command before it is carried out.

        Gives: FRESH where it is to be carried out, also when it was begun by a process that died before it answered:
        the engine knows the key then, and does nothing twice. Needs: `end` follows a FRESH one, whatever happens.
        """
        if (actor, key) in self._under_way:
            return Begun.UNDER_WAY
        row = self._door.execute(
            "SELECT digest, status, body FROM answers WHERE actor = ? AND key = ?", (actor, key)
        ).fetchone()
        if row is not None and row[0] != digest:
            return Begun.OTHER_BODY
        if row is not None and row[1] is not None:
            return Known(status=row[1], body=row[2])
        if row is None:
            with suppress(sqlite3.Error), writing(self._door):
                number = self._door.execute(
                    "INSERT INTO answers (actor, key, digest) VALUES (?, ?, ?) RETURNING number", (actor, key, digest)
                ).fetchone()[0]
                self._door.execute("DELETE FROM answers WHERE number <= ?", (number - ANSWERS_MAX,))
        self._under_way[actor, key] = None
        return Begun.FRESH

    def end(self, actor: str, key: str, answer: Known | None) -> None:
        """Keeps the answer to a command; None where there is none to keep, and the same key may try again."""
        self._under_way.pop((actor, key), None)
        if answer is not None:
            with suppress(sqlite3.Error), writing(self._door):
                self._door.execute(
                    "UPDATE answers SET status = ?, body = ? WHERE actor = ? AND key = ?",
                    (answer.status, answer.body, actor, key),
                )
