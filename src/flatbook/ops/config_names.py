"""What is said of what does not fit: behind a name that is not known the one that was likely meant, or those that
there are; of a value of another kind the kind that is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

OFFERED_MAX = 12
KINDS = {
    "int": "a whole number",
    "decimal": 'a number in quotes, such as "100.5"',
    "str": "a text",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
    "date": "a date",
    "datetime": "a time",
    "null": "nothing",
}
_KIND = re.compile(r"Expected `(.*?)`, got `(.*?)`")


def meant(part: str, known: Iterable[str]) -> str:
    """Returns a question for the closest known name, or nothing."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(part.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


def offered(part: str, known: Collection[str]) -> str:
    """Returns a question for the closest known name, or the first known ones, or that there is none."""
    first = ", ".join(list(known)[:OFFERED_MAX]) + (", ..." if len(known) > OFFERED_MAX else "")
    return meant(part, known) or (f"; there are {first}" if known else "; none is stated")


def kinds_of_refusal(text: str) -> tuple[str, str] | None:
    """Returns the kind that is wanted and the one that was stated, in words, where a text says that they differ."""
    if (found := _KIND.fullmatch(text)) is None:
        return None
    named = [each.strip() for each in found[1].split("|") if each.strip() != "null"]
    return " or ".join(KINDS.get(each, each) for each in named), KINDS.get(found[2], found[2]).partition(",")[0]
