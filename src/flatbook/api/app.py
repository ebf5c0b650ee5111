"""The application: routes over a site, one stream, the console's files, and problems instead of stack traces."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler, Guard

from flatbook import __version__
from flatbook.api.commands_answered import KEY_HEADER
from flatbook.api.console import on_lost
from flatbook.api.hub import Hub
from flatbook.api.pages import page_of
from flatbook.api.problems import Code, Problem, on_door_fault, on_problem, problem_response
from flatbook.api.reads_events import chosen
from flatbook.api.reads_orders import wanted
from flatbook.api.routes import PUBLIC
from flatbook.api.site import Site
from flatbook.api.stream import IsLive, Teller, wished
from flatbook.api.strict import StrictRequest
from flatbook.api.within import within

BODY_BYTES_MAX = 64 * 1024
TITLE = "flatbook"
UNUSED = "/api/v1/schema"
_log = logging.getLogger(__name__)

OnDeath = Callable[[BaseException], None]


async def everybody(_actor: Any) -> bool:
    """Says that whoever was let in may stay: for an application without a gate."""
    return True


def create_app(
    site: Site,
    routes: Sequence[ControllerRouterHandler],
    *,
    guards: Sequence[Guard] = (),
    is_live: IsLive = everybody,
    on_death: OnDeath | None = None,
    hub: Hub | None = None,
) -> Litestar:
    """Returns the application of a site.

    `is_live` says whether an actor's session or token still counts; `on_death` is told when what follows the desk
    failed, after which nothing that is answered would be true for long; `hub` is what tells streams, where it is given.
    """
    told = Hub() if hub is None else hub
    return Litestar(
        route_handlers=[openapi, *routes],
        guards=[*guards],
        dependencies={
            "site": Provide(lambda: site, sync_to_thread=False),
            "hub": Provide(lambda: told, sync_to_thread=False),
            "is_live": Provide(lambda: is_live, sync_to_thread=False),
            "page": Provide(page_of, sync_to_thread=False),
            "wanted": Provide(wanted, sync_to_thread=False),
            "chosen": Provide(chosen, sync_to_thread=False),
            "within": Provide(within, sync_to_thread=False),
            "wish": Provide(wished, sync_to_thread=False),
        },
        exception_handlers={
            Problem: on_problem,
            HTTPException: on_lost,
            sqlite3.Error: on_door_fault,
            Exception: _on_any,
        },
        lifespan=[_following(site, told, on_death)],
        openapi_config=_openapi(),
        request_class=StrictRequest,
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
    )


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title=TITLE,
        version=__version__,
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin()],
        path=UNUSED,
        operation_id_creator=_operation_id,
    )


def _operation_id(handler: HTTPRouteHandler, _method: Any, _path: Any) -> str:
    return handler.handler_name


@get("/api/v1/openapi.json", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Returns the description of all routes."""
    return Response(content=openapi_json(request.app), media_type="application/json")


@lru_cache(maxsize=1)
def openapi_json(app: Litestar) -> bytes:
    """Returns the description of an application's routes, the same bytes for the same routes; it is made once."""
    schema = app.openapi_schema.to_schema()
    _require_keys(schema)
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=True).encode() + b"\n"


def _require_keys(schema: dict[str, Any]) -> None:
    """Says of the key of a command that it must be there: code takes None only to answer that by a problem of ours."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()) if isinstance(operation, dict) else ():
                if parameter["name"] == KEY_HEADER:
                    parameter["required"] = True
                    parameter["schema"] = {"description": parameter["schema"]["description"], "type": "string"}


def _following(site: Site, hub: Hub, on_death: OnDeath | None) -> Callable[[Litestar], Any]:
    """Returns what follows journal and engine while the application runs."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("what follows the desk failed", exc_info=error)
            if on_death is not None:
                on_death(error)

    @asynccontextmanager
    async def following(_app: Litestar) -> AsyncIterator[None]:
        teller = Teller(site, hub)
        works = (teller.follow_journal(), teller.follow_engine(), teller.follow_results())
        tasks = [asyncio.create_task(work) for work in works]
        for task in tasks:
            task.add_done_callback(ended)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            site.follower.close()

    return following


def _on_any(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answers a bug: its text stays in the log."""
    _log.error("a request failed", exc_info=error)
    return problem_response(Problem(500, Code.INTERNAL, "this failed; the log of the process says why"))
