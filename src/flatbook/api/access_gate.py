"""What every request passes before a route sees it: host, origin, who it is from, and what its body may be.

It wraps the whole application, so that paths without a route, the console's files and handshakes pass it too. The
framework's own checks of origins cover requests only, and not the handshake of a WebSocket.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from flatbook.api.access import Access
from flatbook.api.access_audit import NOBODY
from flatbook.api.access_scopes import Actor, Credential, Lane
from flatbook.api.access_sessions import SESSION_S
from flatbook.api.aliases import unaliased
from flatbook.api.problems import MEDIA_TYPE, Code, Problem, door_unusable, send_problem
from flatbook.ops.control_wire import DEPTH_MAX, depth_of

API = "/api/"
BODY_BYTES_MAX = 64 * 1024
BODY_S = 10
LENGTH_DIGITS_MAX = 20
NAME_TEXT_MAX = 40
SAFE = ("GET", "HEAD", "OPTIONS")
LOG_IN = "POST /api/v1/session"
CSRF_HEADER = "x-csrf-token"
CLOSE_REFUSED = 4401
IDENTITY = "identity"
BEARER_PREFIX = "bearer "
ELSEWHERE = ("cross-site", "same-site")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS_BYTES_MAX = 16 * 1024
HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)

ONCE = (
    "host",
    "origin",
    "authorization",
    "content-length",
    "content-type",
    "transfer-encoding",
    "idempotency-key",
    "x-csrf-token",
    "sec-fetch-site",
    "sec-fetch-mode",
)

Asked = Mapping[str, Any]
Shown = Sequence[tuple[bytes, bytes]]


class Visit:
    """One request on its way: what it shows, and who it was found to be from."""

    def __init__(self, scope: Asked) -> None:
        self.path: str = "/" + scope["path"].lstrip("/")
        self.method = scope["method"] if scope["type"] == "http" else "CONNECT"
        self.is_handshake = scope["type"] == "websocket"
        self.shown: Shown = scope["headers"]
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.shown}
        self.actor: Actor | None = None
        self.next_cookie: str | None = None
        self.is_noted = False

    @property
    def act(self) -> str:
        """What was tried, as the trail names it."""
        return f"{self.method} {self.path}"


class Gate:
    """An application behind the door."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through to the application, or answers that it is refused, and notes that."""
        if scope["type"] == "lifespan":  # type: ignore[comparison-overlap]
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http":  # type: ignore[comparison-overlap]
            scope = cast(Scope, unaliased(cast(Asked, scope)) or scope)
        visit = Visit(cast(Asked, scope))
        if visit.method == "HEAD":
            scope, send = without_body(scope, send)
        telling = self._telling(visit, send)
        try:
            self._admit(visit)
            receive = receive if visit.is_handshake else await read_body(visit, receive)
        except Problem as problem:
            await self._refuse(visit, problem, telling)
            return
        except sqlite3.Error as error:
            await self._refuse(visit, door_unusable(error), telling)
            return
        scope.setdefault("state", {})["actor"] = visit.actor
        await self._app(scope, receive, telling)

    def _admit(self, visit: Visit) -> None:
        check_headers(visit)
        check_host(visit, self._access.names)
        check_origin(visit, self._access.origins)
        try:
            self._identify(visit)
        finally:
            if visit.actor is None:
                self._access.count(NOBODY, Lane.STRANGER)
        if visit.actor is not None and visit.method not in (*SAFE, "CONNECT") and visit.act != LOG_IN:
            self._check_csrf(visit, visit.actor)
        if visit.is_handshake:
            check_handshake(visit)

    def _identify(self, visit: Visit) -> None:
        """Finds out who a request is from. A token that is shown must be good; a session may have ended."""
        shown = visit.headers.get("authorization")
        if shown is not None:
            if not shown.lower().startswith(BEARER_PREFIX):
                raise Problem(401, Code.TOKEN_UNKNOWN, "only Bearer tokens are taken")
            visit.actor = self._access.by_token(shown[len(BEARER_PREFIX) :].strip())
            return
        cookie = cookie_of(visit.headers.get("cookie", ""), self._access.cookie_name)
        opened = self._access.by_cookie(cookie) if cookie else None
        if opened is not None:
            visit.actor, visit.next_cookie = opened.actor, opened.cookie

    def _check_csrf(self, visit: Visit, actor: Actor) -> None:
        if not self._access.is_csrf_right(actor, visit.headers.get(CSRF_HEADER, "")):
            text = f"a session's request that changes something carries {CSRF_HEADER}, as GET /api/v1/session says it"
            raise Problem(403, Code.CSRF_REFUSED, text)

    async def _refuse(self, visit: Visit, problem: Problem, send: Send) -> None:
        if not visit.is_handshake:
            await send_problem(send, problem)
            return
        self._access.note(visit.actor, visit.act, problem.code.value, problem.detail)
        visit.is_noted = True
        await send({"type": "websocket.close", "code": CLOSE_REFUSED, "reason": problem.code.value})

    def _telling(self, visit: Visit, send: Send) -> Send:
        """Returns a sender that adds what every answer carries, and notes the problems among them."""
        is_problem = is_accepted = False

        async def telling(message: Message) -> None:
            nonlocal is_problem, is_accepted
            is_accepted = is_accepted or message["type"] == "websocket.accept"
            if message["type"] == "websocket.close" and not is_accepted and not visit.is_noted:
                self._access.note(visit.actor, visit.act, Code.BAD_REQUEST.value, str(message.get("reason")))
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                is_problem = message["status"] >= 400 and any(value == MEDIA_TYPE.encode() for _, value in headers)
                said = [name for name, _ in headers]
                message["headers"] = [*headers, *(each for each in self._headers(visit) if each[0] not in said)]
            elif message["type"] == "http.response.body" and is_problem:
                is_problem = False
                self._note(visit, message["body"])
            await send(message)

        return telling

    def _headers(self, visit: Visit) -> Iterable[tuple[bytes, bytes]]:
        yield from HEADERS
        if visit.path.startswith(API):
            yield b"cache-control", b"no-store"
        if visit.next_cookie is not None:
            yield b"set-cookie", cookie_text(self._access.cookie_name, visit.next_cookie).encode()

    def _note(self, visit: Visit, body: bytes) -> None:
        told: dict[str, Any] = msgspec.json.decode(body)
        self._access.note(visit.actor, visit.act, str(told["code"]), str(told["detail"]))


