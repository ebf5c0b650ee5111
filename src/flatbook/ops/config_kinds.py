"""What the shape of a configuration wants at each place, read from its annotations."""

from __future__ import annotations

import typing
from collections.abc import Iterable
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from flatbook.ops.config_fields import Rule
from flatbook.ops.config_section import Section


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What the shape wants at one place: a type without its annotations, its rule and its meaning."""

    wanted: Any
    rule: Rule | None
    meaning: str

    @property
    def section(self) -> type[Section] | None:
        """The section that is wanted, if one is."""
        return self.wanted if isinstance(self.wanted, type) and issubclass(self.wanted, Section) else None

    @property
    def choices(self) -> dict[str, type[Section]]:
        """The sections of which one is wanted, by their tag; none where one alone is wanted, or a value."""
        options = [option for option in get_args(self.wanted) if isinstance(option, type)]
        is_union = get_origin(self.wanted) in (UnionType, Union)
        tagged = [option for option in options if is_union and issubclass(option, Section)]
        return {str(option.__struct_config__.tag): option for option in tagged}

    @property
    def parts(self) -> tuple[Kind, ...]:
        """The kinds inside: key and value of a table of names, or the item of a list."""
        return tuple(kind_of(part) for part in get_args(self.wanted) if part is not Ellipsis)


def kind_of(hint: Any) -> Kind:
    """Returns what an annotation wants; of several things said about it the outermost counts."""
    metas = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    wanted = get_args(hint)[0] if metas else hint
    options = [option for option in get_args(wanted) if option is not NoneType]
    if NoneType in get_args(wanted):
        (wanted,) = options
    rules = [meta.extra["rule"] for meta in metas if meta.extra]
    return Kind(wanted=wanted, rule=rules[-1] if rules else None, meaning=metas[-1].description if metas else "")


@cache
def kinds_of(shape: type[Section]) -> dict[str, Kind]:
    """Returns what a section wants under each of its keys."""
    hints = typing.get_type_hints(shape, include_extras=True)
    return {name: kind_of(hint) for name, hint in hints.items()}


def tag_key_of(shape: type[Section]) -> str | None:
    """Returns the key that tells a section from others that may stand in its place, None where none may."""
    return shape.__struct_config__.tag_field


def keys_of(shape: type[Section]) -> tuple[str, ...]:
    """Returns every key that a shape has in it, at any depth, once."""
    tag_key = tag_key_of(shape)
    found: dict[str, None] = {} if tag_key is None else {tag_key: None}
    for name, kind in kinds_of(shape).items():
        found[name] = None
        for inner in sections_in(kind):
            found |= dict.fromkeys(keys_of(inner))
    return tuple(found)


def sections_in(kind: Kind) -> Iterable[type[Section]]:
    """Yields the sections that stand at a place or, under names of the operator's choice, inside it."""
    if kind.section is not None:
        yield kind.section
    for part in kind.parts:
        yield from sections_in(part)
