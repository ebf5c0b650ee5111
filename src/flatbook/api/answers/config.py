"""Every value in force and where it comes from; of secrets only their place."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from flatbook.ops.config import Loaded, places_of
from flatbook.ops.config_read import key_text
from flatbook.ops.secrets import list_secrets

MORE = "/..."


class ValueBody(msgspec.Struct, frozen=True, kw_only=True):
    """One value in force: a file and line, the environment, or the default gave it."""

    key: str
    value: str
    origin: str


class ConfigAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All values in force; `digest` names what they decide. None of them changes while the engine runs."""

    home: str
    digest: str
    values: list[ValueBody]


def config_answer(loaded: Loaded) -> ConfigAnswer:
    """Returns the configuration as whoever may only read sees it: of addresses no more than the host."""
    places = shown_places(loaded)
    return ConfigAnswer(
        home=str(loaded.home),
        digest=loaded.digest,
        values=[
            ValueBody(key=each.key, value=places.get(each.key, without_path(each.value)), origin=each.origin)
            for each in loaded.effective
        ],
    )


def shown_places(loaded: Loaded) -> dict[str, str]:
    """Returns what is shown for each secret: its place, of a program its name only."""
    return {key_text(("secrets", each.name)): each.place for each in list_secrets(places_of(loaded))}


def without_path(value: str) -> str:
    """Returns a value; of an address only the host, for many nodes take a key in its path."""
    text = value.strip('"')
    if "://" not in text:
        return value
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.hostname}{MORE}" if parts.path.strip("/") else value
