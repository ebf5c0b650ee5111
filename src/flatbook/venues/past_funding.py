"""Past settlements of funding of a venue over REST: how they are asked for, and what the answers say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple

import msgspec

from flatbook.values.instants import Instant
from flatbook.venues.http import Request
from flatbook.venues.told_stream import instant_of_ms


class Settlement(NamedTuple):
    """A settlement of funding. Units: as the venue writes them; a mark that it does not tell is empty."""

    at: Instant
    rate: str
    mark: str = ""


class Turn(Enum):
    """How a venue is asked for what did not fit into an answer: earlier ones, later ones, or the next page."""

    BACK = "back"
    FORTH = "forth"
    PAGE = "page"


class PastFunding(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue is asked for settlements between two instants, and for the mark at one of them.

    `request` takes the number of the page besides, from 1. An answer of `limit` settlements may lack some, which are
    asked for by `turn`.
    Gives: `read` the settlements, oldest first, `read_mark` the mark; None where an answer cannot be read.
    """

    host: str
    limit: int
    turn: Turn
    request: Callable[[str, Instant, Instant, int], Request]
    read: Callable[[bytes], tuple[Settlement, ...] | None]
    request_mark: Callable[[str, Instant], Request]
    read_mark: Callable[[bytes], str | None]


def settlements_of(rows: Iterable[tuple[str, str]]) -> tuple[Settlement, ...] | None:
    """Returns settlements from their instants and rates, oldest first; None where one of them is at no instant.

    Units: instants as text in ms, rates as the venue writes them.
    """
    found = [(instant_of_ms(at), rate) for at, rate in rows]
    dated = sorted(Settlement(at, rate) for at, rate in found if at is not None)
    return tuple(dated) if len(dated) == len(found) else None
