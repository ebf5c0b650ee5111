"""Whether the API of a home answers: what listens on its port may be that of another desk, or no API at all."""

from __future__ import annotations

import os
import sqlite3
from http.client import HTTPConnection, HTTPException

from flatbook.api.access_scopes import Scope
from flatbook.api.access_tokens import TokenRefused, create_token, revoke_token
from flatbook.values.instants import Instant

HOST = "127.0.0.1"
LOOK_S = 2
KNOWN = 200


def address_of(port: int) -> str:
    """Returns where an API of this machine listens."""
    return f"http://{HOST}:{port}"


def shows_token(port: int, token: str) -> bool:
    """Returns whether an API that knows this token answers, so that it is the one of the home that made it."""
    asked = HTTPConnection(HOST, port, timeout=LOOK_S)
    try:
        asked.request("GET", "/api/v1/session", headers={"Authorization": f"Bearer {token}"})
        return asked.getresponse().status == KNOWN
    except (OSError, HTTPException):
        return False
    finally:
        asked.close()


def is_ours(door: sqlite3.Connection, port: int, now: Instant) -> bool:
    """Returns whether the API of the home whose door this is answers; it is asked with a token that then is revoked.

    Where there are as many tokens as there may be it cannot be asked, and is taken to be there.
    """
    name = f"look-{os.getpid()}"
    try:
        token = create_token(door, name, Scope.READ, days=1, now=now)
    except TokenRefused:
        return True
    try:
        return shows_token(port, token)
    finally:
        revoke_token(door, name)
