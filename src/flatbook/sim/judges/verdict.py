"""What judges say of a world: each broken invariant with its evidence, and figures."""

from __future__ import annotations

import msgspec

from flatbook.values.instants import Instant


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """An invariant that did not hold at an instant, and what shows it."""

    invariant: str
    at: Instant
    what: str
    evidence: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How well a world went.

    Units: nanoseconds. `above` are the stretches in which a true net stood at or above its threshold, `unknown` how
    long orders were unknown, `hedged` from the block of a fill to the first order that it caused at a venue.
    """

    above: tuple[int, ...]
    unknown: tuple[int, ...]
    hedged: tuple[int, ...]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The word of all judges on one record; `left_off` counts violations beyond the bound of each invariant."""

    violations: tuple[Violation, ...]
    left_off: int
    figures: Figures


class NotYet(msgspec.Struct, frozen=True, kw_only=True):
    """An invariant whose room does not exist yet."""

    room: str
    predicate: str
