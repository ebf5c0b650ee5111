"""Secrets by reference: a configuration names them under [secrets], and other sections say `secret:name`."""

from __future__ import annotations

import msgspec

from flatbook.ops.secret_places import Reference, parse_reference, read, write
from flatbook.ops.secret_value import Places, Secret, SecretRefused

PREFIX = "secret:"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One secret as it is listed: its name and where it is kept."""

    name: str
    place: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a secret resolves, where it is kept, and what to do where it does not."""

    name: str
    place: str
    resolves: bool
    text: str


def resolve(places: Places, stated: str) -> Secret:
    """Returns the secret that `secret:name` stands for.

    Errors: SecretRefused.
    """
    if not stated.startswith(PREFIX):
        raise SecretRefused(f"a secret is named and never written: {PREFIX}name, with its place under [secrets]")
    return read(_reference(places, stated.removeprefix(PREFIX)), places)


def list_secrets(places: Places) -> tuple[Listed, ...]:
    """Returns the names of all secrets and where they are kept; of a program its name only.

    Errors: SecretRefused when a place is no reference.
    """
    return tuple(Listed(name=name, place=_reference(places, name).text) for name in sorted(places.references))


def check_secret(places: Places, name: str) -> Checked:
    """Returns whether a secret resolves now."""
    place = ""
    try:
        reference = _reference(places, name)
        place = reference.text
        read(reference, places)
    except SecretRefused as error:
        return Checked(name=name, place=place, resolves=False, text=str(error))
    return Checked(name=name, place=place, resolves=True, text="resolves")


def set_secret(places: Places, name: str, secret: Secret) -> str:
    """Keeps a secret where its reference says, and returns that place.

    Errors: SecretRefused, also for places that are only read.
    """
    reference = _reference(places, name)
    write(reference, secret, places)
    return reference.text


def _reference(places: Places, name: str) -> Reference:
    if name not in places.references:
        raise SecretRefused(f'there is no secret {name!r}: add "{name}" = "keyring:flatbook/{name}" under [secrets]')
    return parse_reference(places.references[name])
