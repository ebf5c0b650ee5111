"""The kinds of values a configuration holds: each says its unit, its range and what it means, once for all readers."""

from __future__ import annotations

import math
import re
from decimal import Decimal

import msgspec

from flatbook.values.money import parse_number, plain

WORTH_TEXT = r"[1-9][0-9]{0,11}"
NAME_TEXT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
INSTRUMENT_TEXT = r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,63}"
SECRET_TEXT = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}"
TICKER_TEXT = r"[A-Z][A-Z0-9.]{0,9}"
SYMBOL_TEXT = r"[A-Z0-9][A-Za-z0-9._/:-]{0,31}"
SECRET_LEAD = "secret:"
ADDRESS_TEXT = "0x[0-9a-f]{40}"
NUMBER_TEXT = r"-?[0-9]+(\.[0-9]+)?"
TEXT_MAX = 1024
SHOWN_MAX = 48


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """The range in which a number makes sense. `above` does not belong to it, `least` and `most` do."""

    unit: str
    most: Decimal
    least: Decimal | None = None
    above: Decimal | None = None

    def check(self, value: Decimal) -> None:
        """Passes when a value lies in the range.

        Errors: ValueError.
        """
        low = value > self.above if self.above is not None else self.least is None or value >= self.least
        if not low or value > self.most:
            raise ValueError(f"{plain(value)} is out of range: {self.text}")

    @property
    def text(self) -> str:
        """The range in words."""
        low = f"above {plain(self.above)}" if self.above is not None else f"from {plain(self.least or Decimal(0))}"
        return f"{low} to {plain(self.most)} {self.unit}"

    @property
    def sentence(self) -> str:
        """The range as a sentence."""
        return f"{self.text[0].upper()}{self.text[1:]}."


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a text. None: any text that can be seen."""

    pattern: str | None = None

    def check(self, value: str) -> None:
        """Passes when a text has the form.

        Errors: ValueError.
        """
        if not 0 < len(value) <= TEXT_MAX:
            raise ValueError(f"must have 1 to {TEXT_MAX} characters")
        if self.pattern is not None and not re.fullmatch(self.pattern, value, re.ASCII):
            raise ValueError(self._refusal(value, self.pattern))

    @staticmethod
    def _refusal(value: str, pattern: str) -> str:
        if pattern.startswith(SECRET_LEAD):  # What stands there may be the secret itself, which is never shown.
            return 'is no name of a secret: write "secret:NAME", and its place under [secrets]'
        same = [each for each in (value.lower(), value.upper()) if re.fullmatch(pattern, each, re.ASCII)]
        do = f": write {same[0]!r}" if same else ""
        return f"{value[:SHOWN_MAX]!r} does not have the form {pattern}{do}"


Rule = Range | Pattern


def amount(meaning: str, *, unit: str, most: str, least: str | None = None) -> msgspec.Meta:
    """Returns what is said of an exact number, stated as text; without `least` it is above zero."""
    above = Decimal(0) if least is None else None
    reach = Range(unit=unit, most=Decimal(most), above=above, least=Decimal(least) if least is not None else None)
    return msgspec.Meta(
        description=f"{meaning} {reach.sentence}",
        extra={"rule": reach},
        extra_json_schema={"pattern": f"^{NUMBER_TEXT}$"},
    )


def whole(meaning: str, *, unit: str, least: int, most: int) -> msgspec.Meta:
    """Returns what is said of a whole number."""
    reach = Range(unit=unit, least=Decimal(least), most=Decimal(most))
    return msgspec.Meta(
        description=f"{meaning} {reach.sentence}",
        extra={"rule": reach},
        extra_json_schema={"minimum": least, "maximum": most},
    )


def bps(meaning: str) -> msgspec.Meta:
    """Returns what is said of a number of basis points."""
    return whole(meaning, unit="basis points (100 are one percent)", least=1, most=5000)


def seconds(meaning: str, *, least: int, most: int) -> msgspec.Meta:
    """Returns what is said of a number of seconds."""
    return whole(meaning, unit="seconds", least=least, most=most)


def text(meaning: str, pattern: str | None = None) -> msgspec.Meta:
    """Returns what is said of a text; a pattern holds for all of it."""
    schema: dict[str, object] = {"minLength": 1, "maxLength": TEXT_MAX}
    if pattern is not None:
        schema["pattern"] = f"^{pattern}$"
    return msgspec.Meta(description=meaning, extra={"rule": Pattern(pattern=pattern)}, extra_json_schema=schema)


def said(meaning: str) -> msgspec.Meta:
    """Returns what is said of a value that has no rule of its own."""
    return msgspec.Meta(description=meaning)


def number_of(stated: object) -> Decimal:
    """Returns the exact number that a configuration states as text.

    Errors: ValueError that says how to write it, also when it has too many digits.
    """
    if isinstance(stated, bool) or not isinstance(stated, int | float | str):
        raise ValueError('an exact number in quotes is expected, such as "0.5"')
    if isinstance(stated, float):
        raise ValueError(f'a float is not exact: write "{_plain_text(stated)}" in quotes')
    if isinstance(stated, int):
        raise ValueError(f'money is stated as text: write "{stated}" in quotes')
    if not re.fullmatch(NUMBER_TEXT, stated, re.ASCII):
        raise ValueError(f'{stated[:SHOWN_MAX]!r} is no plain number: write digits and one point, such as "0.5"')
    return parse_number(stated)


def _plain_text(stated: float) -> str:
    return plain(Decimal(repr(stated))) if math.isfinite(stated) else "0.5"
