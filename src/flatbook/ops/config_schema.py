"""The JSON Schema of a configuration, and its reference as tables, both made from the shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any, get_origin

import msgspec

from flatbook.ops.config_kinds import Kind, kinds_of, tag_key_of
from flatbook.ops.config_match import shown
from flatbook.ops.config_section import Section
from flatbook.ops.config_shape import Config

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMES = {
    "chains": "NAME",
    "stablecoins": "ASSET",
    "tokens": "ASSET",
    "ratios": "BLOCK",
    "owners": "OWNER",
    "vaults": "CHAIN",
    "inventories": "ADDRESS",
    "accounts": "NAME",
    "coins": "ASSET",
    "holdings": "SYMBOL",
    "instruments": "ID",
    "generations": "ADDRESS",
    "nodes": "NODE",
    "prices": "NAME",
    "feeds": "TICKER",
    "files": "UNDERLYING",
    "marks": "ASSET",
    "renames": "TICKER",
    "secrets": "NAME",
    "channels": "NAME",
    "wallets": "NAME",
    "moves": "ASSET",
    "jurisdictions": "NAME",
    "monitors": "NAME",
    "breakers": "OWNER",
    "cash": "ASSET",
    "rates": "ID",
    "margin": "ID",
    "tiers": "WORTH",
    "reconcile": "ACCOUNT",
    "allowed": "KIND",
}


def config_schema() -> dict[str, Any]:
    """Returns the JSON Schema of flatbook.toml."""
    made = msgspec.json.schema(Config)
    return {"$schema": DIALECT, "title": "flatbook.toml", **made}


def schema_text() -> str:
    """Returns the JSON Schema as text, the same on every machine."""
    return json.dumps(config_schema(), indent=2) + "\n"


def reference() -> str:
    """Returns the reference of all sections, as tables in Markdown."""
    return "\n".join(_section(Config, "", {})).strip() + "\n"


def _section(shape: type[Section], path: str, told: dict[tuple[type[Section], str], None]) -> Iterator[str]:
    """Yields the table of a section, then those of the sections inside it; what was told before is left out."""
    if (shape, path) in told:
        return
    told[shape, path] = None
    kinds, tag_key, tag = kinds_of(shape), tag_key_of(shape), shape.__struct_config__.tag
    fields = {field.name: field for field in msgspec.structs.fields(shape)}
    plain_keys = [name for name in kinds if not _inside(kinds[name], name, path)]
    yield f"### {f'[{path}]' if path else 'Top level'}{f', {tag_key} = {tag}' if tag_key else ''}"
    yield ""
    if path:
        yield f"{(shape.__doc__ or '').strip()}"
        yield ""
    if plain_keys or tag_key:
        yield "| key | value | default | meaning |"
        yield "|---|---|---|---|"
    if tag_key:
        yield f"| `{tag_key}` | `{tag}` | required | Which of its kinds this is. |"
    for name in plain_keys:
        yield f"| `{name}` | {_value(kinds[name])} | {_default(fields[name])} | {kinds[name].meaning} |"
    if plain_keys or tag_key:
        yield ""
    for name, kind in kinds.items():
        for inner, inner_path in _inside(kind, name, path):
            yield from _section(inner, inner_path, told) if inner is not None else _names(kind, inner_path, told)


def _inside(kind: Kind, name: str, path: str) -> list[tuple[type[Section] | None, str]]:
    """Returns the section, or table of names, that stands under a key, with its path; nothing for a plain value."""
    place = f"{path}.{name}" if path else name
    if kind.section is not None:
        return [(kind.section, place)]
    if get_origin(kind.wanted) is not dict:
        return []
    value = kind.parts[1]
    if value.choices:
        return [(choice, f"{place}.{NAMES[name]}") for choice in value.choices.values()]
    if get_origin(value.wanted) is dict:
        return [(value.parts[1].section, f"{place}.OWNER.UNDERLYING")]
    return [(value.section, f"{place}.{NAMES[name]}" if value.section is not None else place)]


def _names(kind: Kind, path: str, told: dict[tuple[type[Section], str], None]) -> Iterator[str]:
    if (Section, path) in told:
        return
    told[Section, path] = None
    key, value = kind.parts
    name = NAMES[path.rsplit(".", 1)[-1]]
    yield f"### [{path}]"
    yield ""
    yield kind.meaning or value.meaning
    yield ""
    yield "| key | value | meaning |"
    yield "|---|---|---|"
    yield f"| `{name}` | {_value(value)} | {value.meaning or key.meaning} |"
    yield ""


def _value(kind: Kind) -> str:
    if get_origin(kind.wanted) is tuple:
        return f"list of {_value(kind.parts[0])}"
    if isinstance(kind.wanted, type) and issubclass(kind.wanted, Enum):
        return " ".join(f"`{member.value}`" for member in kind.wanted)
    words = {Decimal: "exact number", int: "whole number", bool: "true or false", str: "text"}
    return words.get(kind.wanted, "instant")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default in (msgspec.NODEFAULT, None, ()):
        return "none"
    return f"`{shown(field.default)}`"