def without_body(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """Returns a HEAD request as the GET that it stands for, and a sender of the answer's headers alone."""

    async def headers_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return cast(Scope, {**scope, "method": "GET"}), headers_only


def check_headers(visit: Visit) -> None:
    """Passes headers that mean one thing: each that is looked at stands once, and all together are not very long.

    Errors: Problem.
    """
    if sum(len(name) + len(text) for name, text in visit.shown) > HEADERS_BYTES_MAX:
        raise Problem(431, Code.TOO_LARGE, f"headers have at most {HEADERS_BYTES_MAX} bytes")
    if len(visit.shown) == len(visit.headers):
        return
    names = [name.decode("latin-1").lower() for name, _ in visit.shown]
    for name in ONCE:
        if names.count(name) > 1:
            raise Problem(400, Code.BAD_REQUEST, f"the header {name} stands there twice")


def check_host(visit: Visit, names: tuple[str, ...]) -> None:
    """Passes a request to a name of ours: a foreign name that leads here is how a page elsewhere would reach us.

    Errors: Problem.
    """
    if visit.headers.get("host", "").lower() not in names:
        raise Problem(421, Code.HOST_REFUSED, f"this answers to {' and '.join(names)} only")


def check_origin(visit: Visit, origins: tuple[str, ...]) -> None:
    """Passes what pages of ours ask, and what no page asks; a link from elsewhere may open the console.

    Errors: Problem.
    """
    origin, site = visit.headers.get("origin"), visit.headers.get("sec-fetch-site")
    is_opened = visit.headers.get("sec-fetch-mode") == "navigate" and visit.method == "GET"
    is_opened = is_opened and not visit.path.startswith(API)
    if (origin is not None and origin.lower() not in origins) or (site in ELSEWHERE and not is_opened):
        raise Problem(403, Code.ORIGIN_REFUSED, "pages of other origins may not ask here")


def check_handshake(visit: Visit) -> None:
    """Passes a handshake of somebody who is known; one by cookie says which page it comes from.

    Errors: Problem.
    """
    if visit.actor is None:
        raise Problem(401, Code.UNAUTHENTICATED, "log in, or show a token")
    if visit.actor.credential is Credential.SESSION and "origin" not in visit.headers:
        raise Problem(403, Code.ORIGIN_REFUSED, "a handshake by cookie says its origin")


def cookie_of(header: str, name: str) -> str | None:
    """Returns the text of a cookie, the last of that name; None where there is none.

    Other services on this machine's address set cookies of their own, and browsers send them here too: whatever these
    hold, it hides nothing.
    """
    pairs = (each.strip().partition("=") for each in header.split(";"))
    return next(reversed([text for found, _, text in pairs if found == name]), None)


def cookie_text(name: str, text: str, *, lasts_s: int = SESSION_S) -> str:
    """Returns the header that sets a session's cookie: of this host only, and out of reach for scripts.

    It is not marked Secure: browsers would keep such a cookie from this machine's own plain HTTP.
    """
    return f"{name}={text}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Strict"


async def read_body(visit: Visit, receive: Receive) -> Receive:
    """Reads the body of a request within its bounds, and returns what hands it on.

    Errors: Problem where it is too large, too deep, too slow, broken off, or no JSON.
    """
    stated = visit.headers.get("content-length", "0")
    if "content-length" in visit.headers and "transfer-encoding" in visit.headers:
        raise Problem(400, Code.BAD_REQUEST, "a body has one length: content-length, or transfer-encoding")
    if visit.method in SAFE and stated == "0" and "transfer-encoding" not in visit.headers:
        return receive
    if not stated.isdecimal() or len(stated) > LENGTH_DIGITS_MAX or int(stated) > BODY_BYTES_MAX:
        raise Problem(413, Code.TOO_LARGE, f"a body has at most {BODY_BYTES_MAX} bytes")
    try:
        async with asyncio.timeout(BODY_S):
            body = await _whole_body(receive)
    except TimeoutError:
        raise Problem(408, Code.BODY_TIMED_OUT, f"the body did not come within {BODY_S} s") from None
    kind = visit.headers.get("content-type", "").split(";")[0].strip().lower()
    if body and (kind != "application/json" or visit.headers.get("content-encoding", IDENTITY) != IDENTITY):
        raise Problem(415, Code.UNSUPPORTED_MEDIA_TYPE, "a body is application/json, and not packed")
    check_body(body)
    handed: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return handed.pop() if handed else await receive()

    return again


def check_body(body: bytes) -> None:
    """Passes a body that is flat enough, is text, and says each thing once.

    Errors: Problem.
    """
    if depth_of(body) > DEPTH_MAX:
        raise Problem(400, Code.TOO_DEEP, f"the body is nested deeper than {DEPTH_MAX}")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, Code.BAD_REQUEST, "the body is no UTF-8") from None
    if body:
        _check_keys(body)


