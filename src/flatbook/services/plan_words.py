"""What is wrong with a table of a plan, in the words of whoever wrote it: the key, what is wrong there, what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from flatbook.ops.config_names import KINDS, kinds_of_refusal, meant

Shape = TypeVar("Shape")

_AT = re.compile(r" - at `\$\.?(.*?)`$")
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_WORD = re.compile(r"Invalid enum value (.*)")


def shaped(stated: Any, shape: type[Shape], *keys: str) -> Shape:
    """Returns a table of a plan in its shape. `keys` say where the table stands.

    Errors: ValueError with the key, what is wrong there and what to do.
    """
    check_keys(stated, shape, *keys)
    try:
        return msgspec.convert(stated, shape)
    except msgspec.ValidationError as error:
        raise ValueError(_said(str(error), keys, shape)) from error


def check_keys(stated: Any, shape: Any, *keys: str) -> None:
    """Refuses a key that a table, or one in it, does not have: a word that was mistyped is told before what it lacks.

    Errors: ValueError with the key and the one that may be meant.
    """
    _check_keys(stated, msgspec.inspect.type_info(shape), keys)


def _check_keys(stated: Any, kind: Any, keys: tuple[str, ...]) -> None:
    if not isinstance(stated, dict):
        return
    if isinstance(kind, msgspec.inspect.UnionType):
        kind = _chosen([each for each in kind.types if isinstance(each, msgspec.inspect.StructType)], stated, keys)
    if isinstance(kind, msgspec.inspect.DictType):
        for name, each in stated.items():
            _check_keys(each, kind.value_type, (*keys, name))
    elif isinstance(kind, msgspec.inspect.StructType):
        known = {field.encode_name: field.type for field in kind.fields}
        _check_known(stated, [*([kind.tag_field] if kind.tag_field else ()), *known], keys)
        for name, each in stated.items():
            if name in known:
                _check_keys(each, known[name], (*keys, name))


def _chosen(shapes: list[msgspec.inspect.StructType], stated: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    """Returns the shape that a table says it is of, None where it does not say.

    Errors: ValueError where it says one that there is not, or has a key that no shape has.
    """
    tag_field = next((each.tag_field for each in shapes if each.tag_field is not None), None)
    if tag_field is None:
        return None
    found = next((each for each in shapes if each.tag == stated.get(tag_field)), None)
    if found is None:
        names = (field.encode_name for each in shapes for field in each.fields)
        _check_known(stated, [tag_field, *dict.fromkeys(names)], keys)
        if isinstance(told := stated.get(tag_field), str):
            choices = " or ".join(str(each.tag) for each in shapes)
            raise ValueError(f"{'.'.join((*keys, tag_field))} is {told!r}: state {choices}")
    return found


def _check_known(stated: Mapping[str, Any], known: Sequence[str], keys: tuple[str, ...]) -> None:
    for name in stated:
        if name not in known:
            close = meant(name, known) or f": name one of {', '.join(known)}"
            raise ValueError(f"there is no key {'.'.join((*keys, name))}{close}")


def _said(text: str, keys: tuple[str, ...], shape: Any) -> str:
    at = _AT.search(text)
    what, inside = (text, "") if at is None else (text[: at.start()], at[1].replace("[...]", ""))
    key = ".".join((*keys, inside) if inside else keys)
    if (missing := _MISSING.fullmatch(what)) is not None:
        return f"{_joined(key, missing[1])} is missing: state it"
    if (word := _WORD.fullmatch(what)) is not None and (choices := _choices(shape, inside)):
        return f"{key} is {word[1]}: state {' or '.join(choices)}"
    if (kinds := kinds_of_refusal(what)) is not None:
        return f"{key or 'it'}: {_of_kind(*kinds)}"
    return f"{key}: {what}" if key else what


def _of_kind(wanted: str, got: str) -> str:
    """Returns what is wanted; a fraction in TOML has become a text here, so that nothing is said of those."""
    return f"state {wanted}" if got == KINDS["str"] else f"state {wanted}, and not {got}"


def _choices(shape: Any, name: str) -> tuple[str, ...]:
    """Returns the words that a field may have; none where it is no field of words."""
    told = msgspec.inspect.type_info(shape)
    kinds = {each.name: each.type for each in told.fields} if isinstance(told, msgspec.inspect.StructType) else {}
    kind = kinds.get(name)
    return tuple(str(each.value) for each in kind.cls) if isinstance(kind, msgspec.inspect.EnumType) else ()


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
