"""What is said when a tape cannot be used; it needs no package, so that a verb can know it."""

from __future__ import annotations


class TapeRefused(ValueError):
    """A tape, or what one is to be made of, cannot be used. Says where, why, and what to do."""
