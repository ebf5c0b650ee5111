"""The file of the door: what it must know after a restart, in SQLite, readable by its owner only.

Secrets stand in it as SHA-256 only: each is drawn with 256 bits, so that no slow hash is needed against guessing.
The command line writes tokens and links into the same file while the API runs; nothing of it is kept in memory.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE_MODE = 0o600
SECRET_BYTES = 32
BUSY_TIMEOUT_S = 5.0
SCHEMA_VERSION = 1
APPLICATION_ID = 0x666C6264

SCHEMA = (
    "CREATE TABLE door (one INTEGER PRIMARY KEY CHECK (one = 1), csrf_key BLOB NOT NULL)",
    "CREATE TABLE links (hash BLOB PRIMARY KEY, ends_at INTEGER NOT NULL)",
    """CREATE TABLE sessions (
        number INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL, scope TEXT NOT NULL, started_at INTEGER NOT NULL,
        ends_at INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE, rotated_at INTEGER NOT NULL, next_hash BLOB UNIQUE,
        next_at INTEGER, last_hash BLOB, last_until INTEGER)""",
    "CREATE INDEX sessions_by_last ON sessions (last_hash)",
    """CREATE TABLE tokens (
        number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, scope TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE, made_at INTEGER NOT NULL, ends_at INTEGER NOT NULL)""",
    """CREATE TABLE answers (
        number INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL,
        status INTEGER, body BLOB, UNIQUE (actor, key))""",
    "CREATE TABLE jobs (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL)",
    """CREATE TABLE attempts (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, last_at INTEGER NOT NULL, times INTEGER NOT NULL,
        actor TEXT NOT NULL, act TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL)""",
)


class DoorUnusable(Exception):
    """The file of the door cannot be used. Says why, and what to do."""


def open_door_file(path: Path, *, busy_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Opens the file of the door, and makes it where there is none.

    Units: `busy_s` seconds to wait while another process writes to it.
    Needs: it is used by one thread at a time, not always by the one that opened it.
    Errors: DoorUnusable.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, FILE_MODE))
        path.chmod(FILE_MODE)
        connection = sqlite3.connect(path, isolation_level=None, timeout=busy_s, check_same_thread=False)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        with writing(connection):
            _make_schema(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise DoorUnusable(f"{path} cannot be used: {error}; move it away and log in anew") from error
    return connection


def _make_schema(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    if version:
        raise DoorUnusable(f"{path} was made by another version of flatbook: move it away and log in anew")
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO door VALUES (1, ?)", (os.urandom(SECRET_BYTES),))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Makes what is written within durable together, or none of it."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield


def new_secret(prefix: str) -> str:
    """Returns a new secret text of lower-case letters and digits that nobody can guess."""
    return prefix + base64.b32encode(os.urandom(SECRET_BYTES)).decode().rstrip("=").lower()


def hash_of(secret: str) -> bytes:
    """Returns what is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()
