"""How a part of a desk is, in one word."""

from __future__ import annotations

from enum import Enum


class PartState(Enum):
    """How a part is. What nobody knows is unknown, and never good."""

    GOOD = "good"
    LATE = "late"
    BAD = "bad"
    UNKNOWN = "unknown"
