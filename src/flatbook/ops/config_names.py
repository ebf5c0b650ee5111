"""What is said behind a name that is not known: the one that was likely meant, or those that there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

OFFERED_MAX = 12


def meant(part: str, known: Iterable[str]) -> str:
    """Returns a question for the closest known name, or nothing."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(part.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


def offered(part: str, known: Collection[str]) -> str:
    """Returns a question for the closest known name, or the first known ones, or that there is none."""
    first = ", ".join(list(known)[:OFFERED_MAX]) + (", ..." if len(known) > OFFERED_MAX else "")
    return meant(part, known) or (f"; there are {first}" if known else "; none is stated")
