"""Errors as programs read them: problem details after RFC 9457, each with a code that stays.

Source: RFC 9457 (problem details for HTTP APIs); `type` is `urn:flatbook:problem:CODE`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.exceptions import ValidationException as Unreadable
from litestar.types import Send

MEDIA_TYPE = "application/problem+json"
WHOLE_BODY = "body:data"  # as the framework calls it where there is none
TYPE = "urn:flatbook:problem:{code}"


class Code(Enum):
    """What went wrong, for programs. A code that was ever sent keeps its meaning."""

    BAD_REQUEST = "bad_request"
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    NO_SUCH_MOMENT = "no_such_moment"
    BAD_CURSOR = "bad_cursor"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    TOO_LARGE = "too_large"
    URI_TOO_LONG = "uri_too_long"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TOO_DEEP = "too_deep"
    BODY_TIMED_OUT = "body_timed_out"
    HOST_REFUSED = "host_refused"
    ORIGIN_REFUSED = "origin_refused"
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_UNKNOWN = "token_unknown"
    TOKEN_OVER = "token_over"
    SESSION_REUSED = "session_reused"
    LINK_REFUSED = "link_refused"
    CSRF_REFUSED = "csrf_refused"
    SCOPE_MISSING = "scope_missing"
    ROUTE_CLOSED = "route_closed"
    KEY_MISSING = "key_missing"
    KEY_REUSED = "key_reused"
    UNDER_WAY = "under_way"
    PREVIEW_STALE = "preview_stale"
    COMMAND_REFUSED = "command_refused"
    ENGINE_BUSY = "engine_busy"
    ENGINE_SILENT = "engine_silent"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    TOO_MANY_REQUESTS = "too_many_requests"
    INTERNAL = "internal"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    CATCHING_UP = "catching_up"
    ENGINE_NOT_RUNNING = "engine_not_running"
    UNAVAILABLE = "unavailable"


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True):
    """Problem details of RFC 9457, with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class Problem(Exception):
    """Why a request is not answered as it asked. `more` are further members of the problem, `headers` go with it."""

    def __init__(
        self, status: int, code: Code, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        self.status, self.code, self.detail, self.more = status, code, detail, more
        self.headers = dict(headers or {})
        super().__init__(detail)

    def body(self) -> dict[str, Any]:
        """Returns the problem details."""
        stated = ProblemBody(
            type=TYPE.format(code=self.code.value),
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code.value,
        )
        return {**msgspec.to_builtins(stated), **self.more}

    def bytes(self) -> bytes:
        """Returns the problem details as JSON."""
        return msgspec.json.encode(self.body())


_BY_STATUS = {
    400: Code.BAD_REQUEST,
    401: Code.UNAUTHENTICATED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    406: Code.NOT_ACCEPTABLE,
    409: Code.CONFLICT,
    413: Code.TOO_LARGE,
    414: Code.URI_TOO_LONG,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    422: Code.INVALID,
    429: Code.TOO_MANY_REQUESTS,
    503: Code.UNAVAILABLE,
}


def problem_response(problem: Problem) -> Response[bytes]:
    """Returns the answer that says a problem."""
    return Response(
        content=problem.bytes(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store", **problem.headers},
    )


async def send_problem(send: Send, problem: Problem) -> None:
    """Says a problem below the framework, as an ASGI application does."""
    body = problem.bytes()
    stated = {"content-type": MEDIA_TYPE, "cache-control": "no-store", **problem.headers}
    headers = [(name.encode(), value.encode()) for name, value in stated.items()]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def door_unusable(error: sqlite3.Error) -> Problem:
    """Returns the problem that the file of the door takes or tells nothing, as on a full disk: all stands as before."""
    return Problem(503, Code.UNAVAILABLE, f"the file of the door cannot be used: {error}; nothing was changed")


def on_door_fault(_request: Request[Any, Any, Any], error: sqlite3.Error) -> Response[bytes]:
    """Answers that the file of the door cannot be used."""
    return problem_response(door_unusable(error))


def on_problem(_request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """Answers a problem that a route raised."""
    return problem_response(problem)


def on_http_exception(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answers what the framework refused: no such path or method, values that are none, and the like."""
    if isinstance(error, Unreadable):
        return problem_response(_invalid(error))
    status = error.status_code
    code = _BY_STATUS.get(status, Code.INTERNAL if status >= 500 else Code.BAD_REQUEST)
    allowed = {name.lower(): value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return problem_response(Problem(status, code, error.detail or HTTPStatus(status).phrase, headers=allowed))


def _invalid(error: Unreadable) -> Problem:
    extra = error.extra if isinstance(error.extra, list) else []
    wrong = [_wrong(each) for each in extra if isinstance(each, dict)]
    detail = "a value is not as it must be" if wrong else error.detail
    return Problem(422, Code.INVALID, detail, errors=wrong)


def _wrong(each: dict[str, Any]) -> dict[str, str]:
    where = f"{_source(each)}:{each.get('key', '')}".strip(":")
    if where == WHOLE_BODY:
        return {"where": "body", "what": "there is none, and a JSON object is needed"}
    return {"where": where, "what": str(each.get("message", ""))}


def _source(wrong: dict[str, Any]) -> str:
    source = wrong.get("source", "")
    return str(source.value if isinstance(source, Enum) else source)
