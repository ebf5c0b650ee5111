"""The door put together: its routes, its guard, and the gate around the whole application."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from flatbook.api import access_routes, checks_routes, commands, diagnostics, logins_routes, tasks_routes
from flatbook.api.access import Access
from flatbook.api.access_gate import Gate
from flatbook.api.access_guard import admitting
from flatbook.api.app import OnDeath, create_app
from flatbook.api.checks import Checks
from flatbook.api.commands_jobs import Jobs
from flatbook.api.commands_send import Sender
from flatbook.api.kept import Kept
from flatbook.api.logins import Logins
from flatbook.api.site import Site
from flatbook.api.tasks import Tasks
from flatbook.engine.ports import Clock
from flatbook.ops.home import DOOR_FILE
from flatbook.ops.os_user import os_user


def open_door(site: Site, clock: Clock, host: str, port: int) -> Access:
    """Opens the door of a desk's home. Needs: `clock` is the machine's, also where the desk follows a tape.

    Errors: DoorUnusable.
    """
    path, section = site.home / DOOR_FILE, site.loaded.config.api
    return Access(path, clock, host=host, port=port, user=os_user(), section=section)


def door_routes(access: Access, site: Site, tasks: Tasks, jobs: Jobs) -> Router:
    """Returns the routes of the door: sessions, tokens, audit, commands, previews, jobs, checks, tasks, logins."""
    checks, logins = Checks(site, access.clock), Logins(site)
    sender = Sender(access, site, jobs)
    return Router(
        path="/",
        route_handlers=[
            *access_routes.ROUTES,
            *commands.ROUTES,
            *checks_routes.ROUTES,
            *diagnostics.ROUTES,
            *tasks_routes.ROUTES,
            *logins_routes.ROUTES,
        ],
        dependencies={
            "access": Provide(lambda: access, sync_to_thread=False),
            "checks": Provide(lambda: checks, sync_to_thread=False),
            "jobs": Provide(lambda: jobs, sync_to_thread=False),
            "logins": Provide(lambda: logins, sync_to_thread=False),
            "sender": Provide(lambda: sender, sync_to_thread=False),
            "tasks": Provide(lambda: tasks, sync_to_thread=False),
        },
    )


def guarded_app(
    site: Site, access: Access, reads: Sequence[ControllerRouterHandler], *, on_death: OnDeath | None = None
) -> tuple[Gate, Litestar]:
    """Returns what is served, the gate with the application behind it, and that application."""
    tasks, jobs = Tasks(site.options(), access.clock), Jobs(access.file, site)
    routes = (*reads, door_routes(access, site, tasks, jobs))
    app = create_app(site, routes, guards=[admitting(access, site)], is_live=access.is_live, on_death=on_death)
    app.on_startup.append(jobs.look_after_unfinished)
    app.on_shutdown.append(tasks.close)
    return Gate(Kept(app, site, access.count), access), app
