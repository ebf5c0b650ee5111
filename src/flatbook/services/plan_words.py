"""What is wrong with a table of a plan, in the words of whoever wrote it: the key, what is wrong there, what to do."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape")

_AT = re.compile(r" - at `\$\.?(.*?)`$")
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`")
_WORD = re.compile(r"Invalid enum value (.*)")
_KIND = re.compile(r"Expected `(.*?)`, got `(.*?)`")
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


def shaped(stated: Any, shape: type[Shape], *keys: str) -> Shape:
    """Returns a table of a plan in its shape. `keys` say where the table stands.

    Errors: ValueError with the key, what is wrong there and what to do.
    """
    try:
        return msgspec.convert(stated, shape)
    except msgspec.ValidationError as error:
        raise ValueError(_said(str(error), keys, shape)) from error


def _said(text: str, keys: tuple[str, ...], shape: Any) -> str:
    at = _AT.search(text)
    what, inside = (text, "") if at is None else (text[: at.start()], at[1].replace("[...]", ""))
    key = ".".join((*keys, inside) if inside else keys)
    if (missing := _MISSING.fullmatch(what)) is not None:
        return f"{_joined(key, missing[1])} is missing: state it"
    if (unknown := _UNKNOWN.fullmatch(what)) is not None:
        return f"there is no key {_joined(key, unknown[1])}: leave it out"
    if (word := _WORD.fullmatch(what)) is not None and (choices := _choices(shape, inside)):
        return f"{key} is {word[1]}: state {' or '.join(choices)}"
    if (kinds := _KIND.fullmatch(what)) is not None:
        return f"{key or 'it'}: {_of_kind(kinds[1].split('|'), kinds[2])}"
    return f"{key}: {what}" if key else what


def _of_kind(wanted: list[str], got: str) -> str:
    """Returns what is wanted; a fraction in TOML has become a text here, so that nothing is said of those."""
    named = [each.strip() for each in wanted if each.strip() != "null"]
    state = f"state {' or '.join(KINDS.get(each, each) for each in named)}"
    return state if got == "str" else f"{state}, and not {KINDS.get(got, got).partition(',')[0]}"


def _choices(shape: Any, name: str) -> tuple[str, ...]:
    """Returns the words that a field may have; none where it is no field of words."""
    told = msgspec.inspect.type_info(shape)
    kinds = {each.name: each.type for each in told.fields} if isinstance(told, msgspec.inspect.StructType) else {}
    kind = kinds.get(name)
    return tuple(str(each.value) for each in kind.cls) if isinstance(kind, msgspec.inspect.EnumType) else ()


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
