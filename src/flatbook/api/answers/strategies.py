"""The configuration of each strategy as fields: what each is, what runs with it, and what the files say now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import get_origin

import msgspec

from flatbook.ops.config import CHANGED, Loaded
from flatbook.ops.config_fields import Pattern, Range
from flatbook.ops.config_kinds import Kind, kinds_of
from flatbook.ops.config_match import shown
from flatbook.ops.config_read import Key, Problem, key_of_text, key_text
from flatbook.ops.config_section import Section
from flatbook.ops.config_shape import Config
from flatbook.risk.limits import Limits
from flatbook.values.money import plain

SET_LIMIT = "set-limit"
RISK = "risk"


class FieldKind(Enum):
    """What a field is filled with."""

    NUMBER = "number"
    WHOLE = "whole"
    YES_NO = "yes_no"
    CHOICE = "choice"
    CHOICES = "choices"
    LIST = "list"
    INSTANT = "instant"
    TEXT = "text"


class FieldBody(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a strategy. `running` is what runs with it, `stated` what the files say now; None where left out.

    `command` is what changes it while the engine runs; None where it is changed in the files, for the next start.
    Units: as `unit` says; `least` and `most` belong to the range, `above` does not.
    """

    name: str
    key: str
    kind: FieldKind
    meaning: str
    unit: str | None
    least: str | None
    above: str | None
    most: str | None
    pattern: str | None
    choices: list[str]
    required: bool
    usual: str | None
    running: str | None
    stated: str | None
    origin: str
    waits: bool
    command: str | None


class StrategyConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One section of the configuration that decides how a strategy trades, or by which limits."""

    key: str
    kind: str
    fields: list[FieldBody]


class ProblemOfConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a configuration: where it was stated, which key, and what to do."""

    where: str
    key: str
    what: str


class StrategiesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The strategies that run, and what waits in the files for the next start.

    `digest` names what runs, `digest_of_files` what the files say now: None where they are `refused`.
    """

    path: str
    digest: str
    digest_of_files: str | None
    refused: list[ProblemOfConfig]
    strategies: list[StrategyConfig]


class ChangeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a configuration with changes could start, and the changes as TOML. Nothing was written."""

    ok: bool
    problems: list[ProblemOfConfig]
    toml: str
    digest: str | None


def strategies_answer(running: Loaded, path: str, stated: Loaded | tuple[Problem, ...]) -> StrategiesAnswer:
    """Returns what runs beside what the files say now: another configuration, or why it is refused."""
    now = stated if isinstance(stated, Loaded) else running
    return StrategiesAnswer(
        path=path,
        digest=running.digest,
        digest_of_files=stated.digest if isinstance(stated, Loaded) else None,
        refused=[] if isinstance(stated, Loaded) else problems_of(stated),
        strategies=[
            StrategyConfig(key=key_text(key), kind=key[0], fields=list(_fields(key, section, running, now)))
            for key, section in sections_of(running.config)
        ],
    )


def sections_of(config: Config) -> Iterator[tuple[Key, Section]]:
    """Yields the sections that decide how strategies trade, and the limits of the desk."""
    for owner, grids in sorted(config.grid.items()):
        yield from ((("grid", owner, instrument), grid) for instrument, grid in sorted(grids.items()))
    for owner, hedges in sorted(config.hedges.items()):
        yield from ((("hedges", owner, underlying), hedge) for underlying, hedge in sorted(hedges.items()))
    yield (RISK,), config.risk


def problems_of(problems: tuple[Problem, ...]) -> list[ProblemOfConfig]:
    """Returns problems as programs read them."""
    return [ProblemOfConfig(where=each.origin, key=each.key, what=each.text) for each in problems]