def _check_keys(body: bytes) -> None:
    """Refuses a body with a key that stands twice in one object: whoever reads it next may take the other one."""
    try:
        json.loads(body, object_pairs_hook=_named_once, parse_int=str, parse_float=str)
    except _StatedTwice as error:
        raise Problem(400, Code.BAD_REQUEST, f"the body says {error} twice") from None
    except ValueError:
        raise Problem(400, Code.BAD_REQUEST, "the body is no JSON") from None


class _StatedTwice(Exception):
    """A key that stands twice in one object."""


def _named_once(pairs: list[tuple[str, Any]]) -> None:
    seen: dict[str, None] = {}
    for name, _ in pairs:
        if name in seen:
            raise _StatedTwice(repr(name[:NAME_TEXT_MAX]))
        seen[name] = None


async def _whole_body(receive: Receive) -> bytes:
    """Returns the whole body.

    Errors: Problem where it is too large, or ends before its end.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Problem(400, Code.BAD_REQUEST, "the body broke off: it is shorter than stated, or in broken chunks")
        body += message["body"]
        if len(body) > BODY_BYTES_MAX:
            raise Problem(413, Code.TOO_LARGE, f"a body has at most {BODY_BYTES_MAX} bytes")
        if not message["more_body"]:
            return bytes(body)
