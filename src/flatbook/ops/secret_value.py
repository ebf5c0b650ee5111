"""The type of a secret, which shows nothing."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import msgspec

MASK = "***"


class SecretRefused(Exception):
    """A secret cannot be had or kept. Says what to do, and never shows a value."""


class Secret:
    """A text that nothing prints, formats, pickles, copies or encodes; `reveal` is the one way to it."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Returns the text. Hand it to the one call that needs it, and keep no other reference."""
        return self.__text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, _spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.__text.encode(), other.__text.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where the secrets of a configuration are: a reference per name, and what is needed to open them.

    Relative paths start at `home`; `identity` opens age files; `environment` is where `env:` looks.
    """

    references: Mapping[str, str]
    home: Path
    identity: Path
    environment: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Places(references={len(self.references)}, home={str(self.home)!r})"
