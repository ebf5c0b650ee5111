"""Pages of lists that grow: the newest first, and a cursor that goes on where a page ended, whatever came since."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, NamedTuple

import msgspec
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from flatbook.api.problems import Code, Problem
from flatbook.values.instants import Instant

LIMIT = 50
LIMIT_MAX = 500
CURSOR_MAX = 400

LimitQuery = Annotated[int, QueryParameter(description="At most so many, the newest.", ge=1, le=LIMIT_MAX)]
CursorQuery = Annotated[
    str | None,
    QueryParameter(description="The `next` of the page before.", max_length=CURSOR_MAX),
]


class Place(NamedTuple):
    """Where a row stands in its list: by its instant, then by its key."""

    at: Instant
    key: str


class Page(NamedTuple):
    """Where a page begins, and how long it is; `before` is None for the first one."""

    before: Place | None
    limit: int


AtPage = NamedDependency[SkipValidation[Page]]


def page_of(cursor: CursorQuery = None, limit: LimitQuery = LIMIT) -> Page:
    """Returns the page that a cursor asks for.

    Errors: Problem for a cursor that is none of ours.
    """
    if cursor is None:
        return Page(None, limit)
    try:
        at, key = msgspec.json.decode(base64.urlsafe_b64decode(cursor.encode("ascii")), type=tuple[int, str])
    except (msgspec.MsgspecError, binascii.Error, UnicodeError, ValueError):
        raise Problem(422, Code.BAD_CURSOR, "the cursor is none that a page gave") from None
    return Page(Place(Instant(at), key), limit)


def cursor_of(place: Place) -> str:
    """Returns the cursor that goes on behind a place."""
    return base64.urlsafe_b64encode(msgspec.json.encode(tuple(place))).decode("ascii")
