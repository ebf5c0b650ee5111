"""What runners of golden cases share: the shape of a case, how to skip one, and how to compare."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Case = Mapping[str, Any]
Runner = Callable[[Case], str | None]


class NotDue(Exception):
    """The product has no place yet for what a case tests, or no program can compare it. Carries why."""


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """Returns the first field of `found` that a case wants otherwise, None when all it wants are equal.

    Fields that a case wants and `found` does not have are for people and are not compared; one at least must be.
    """
    compared = [name for name in wanted if name in found]
    if not compared:
        return f"nothing to compare: the case states none of {', '.join(found)}"
    for name in compared:
        if not is_equal(wanted[name], found[name]):
            return f"{name}: expected {wanted[name]!r}, found {shown(found[name])!r}"
    return None


def is_equal(wanted: Any, found: Any) -> bool:
    """True for equal values: a found number is compared by value, a found text without regard to case."""
    if isinstance(found, bool) or wanted is None or found is None:
        return wanted is found
    if isinstance(found, int | Decimal):
        return not isinstance(wanted, bool) and as_number(wanted) == found
    if isinstance(found, list):
        return isinstance(wanted, list) and len(wanted) == len(found) and all(map(is_equal, wanted, found))
    return isinstance(wanted, str) and wanted.lower() == str(found).lower()


def as_number(value: Any) -> Decimal | None:
    """Returns the decimal that an integer, a decimal or a text states, None when it states none."""
    if isinstance(value, str) and value.lower().startswith("0x"):
        return None
    try:
        return Decimal(value) if isinstance(value, str | int | Decimal) else None
    except decimal.InvalidOperation:
        return None


def shown(value: Any) -> str:
    """Returns a value as a failing case shows it."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
