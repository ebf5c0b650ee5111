"""Routes of commands and of their previews: one of each for every verb, all made alike."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, SkipValidation
from litestar.types import ControllerRouterHandler

from flatbook.api import commands_bodies as bodies
from flatbook.api.access_routes import Key, actor_of
from flatbook.api.access_scopes import Lane, Scope
from flatbook.api.commands_bodies import Body, CommandTaken, preview_body
from flatbook.api.commands_effects import PreviewAnswer, preview_of
from flatbook.api.commands_jobs import JobBody, Jobs
from flatbook.api.commands_send import Sender, seen_of
from flatbook.api.routes import AtSite, problems, reading

JOB_TEXT_MAX = 64


class Act(NamedTuple):
    """One verb: its place, what it is told, who may give it, and which allowance it is counted against."""

    name: str
    body: type[Body]
    scope: Scope
    lane: Lane = Lane.COMMAND


ACTS = (
    Act("halt", bodies.HaltTrading, Scope.TRADE, Lane.STOP),
    Act("kill", bodies.KillTrading, Scope.TRADE, Lane.STOP),
    Act("cancel", bodies.CancelOrder, Scope.TRADE, Lane.STOP),
    Act("lift", bodies.LiftHalt, Scope.RISK),
    Act("drain", bodies.DrainDesk, Scope.TRADE),
    Act("flatten", bodies.FlattenNets, Scope.TRADE),
    Act("hedge-now", bodies.HedgeNow, Scope.TRADE),
    Act("recheck", bodies.RecheckOrder, Scope.TRADE),
    Act("release", bodies.ReleaseFill, Scope.TRADE),
    Act("reconcile", bodies.ReconcileBooks, Scope.TRADE),
    Act("reconnect", bodies.ReconnectStreams, Scope.TRADE),
    Act("set-limit", bodies.SetLimit, Scope.RISK),
    Act("trade", bodies.PlaceOrder, Scope.TRADE),
)

AtSender = NamedDependency[SkipValidation[Sender]]
AtJobs = NamedDependency[SkipValidation[Jobs]]
_AS_JSON: Any = JSONBody
TAKEN = {200: ResponseSpec(CommandTaken, description="The engine accepted it.", generate_examples=False)}
GIVEN = {
    202: ResponseSpec(
        CommandTaken, description="The engine accepted it: its job tells how it goes on.", generate_examples=False
    )
}


def _command_route(act: Act) -> HTTPRouteHandler:
    async def command(request: Request[Any, Any, Any], data: Any, sender: AtSender, key: Key = None) -> Response[bytes]:
        return await sender.send(actor_of(request), request.url.path, key, data)

    command.__annotations__.update(
        request=Request[Any, Any, Any],
        data=_AS_JSON[act.body],
        sender=AtSender,
        key=Key,
        **{"return": Response[bytes]},
    )
    command.__doc__ = act.body.__doc__
    return post(
        f"/api/v1/commands/{act.name}",
        opt={"scope": act.scope.value, "lane": act.lane},
        operation_id=f"command_{act.body.verb.value}",
        tags=["commands"],
        summary=(act.body.__doc__ or "").rstrip("."),
        status_code=200,
        responses={
            **TAKEN,
            **(GIVEN if act.name == "kill" else {}),
            **problems(400, 401, 403, 409, 413, 415, 422, 429, 503, 504),
        },
    )(command)


def _preview_route(act: Act) -> HTTPRouteHandler:
    body = preview_body(act.body)

    async def preview(data: Any, site: AtSite) -> PreviewAnswer:
        view = await site.present_with_own() if act.body.must_be_agreed else site.present()  # a stop waits for nothing
        return preview_of(seen_of(site, view), act.body.verb, data.arguments())

    preview.__annotations__.update(data=_AS_JSON[body], site=AtSite, **{"return": PreviewAnswer})
    preview.__doc__ = "Says what the command would do now, and does nothing."
    return post(
        f"/api/v1/previews/{act.name}",
        opt={"scope": "read"},
        operation_id=f"preview_{act.body.verb.value}",
        tags=["commands"],
        summary=f"What {act.name} would do",
        status_code=200,
        responses=problems(400, 401, 403, 413, 415, 422, 429, 503),
    )(preview)


@reading("/jobs", "All kills on their way and over", tag="commands")
async def jobs(jobs: AtJobs) -> list[JobBody]:
    """Tells how each kill went, the newest first."""
    return jobs.all()


@reading("/jobs/{job_id:str}", "How a kill goes on", tag="commands")
async def job(jobs: AtJobs, job_id: Annotated[str, PathParameter(max_length=JOB_TEXT_MAX)]) -> JobBody:
    """Tells how a kill stands: at each account, how many orders were open and whether its venue says that none is."""
    return jobs.look(job_id)


ROUTES: tuple[ControllerRouterHandler, ...] = (
    *(_command_route(act) for act in ACTS),
    *(_preview_route(act) for act in ACTS),
    jobs,
    job,
)
