"""How a route that reads is declared: its scope, and the problems that it may answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter, SkipValidation

from flatbook.api.problems import MEDIA_TYPE, ProblemBody
from flatbook.api.site import Site

READ = {"scope": "read"}
KEPT = {"scope": "read", "kept": True}  # the same for all who ask, until a moment has passed
OF_JOURNAL = {**KEPT, "follows": "journal"}  # and it follows from the journal and the configuration alone
OF_CONFIG = {**KEPT, "follows": "config"}  # and it follows from the configuration alone
PUBLIC = {"public": True}
ROOT = "/api/v1"
TEXT_MAX = 64

AtSite = NamedDependency[SkipValidation[Site]]
At = Annotated[
    str | None,
    QueryParameter(description="The past: the number of an event, or an RFC 3339 instant.", max_length=TEXT_MAX),
]
OwnerQuery = Annotated[str | None, QueryParameter(description="Only this owner.", max_length=TEXT_MAX)]
SymbolQuery = Annotated[str | None, QueryParameter(description="Only this underlying.", max_length=TEXT_MAX)]

_SAID = {
    400: "The request cannot be read.",
    401: "Nobody is logged in.",
    403: "The credential does not reach so far.",
    404: "There is no such thing.",
    409: "It contradicts what stands, or what was asked before.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "A value is not as it must be.",
    429: "Too many requests.",
    503: "The journal or the engine cannot be asked now.",
    504: "The engine did not answer in time.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Returns the problems that a route may answer, for its description."""
    return {
        status: ResponseSpec(
            data_container=ProblemBody, media_type=MEDIA_TYPE, description=_SAID[status], generate_examples=False
        )
        for status in statuses
    }


def reading(path: str, summary: str, *, tag: str, opt: dict[str, Any] = READ) -> Callable[[Any], HTTPRouteHandler]:
    """Returns what declares a route that reads and changes nothing."""
    statuses = (400, 429) if opt is PUBLIC else (400, 401, 403, 404, 422, 429, 503)
    return get(ROOT + path, opt=opt, summary=summary, tags=[tag], responses=problems(*statuses))