def _fields(key: Key, section: Section, running: Loaded, stated: Loaded) -> Iterator[FieldBody]:
    told = {each.key: each for each in running.effective}
    now = {each.key: each for each in stated.effective}
    kinds = kinds_of(type(section))
    for field in msgspec.structs.fields(type(section)):
        kind, place = kinds[field.name], key_text((*key, field.name))
        if not is_leaf(kind):
            continue
        before, after = told.get(place), now.get(place)
        reach = kind.rule if isinstance(kind.rule, Range) else None
        usual = None if field.required or field.default in (msgspec.NODEFAULT, None, ()) else shown(field.default)
        yield FieldBody(
            name=field.name,
            key=place,
            kind=field_kind(kind),
            meaning=kind.meaning,
            unit=None if reach is None else reach.unit,
            least=None if reach is None or reach.least is None else plain(reach.least),
            above=None if reach is None or reach.above is None else plain(reach.above),
            most=None if reach is None else plain(reach.most),
            pattern=kind.rule.pattern if isinstance(kind.rule, Pattern) else None,
            choices=_choices(kind),
            required=field.required,
            usual=usual,
            running=None if before is None else before.value,
            stated=None if after is None else after.value,
            origin="" if after is None else after.origin,
            waits=(before and before.value) != (after and after.value),
            command=SET_LIMIT if key == (RISK,) and field.name in Limits.__struct_fields__ else None,
        )


def is_leaf(kind: Kind) -> bool:
    """Returns whether a value stands there, and no table."""
    return kind.section is None and not kind.choices and get_origin(kind.wanted) is not dict


def field_kind(kind: Kind) -> FieldKind:
    """Returns what a field is filled with."""
    if get_origin(kind.wanted) is tuple:
        return FieldKind.CHOICES if _choices(kind) else FieldKind.LIST
    if _choices(kind):
        return FieldKind.CHOICE
    plain_kinds: Mapping[type, FieldKind] = {
        Decimal: FieldKind.NUMBER,
        int: FieldKind.WHOLE,
        bool: FieldKind.YES_NO,
        datetime: FieldKind.INSTANT,
    }
    return plain_kinds.get(kind.wanted, FieldKind.TEXT)


def _choices(kind: Kind) -> list[str]:
    wanted = kind.parts[0].wanted if get_origin(kind.wanted) is tuple else kind.wanted
    return [str(member.value) for member in wanted] if isinstance(wanted, type) and issubclass(wanted, Enum) else []


def change_answer(
    key: str, section: Section, changes: Mapping[str, str | None], read: Loaded | tuple[Problem, ...]
) -> ChangeAnswer:
    """Returns whether a configuration with changes could start. `read` is that configuration, or why it is refused."""
    problems = _unheard(key, changes, read) if isinstance(read, Loaded) else problems_of(read)
    return ChangeAnswer(
        ok=not problems,
        problems=problems,
        toml=toml_of(key, kinds_of(type(section)), changes),
        digest=read.digest if isinstance(read, Loaded) and not problems else None,
    )


def _unheard(key: str, changes: Mapping[str, str | None], read: Loaded) -> list[ProblemOfConfig]:
    """Returns the changes that something above the files states otherwise."""
    now = {each.key: each for each in read.effective}
    lead = key_of_text(key)
    over = [(name, now.get(key_text((*lead, name)))) for name, text in changes.items() if text is not None]
    return [
        ProblemOfConfig(where=each.origin, key=each.key, what="is stated there, which comes before the files")
        for _, each in over
        if each is not None and each.origin != CHANGED
    ]


def toml_of(key: str, kinds: Mapping[str, Kind], changes: Mapping[str, str | None]) -> str:
    """Returns changes as a section of a configuration file; a value that is left out as a comment."""
    lines = [f"[{key}]"]
    for name, text in changes.items():
        lines.append(f"# {name}: take its line away" if text is None else f"{name} = {_literal(kinds[name], text)}")
    return "\n".join(lines) + "\n"


def _literal(kind: Kind, text: str) -> str:
    if get_origin(kind.wanted) is tuple:
        return "[" + ", ".join(_quoted(item.strip()) for item in text.split(",")) + "]"
    return text if kind.wanted in (int, bool, datetime) else _quoted(text)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
