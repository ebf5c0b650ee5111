"""How each strategy is configured, what waits in the files, and whether a change could start: nothing is written."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody
from msgspec import Meta

from flatbook.api.answers.strategies import (
    ChangeAnswer,
    StrategiesAnswer,
    change_answer,
    is_leaf,
    sections_of,
    strategies_answer,
)
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import READ, AtSite, problems, reading
from flatbook.ops.config import Loaded, load, load_changed
from flatbook.ops.config_kinds import kinds_of
from flatbook.ops.config_read import ConfigRefused, Key, key_text
from flatbook.ops.config_read import Problem as Flaw
from flatbook.ops.config_section import Section

KEY_TEXT_MAX, VALUE_TEXT_MAX, CHANGES_MAX = 256, 1_024, 64
TEXT = r"^[^\x00-\x1f\x7f]*(?!\n)$"

Text = Annotated[str, Meta(min_length=1, max_length=VALUE_TEXT_MAX, pattern=TEXT)]


class ChangeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value that is stated otherwise; None leaves it out."""

    name: Annotated[str, Meta(min_length=1, max_length=KEY_TEXT_MAX, pattern=TEXT)]
    to: Text | None


class CheckChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of one section, by the names of its fields; of two changes of a field the later one counts."""

    key: Annotated[str, Meta(min_length=1, max_length=KEY_TEXT_MAX, pattern=TEXT)]
    changes: Annotated[list[ChangeBody], Meta(min_length=1, max_length=CHANGES_MAX)]


@reading("/strategies", "How each strategy is configured", tag="desk")
async def strategies(site: AtSite) -> StrategiesAnswer:
    """Returns each value with its unit and bounds, what runs with it, and what the files say now."""
    stated = await asyncio.to_thread(_read, partial(load, site.home, path=site.config_path))
    return strategies_answer(site.loaded, str(site.config_path), stated)


@post(
    "/api/v1/strategies/check",
    opt=READ,
    tags=["desk"],
    summary="Whether a changed configuration could start",
    status_code=200,
    responses=problems(400, 401, 403, 404, 413, 415, 422, 429),
)
async def check_change(data: JSONBody[CheckChange], site: AtSite) -> ChangeAnswer:
    """Says what is wrong with a change, and the change as TOML for the files. It writes nothing."""
    key, section = _section(site.loaded, data.key)
    kinds = kinds_of(type(section))
    changes = {each.name: each.to for each in data.changes}
    for name in changes:
        if name not in kinds or not is_leaf(kinds[name]):
            raise Problem(404, Code.NOT_FOUND, f"{data.key} has no value {name[:40]!r}")
    keyed = {(*key, name): text for name, text in changes.items()}
    read = await asyncio.to_thread(_read, partial(load_changed, site.home, keyed, path=site.config_path))
    return change_answer(data.key, section, changes, read)


def _section(running: Loaded, named: str) -> tuple[Key, Section]:
    for key, section in sections_of(running.config):
        if key_text(key) == named:
            return key, section
    raise Problem(404, Code.NOT_FOUND, f"no strategy is configured under {named[:80]!r}")


def _read(read: partial[Loaded]) -> Loaded | tuple[Flaw, ...]:
    try:
        return read()
    except ConfigRefused as refused:
        return refused.problems


ROUTES = (strategies, check_change)
