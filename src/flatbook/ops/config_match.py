"""Matches what was stated with the shape of a configuration, and says all that does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, get_origin

import msgspec

from flatbook.ops.config_fields import Pattern, Range, Rule, number_of
from flatbook.ops.config_kinds import Kind, kinds_of, tag_key_of
from flatbook.ops.config_names import kinds_of_refusal, meant
from flatbook.ops.config_read import Key, Problem, Stated, Tree, key_text
from flatbook.ops.config_section import Section
from flatbook.values.money import plain

PROBLEMS_MAX = 100
DEFAULT = "default"


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """One value in force: its key, its text and where it came from."""

    key: str
    value: str
    origin: str


class Match:
    """One walk over a tree: the values in force and the problems, in the order of the shape."""

    def __init__(self) -> None:
        self.effective: list[Effective] = []
        self.problems: list[Problem] = []

    def refuse(self, origin: str, key: Key, text: str) -> None:
        """Notes a problem; after PROBLEMS_MAX the rest is left out."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(origin=origin, key=key_text(key), text=text))

    def section(self, shape: type[Section], tree: Tree, key: Key) -> dict[str, Any]:
        """Returns the values of a section, converted; unknown and missing keys become problems."""
        kinds, found = kinds_of(shape), {}
        for part in tree:
            if part not in kinds:
                self.refuse(origin_of(tree[part]), (*key, part), f"is no key of this section{meant(part, kinds)}")
        for field in msgspec.structs.fields(shape):
            name, kind = field.name, kinds[field.name]
            if name in tree:
                found[name] = self.value(kind, tree[name], (*key, name))
            elif field.required:
                self.refuse(origin_of(tree), (*key, name), f"is missing. {kind.meaning}")
            else:
                self._default(field.default if field.default is not msgspec.NODEFAULT else None, (*key, name))
        return found

    def _default(self, value: Any, key: Key) -> None:
        if isinstance(value, Section):
            for name in value.__struct_fields__:
                self._default(getattr(value, name), (*key, name))
        elif value is not None and value != ():
            self.effective.append(Effective(key=key_text(key), value=shown(value), origin=DEFAULT))

    def value(self, kind: Kind, node: Any, key: Key) -> Any:
        """Returns a value or table, converted to what the shape wants there; None where it does not fit."""
        is_table = kind.section is not None or bool(kind.choices) or get_origin(kind.wanted) is dict
        if is_table and not isinstance(node, dict):
            brackets = " with one pair of brackets" if isinstance(node.value, list) else ""
            self.refuse(node.origin, key, f"is a table: write [{key_text(key)}]{brackets} and its keys below it")
            return None
        if kind.section is not None:
            return self.section(kind.section, node, key)
        if kind.choices:
            return self._chosen(kind.choices, node, key)
        if is_table:
            return self._named(kind, node, key)
        if isinstance(node, dict):
            self.refuse(origin_of(node), key, f"is a table, and a value is expected. {kind.meaning}")
            return None
        return self._leaf(kind, node, key)

    def _chosen(self, choices: Mapping[str, type[Section]], tree: Tree, key: Key) -> dict[str, Any] | None:
        """Returns the values of the section that the tag of a table chooses, with the tag."""
        tag_key = tag_key_of(next(iter(choices.values()))) or ""
        stated = tree.get(tag_key)
        if not isinstance(stated, Stated):
            self.refuse(origin_of(tree), (*key, tag_key), f"is missing: one of {', '.join(choices)}")
            return None
        tag = str(stated.value)
        if tag not in choices:
            text = f"{shown(stated.value)!r} is none of {', '.join(choices)}{meant(tag, choices)}"
            self.refuse(stated.origin, (*key, tag_key), text)
            return None
        self.effective.append(Effective(key=key_text((*key, tag_key)), value=tag, origin=stated.origin))
        rest = {part: node for part, node in tree.items() if part != tag_key}
        return {tag_key: tag, **self.section(choices[tag], rest, key)}

    def _named(self, kind: Kind, tree: Tree, key: Key) -> dict[str, Any]:
        name_kind, value_kind = kind.parts
        found = {}
        for name, node in tree.items():
            try:
                converted(name_kind, name)
            except ValueError as error:
                self.refuse(origin_of(node), (*key, name), f"is no name for this place: {error}")
                continue
            found[name] = self.value(value_kind, node, (*key, name))
        return found

    def _leaf(self, kind: Kind, stated: Stated, key: Key) -> Any:
        try:
            value = converted(kind, stated.value, as_text=stated.as_text)
        except (msgspec.ValidationError, ValueError) as error:
            self.refuse(stated.origin, key, _refusal(kind, str(error)))
            return None
        self.effective.append(Effective(key=key_text(key), value=shown(value), origin=stated.origin))
        return value


def _refusal(kind: Kind, text: str) -> str:
    """Returns what is wrong with a value, and what it means; a range is said once."""
    kinds = kinds_of_refusal(text)
    said = text if kinds is None else f"{kinds[0]} is expected, and not {kinds[1]}"
    meaning = kind.meaning
    if isinstance(kind.rule, Range) and kind.rule.text in said:
        meaning = meaning.removesuffix(kind.rule.sentence)
    meaning = meaning.strip().rstrip(".")
    return f"{said} ({meaning})" if meaning else said


def converted(kind: Kind, value: Any, *, as_text: bool = False) -> Any:
    """Returns a value as the shape wants it. `as_text`: it comes from where all is text.

    Errors: ValueError or msgspec.ValidationError.
    """
    if get_origin(kind.wanted) is tuple:
        return _items(kind, [item.strip() for item in value.split(",")] if as_text else value)
    if kind.wanted is Decimal:
        return _checked(kind.rule, number_of(value))
    if isinstance(kind.wanted, type) and issubclass(kind.wanted, Enum):
        return _member(kind.wanted, value)
    if isinstance(value, float) and isinstance(kind.rule, Range):
        raise ValueError(f"{value} is no whole number of {kind.rule.unit}")
    return _checked(kind.rule, msgspec.convert(value, kind.wanted, strict=not as_text))


def _items(kind: Kind, items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise ValueError('a list is expected, such as ["a", "b"]')
    found = [converted(kind.parts[0], item) for item in items]
    if len(set(map(str, found))) != len(found):
        raise ValueError("an entry stands twice")
    return found


def _member(wanted: type[Enum], value: Any) -> Enum:
    members = {str(member.value): member for member in wanted}
    if not isinstance(value, str) or value not in members:
        raise ValueError(f"{shown(value)!r} is none of {', '.join(members)}{meant(str(value), members)}")
    return members[value]


def _checked(rule: Rule | None, value: Any) -> Any:
    if isinstance(value, str) and not value.isprintable():
        raise ValueError("has a character that cannot be seen")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("an instant with its zone is expected, such as 2025-10-31T13:30:00Z")
    if isinstance(rule, Range):
        rule.check(Decimal(value))
    if isinstance(rule, Pattern):
        rule.check(value)
    return value


def origin_of(node: Any) -> str:
    """Returns where a value, or the first value of a table, was stated."""
    while isinstance(node, dict):
        node = next(iter(node.values()), None)
    return node.origin if isinstance(node, Stated) else ""


def shown(value: Any) -> str:
    """Returns a value as it is shown: numbers plain, lists with commas, long texts cut."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return str(value)
