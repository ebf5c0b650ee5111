"""Pages of lists that grow: the newest first, and a cursor that goes on where a page ended, whatever came since."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from flatbook.api.problems import Code, Problem
from flatbook.values.instants import Instant

LIMIT = 50
LIMIT_MAX = 500
CURSOR_MAX = 1_024
LIST_TEXT_MAX = 40

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
    """Of which list a page is, where it begins, and how long it is; `before` is None for the first one."""

    of: str
    before: Place | None
    limit: int

    def cursor(self, place: Place) -> str:
        """Returns the cursor that goes on behind a place of this list."""
        return base64.urlsafe_b64encode(msgspec.json.encode((self.of, *place))).decode("ascii")


AtPage = NamedDependency[SkipValidation[Page]]


def page_of(request: Request[Any, Any, Any], cursor: CursorQuery = None, limit: LimitQuery = LIMIT) -> Page:
    """Returns the page that a cursor asks for.

    Errors: Problem for a cursor that is none of ours, or one of another list, whose places mean nothing here.
    """
    name = request.route_handler.handler_name
    if cursor is None:
        return Page(name, None, limit)
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        of, at, key = msgspec.json.decode(text, type=tuple[str, int, str])
    except (msgspec.MsgspecError, binascii.Error, UnicodeError, ValueError):
        raise Problem(422, Code.BAD_CURSOR, "the cursor is none that a page gave") from None
    if of != name:
        raise Problem(422, Code.BAD_CURSOR, f"this cursor is of a page of {of[:LIST_TEXT_MAX]}, not of {name}")
    return Page(name, Place(Instant(at), key), limit)
