"""Amounts as venues state them, refused where their sign cannot be."""

from __future__ import annotations

from decimal import Decimal

from flatbook.values.money import ZERO, Quantity, check_number, parse_number

Stated = str | int | Decimal


def amount_of(stated: Stated) -> Quantity:
    """Returns the exact number that a venue states.

    Errors: NumberRefused (a ValueError) when it is no finite number, or has more than 38 digits or 18 decimals.
    """
    return Quantity(check_number(stated) if isinstance(stated, Decimal) else parse_number(str(stated)))


def above_zero(stated: Stated) -> Quantity:
    """Returns a number above zero. Errors: ValueError."""
    number = amount_of(stated)
    if not number > ZERO:
        raise ValueError(f"{stated} is not above zero")
    return number


def not_negative(stated: Stated) -> Quantity:
    """Returns a number that is zero or above. Errors: ValueError."""
    number = amount_of(stated)
    if number < ZERO:
        raise ValueError(f"{stated} is below zero")
    return number
