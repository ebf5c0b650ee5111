"""Chance that repeats: every draw is a function of (seed, name, key), so that a new draw shifts no other."""

from __future__ import annotations

import hashlib
import random

BPS_WHOLE = 10_000


def draw(seed: str, name: str, key: str, *, below: int) -> int:
    """Returns an int in [0, below), the same for the same arguments in every run and process.

    Needs: `below` is far under 2**64, so that the remainder favours no value that anybody could notice.
    Errors: ValueError when `below` is not above zero.
    """
    if below <= 0:
        raise ValueError(f"a draw below {below} has no value")
    return int.from_bytes(digest(seed, name, key)[:8], "big") % below


def happens(seed: str, name: str, key: str, *, bps: int) -> bool:
    """Returns whether a thing of this chance happens. Units: basis points, 10,000 is always."""
    return draw(seed, name, key, below=BPS_WHOLE) < bps


def digest(*parts: str) -> bytes:
    """Returns 32 bytes that are determined by the parts and by their borders."""
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in (text.encode() for text in parts))
    return hashlib.blake2b(framed, digest_size=32).digest()


def stream(seed: str, name: str) -> random.Random:
    """Returns a source of chance that belongs to a name alone: what others draw shifts nothing here."""
    return random.Random(digest(seed, name))  # noqa: S311 - chance that repeats is what a simulator is for
