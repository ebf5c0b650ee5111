"""Which moment an answer speaks of, and when that was last known to be the present one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from flatbook.values.ids import Seq, Underlying
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.sessions import CalendarEnded, session_at


class AsOf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest event that an answer knows, and when that was committed; None before the first one.

    Units: `seen_at` is when the journal was last read to its end, by the machine's clock, and stays away where an
    answer speaks of the past; after `age_s_max` seconds without a newer `seen_at` the answer is too old to trust.
    """

    seq: int
    at: str | None
    seen_at: str | None = None
    age_s_max: int | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What all answers that follow from the journal have."""

    as_of: AsOf


def as_of(seq: Seq, at: Instant | None) -> AsOf:
    """Returns the moment of an answer."""
    return AsOf(seq=seq, at=instant_or_none(at))


def body_of(answer: Answer) -> dict[str, Any]:
    """Returns an answer as tables, lists and texts, as it goes out as JSON."""
    body: dict[str, Any] = msgspec.to_builtins(answer)
    return body


def instant_or_none(at: Instant | None) -> str | None:
    """Returns an instant as text; None stays None."""
    return None if at is None else text_of_instant(at)


def session_or_none(at: Instant, underlying: Underlying, shares: Collection[Underlying]) -> str | None:
    """Returns the session of US shares at an instant; None where the tables do not cover it, and of all else."""
    if underlying not in shares:
        return None
    try:
        return session_at(at).kind.value
    except CalendarEnded:
        return None
