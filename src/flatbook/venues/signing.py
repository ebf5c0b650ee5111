"""What the request signatures of venues have in common: keyed hashes of a text, and numbers that only rise.

What is signed stands in the folder of each venue, as `signing.py`. Secrets come in as text, and nothing is kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from enum import Enum

from flatbook.values.instants import NS_PER_MS, Instant


class Hash(Enum):
    """The hash inside a keyed hash."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


_SHA256 = Hash.SHA256


def hmac_hex(secret: str, message: str, hashed: Hash = Hash.SHA256) -> str:
    """Returns the keyed hash of a text in hexadecimal digits. Source: RFC 2104."""
    name = "sha256" if hashed is _SHA256 else hashed.value  # the value of a member is looked up slowly
    return hmac.digest(secret.encode(), message.encode(), name).hex()


def hmac_base64(secret: str, message: str, hashed: Hash = Hash.SHA256) -> str:
    """Returns the keyed hash of a text in base64. Source: RFC 2104, RFC 4648."""
    return base64.b64encode(hmac.digest(secret.encode(), message.encode(), hashed.value)).decode()


def sha512_hex(text: str) -> str:
    """Returns the SHA-512 of a text in hexadecimal digits."""
    return hashlib.sha512(text.encode()).hexdigest()


class Nonces:
    """Numbers for one key that rise with every request, also within one millisecond and when our clock steps back.

    Whoever takes one hands its request over before the next one is taken, so that requests leave in their order.
    """

    def __init__(self) -> None:
        self._last = 0

    def take(self, now: Instant) -> int:
        """Returns the next number: the millisecond, or one above the last number taken. Units: milliseconds."""
        self._last = max(now // NS_PER_MS, self._last + 1)
        return self._last
