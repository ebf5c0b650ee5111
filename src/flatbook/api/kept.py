"""Answers that many ask for, kept as the bytes that went out until anything that they follow from has changed.

It stands between the gate and the application, so that a kept answer costs neither routing nor encoding. Only routes
that say so are kept, who asks is let in as anywhere, and an answer is never older than the newest look at the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types import Message, Receive, Send
from litestar.types import Scope as ASGIScope

from flatbook.api.access_scopes import Actor, Lane, Scope
from flatbook.api.problems import Problem, send_problem
from flatbook.api.routes import OF_JOURNAL
from flatbook.api.site import Site, Stamp

ANSWERS_MAX = 256
BODY_BYTES_MAX = 256 * 1024
MESSAGES_OF_ONE = 2
OK, NOT_MODIFIED = 200, 304
MATCHED = b"if-none-match"

Asked = Mapping[str, Any]
Key = tuple[str, bytes]
Count = Callable[[str, Lane], None]
Headers = list[tuple[bytes, bytes]]


class Whole(NamedTuple):
    """An answer as it went out. `etag` names what it follows from, where that is the journal or the configuration."""

    headers: Headers
    body: bytes
    etag: bytes | None


class Kept:
    """An application whose answers are kept for a moment. `count` counts what is answered without it."""

    def __init__(self, app: Litestar, site: Site, count: Count) -> None:
        self._app, self._site, self._count = app, site, count
        self._routes = dict(kept_routes(app))
        self._answers: dict[Key, Whole] = {}
        self._stamp: Stamp | None = None

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Answers as a moment ago where that still holds, or hands the request on."""
        asked = cast(Asked, scope)
        if asked["type"] != "http" or asked["method"] != "GET" or asked["path"] not in self._routes:
            await self._app(scope, receive, send)
            return
        actor: Actor | None = asked["state"]["actor"]
        key = (asked["path"], asked["query_string"])
        found = self._found(key)
        if found is None or actor is None or not actor.may(Scope.READ):
            await self._make(key, scope, receive, send)
            return
        try:
            self._count(actor.name, Lane.READ)
        except Problem as problem:
            await send_problem(send, problem)
            return
        await _tell(found, asked["headers"], send)

    def _found(self, key: Key) -> Whole | None:
        stamp = self._site.stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            self._answers.clear()
        return self._answers.get(key)

    async def _make(self, key: Key, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Lets the application answer, and keeps that where nothing has changed meanwhile."""
        stamp, etag, told = self._stamp, self._etag(key), list[Message]()

        async def hold(message: Message) -> None:
            told.append(message)

        await self._app(scope, receive, hold)
        whole = _whole(told, etag)
        if whole is None:
            for message in told:
                await send(message)
            return
        if stamp == self._site.stamp() == self._stamp and len(self._answers) < ANSWERS_MAX:
            self._answers[key] = whole
        await _tell(whole, scope["headers"], send)

    def _etag(self, key: Key) -> bytes | None:
        """Returns what names an answer by what it follows from; a weak one, for its age does not count."""
        follows = self._routes[key[0]]
        if follows is None:
            return None
        version = self._site.version() if follows == OF_JOURNAL["follows"] else self._site.config_version
        return f'W/"{version}"'.encode()


def kept_routes(app: Litestar) -> Iterable[tuple[str, str | None]]:
    """Yields the paths whose answers may be kept, and what these follow from, None where that is more."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for each in route.route_handlers:
                if each.opt.get("kept"):
                    yield route.path, each.opt.get("follows")


def _whole(told: list[Message], etag: bytes | None) -> Whole | None:
    """Returns an answer that is whole and may be told again; None for a refusal, and for one that is very long."""
    if len(told) != MESSAGES_OF_ONE:
        return None
    start: Any = told[0]
    body: Any = told[1]
    if start.get("status") != OK or body.get("more_body") or len(body["body"]) > BODY_BYTES_MAX:
        return None
    headers: Headers = list(start["headers"])
    return Whole(headers if etag is None else [*headers, (b"etag", etag)], bytes(body["body"]), etag)


async def _tell(whole: Whole, asked: Iterable[tuple[bytes, bytes]], send: Send) -> None:
    """Sends an answer, or that it is the one which whoever asks has got."""
    is_known = whole.etag is not None and any(name == MATCHED and whole.etag in text for name, text in asked)
    headers: Headers = [(b"etag", whole.etag or b"")] if is_known else list(whole.headers)
    await send({"type": "http.response.start", "status": NOT_MODIFIED if is_known else OK, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_known else whole.body, "more_body": False})
