"""Whole numbers in the texts of requests."""

from __future__ import annotations

DIGITS_MAX = 18


def is_whole(text: str) -> bool:
    """Whether a text is a whole number, not below zero, of a size that may be."""
    return text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX


def whole_of(text: str, otherwise: int) -> int:
    """Returns the whole number that a text is, or something else where it is none."""
    return int(text) if is_whole(text) else otherwise
