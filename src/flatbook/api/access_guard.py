"""Which route is open to whom: every route names a scope, and one that names none is closed."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from flatbook.api.access import BEARER, Access
from flatbook.api.access_names import check_names
from flatbook.api.access_queries import Known, check_queries, known_queries
from flatbook.api.access_scopes import Actor, Lane, Scope
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import ROOT
from flatbook.api.site import Site


def admitting(access: Access, site: Site) -> Guard:
    """Returns the guard of all routes; it waits for nothing: one that is no coroutine would go through a thread.

    It counts what a known actor asks of any route of the API. What ends before a route, as a path that there is not,
    is not counted: to refuse it as one too many would cost what its own answer costs.
    """

    queries: dict[str, Known] = {}

    async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        actor: Actor | None = connection.scope["state"].get("actor")
        if handler.opt.get("public"):
            if actor is not None and connection.scope["path"].startswith(ROOT):
                access.count(actor.name, Lane.READ)
            _check_queries(connection, handler)
            return
        asked = handler.opt.get("scope")
        if asked is None:
            raise Problem(403, Code.ROUTE_CLOSED, "this route is open to nobody")
        if actor is None:
            raise Problem(401, Code.UNAUTHENTICATED, "log in, or show a token", headers=BEARER)
        access.count(actor.name, handler.opt.get("lane", Lane.READ))
        if not actor.may(Scope(asked)):
            text = f"this needs the scope {asked}, and {actor.name} has {actor.scope.value}"
            raise Problem(403, Code.SCOPE_MISSING, text)
        _check_queries(connection, handler)

    def _check_queries(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        query = connection.scope["query_string"]
        if query and connection.scope["path"].startswith(ROOT):  # a view of the console stands in its address
            queries.update(queries or known_queries(connection.app))
            check_queries(query, queries.get(handler.handler_name, {}))
            check_names(query, site)

    return admit
