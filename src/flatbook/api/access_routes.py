"""Routes of the door itself: log in, who am I, log out, tokens, and who tried what."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, JSONBody, PathParameter, QueryParameter, SkipValidation
from litestar.types import ControllerRouterHandler

from flatbook.api.access import Access
from flatbook.api.access_audit import Attempt
from flatbook.api.access_gate import cookie_text
from flatbook.api.access_scopes import Actor, Credential, Lane, Scope
from flatbook.api.access_tokens import DAYS_MAX, NAME_PATTERN, TokenRefused
from flatbook.api.commands_answered import JSON, KEY_HEADER, once
from flatbook.api.commands_once import Known
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import AtSite, problems, reading
from flatbook.engine.inputs import Verb
from flatbook.projections.commands import CommandLine
from flatbook.risk.limits import CONFIGURED
from flatbook.values.instants import SECONDS_PER_DAY, later, text_of_instant

AtDoor = NamedDependency[SkipValidation[Access]]
Asked = Request[Any, Any, Any]
Key = Annotated[
    str | None,
    HeaderParameter(
        name=KEY_HEADER, description="A text of its own for each command: 8 to 64 letters, digits, - and _."
    ),
]
NAME_TEXT_MAX = 64
TOKEN_DAYS = 30
LINK_TEXT_MAX = 128
PAGE_MAX = 500
NUMBER_MAX = 2**63 - 1  # as the file of the door counts


Before = Annotated[int | None, QueryParameter(ge=1, le=NUMBER_MAX, description="Only attempts before this number.")]
BeforeSeq = Annotated[int | None, QueryParameter(ge=1, le=NUMBER_MAX, description="Only commands before this event.")]


class LogIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text of a one-time link, which stands after #once= in its address."""

    once: Annotated[str, msgspec.Meta(min_length=1, max_length=LINK_TEXT_MAX)]


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what he may do. `csrf` is what changing requests of a session carry; None for a token."""

    actor: str
    scope: str
    scopes: list[str]
    credential: Credential
    csrf: str | None
    ends_at: str


class TokenBody(msgspec.Struct, frozen=True, kw_only=True):
    """One token; its text was shown when it was made, and is kept nowhere."""

    name: str
    scope: str
    made_at: str
    ends_at: str
    over: bool


class TokensAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens, and how one is made at the command line."""

    tokens: list[TokenBody]
    make: str = "flatbook token create NAME --scope read"


class MakeToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new token: its name, what it allows, and how long it lasts."""

    name: Annotated[str, msgspec.Meta(pattern=NAME_PATTERN, description="By this name it is ended and audited.")]
    scope: Scope
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX, description="How many days it lasts.")] = TOKEN_DAYS


class TokenMade(TokenBody, frozen=True, kw_only=True):
    """A token that was just made. `token` is its text, told this once: None where the same key asks again."""

    token: str | None


class AttemptBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried at the door and did not become a command, how often within a minute."""

    number: int
    at: str
    last_at: str
    times: int
    actor: str
    act: str
    code: str
    detail: str


class CommandBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was commanded, by whom and why, over HTTP or not; `why` says why it was refused.

    `before` and `after` are what a limit was and became by it, as texts; None where nothing of that kind was changed.
    `ref` asks for its story.
    """

    seq: int
    ref: str
    at: str
    key: str
    actor: str
    verb: str
    accepted: bool
    reason: str | None
    arguments: dict[str, str]
    why: str | None
    before: str | None
    after: str | None


class AuditAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts and commands, the newest first; `next` and `next_seq` ask for older ones.

    `lost` counts the attempts that could not be written down.
    """

    attempts: list[AttemptBody]
    next: int | None
    commands: list[CommandBody]
    next_seq: int | None
    lost: int


def actor_of(request: Asked) -> Actor:
    """Returns who a request is from. Needs: the route is not public."""
    actor = request.scope["state"]["actor"]
    assert isinstance(actor, Actor)
    return actor


@post(
    "/api/v1/session",
    opt={"public": True},
    tags=["access"],
    summary="Log in by a one-time link",
    status_code=201,
    responses=problems(400, 401, 403, 413, 415, 422, 429),
)
async def log_in(data: JSONBody[LogIn], access: AtDoor) -> Response[SessionAnswer]:
    """Opens a session for a link that was not used yet; the cookie is out of reach for scripts."""
    opened = access.log_in(data.once)
    assert opened.cookie is not None
    headers = {"set-cookie": cookie_text(access.cookie_name, opened.cookie)}
    return Response(_session(access, opened.actor), status_code=201, headers=headers)


@reading("/session", "Who asks", tag="access")
async def who(request: Asked, access: AtDoor) -> SessionAnswer:
    """Says who asks, what he may do, and what his changing requests must carry."""
    return _session(access, actor_of(request))


@delete(
    "/api/v1/session",
    opt={"scope": "read"},
    tags=["access"],
    summary="Log out",
    status_code=204,
    responses=problems(401, 403, 409, 429),
)
async def log_out(request: Asked, access: AtDoor) -> Response[None]:
    """Ends the session; a token is ended by its own route."""
    actor = actor_of(request)
    if actor.credential is not Credential.SESSION:
        raise Problem(409, Code.CONFLICT, "a token is no session: revoke it")
    access.log_out(actor)
    headers = {"set-cookie": cookie_text(access.cookie_name, "", lasts_s=0)}
    return Response(None, status_code=204, headers=headers)


def _session(access: Access, actor: Actor) -> SessionAnswer:
    return SessionAnswer(
        actor=actor.name,
        scope=actor.scope.value,
        scopes=list(actor.scopes),
        credential=actor.credential,
        csrf=access.csrf(actor),
        ends_at=text_of_instant(actor.ends_at),
    )


@reading("/tokens", "All tokens", tag="access", opt={"scope": "admin"})
async def tokens(access: AtDoor) -> TokensAnswer:
    """Lists the tokens, those that are over too."""
    return _tokens(access)


def _tokens(access: Access) -> TokensAnswer:
    now = access.clock.now()
    return TokensAnswer(
        tokens=[
            TokenBody(
                name=each.name,
                scope=each.scope.value,
                made_at=text_of_instant(each.made_at),
                ends_at=text_of_instant(each.ends_at),
                over=each.ends_at <= now,
            )
            for each in access.tokens()
        ]
    )


@post(
    "/api/v1/tokens",
    opt={"scope": "admin", "lane": Lane.COMMAND},
    tags=["access"],
    summary="Make a token",
    status_code=201,
    responses={
        201: ResponseSpec(TokenMade, description="It is made.", generate_examples=False),
        **problems(400, 401, 403, 409, 413, 415, 422, 429),
    },
)
async def make_token(request: Asked, access: AtDoor, data: JSONBody[MakeToken], key: Key = None) -> Response[bytes]:
    """Makes a token and tells its text once; what is kept is a hash, so that the same key is not told it again.

    Who may do this has every scope to give; a token makes none that lasts longer than itself.
    """
    actor, made = actor_of(request), list[TokenMade]()

    async def make(_key: str) -> Known:
        ends_at = later(access.clock.now(), seconds=data.days * SECONDS_PER_DAY)
        if actor.credential is Credential.TOKEN and ends_at > actor.ends_at:
            raise Problem(403, Code.FORBIDDEN, f"{actor.name} is a token itself, and makes none that outlives it")
        try:
            text = access.make(data.name, data.scope, days=data.days)
        except TokenRefused as error:
            raise Problem(409, Code.CONFLICT, str(error)) from error
        access.note(actor, f"make token {data.name}", "token_made", f"{data.scope.value}, {data.days} days")
        body = next(each for each in _tokens(access).tokens if each.name == data.name)
        fields = {name: getattr(body, name) for name in body.__struct_fields__}
        made.append(TokenMade(**fields, token=text))
        return Known(status=201, body=msgspec.json.encode(TokenMade(**fields, token=None)))

    asked = (request.url.path, msgspec.json.encode(data))
    answer = await once(access.answers, actor.name, key, asked, make)
    return Response(msgspec.json.encode(made[0]), status_code=201, media_type=JSON) if made else answer


@delete(
    "/api/v1/tokens/{name:str}",
    opt={"scope": "admin", "lane": Lane.COMMAND},
    tags=["access"],
    summary="End a token",
    status_code=200,
    responses={
        200: ResponseSpec(TokensAnswer, description="It is ended.", generate_examples=False),
        **problems(400, 401, 403, 404, 409, 422, 429),
    },
)
async def end_token(
    request: Asked, access: AtDoor, name: Annotated[str, PathParameter(max_length=NAME_TEXT_MAX)], key: Key = None
) -> Response[bytes]:
    """Ends a token at once, and lists those that are left."""
    actor = actor_of(request)

    async def end(_key: str) -> Known:
        try:
            access.revoke(name)
        except TokenRefused as error:
            raise Problem(404, Code.NOT_FOUND, str(error)) from error
        access.note(actor, f"end token {name}", "token_ended", "")
        return Known(status=200, body=msgspec.json.encode(_tokens(access)))

    return await once(access.answers, actor.name, key, (request.url.path, b""), end)


@reading("/audit", "Who tried and who commanded what", tag="access")
async def audit(
    access: AtDoor,
    site: AtSite,
    before: Before = None,
    before_seq: BeforeSeq = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 100,
) -> AuditAnswer:
    """Tells logins, refusals and forged requests, and what the journal says of commands."""
    await site.has_own()  # attempts are told even where the journal cannot be read
    attempts = access.trail.latest(before=before, limit=limit)
    told = (line for line in reversed(site.folds.commands.lines) if before_seq is None or line.seq < before_seq)
    commands = list(islice(told, limit))
    return AuditAnswer(
        attempts=[_attempt(each) for each in attempts],
        next=attempts[-1].number if len(attempts) == limit else None,
        commands=[_command(each, before_of(site.folds.commands.lines, each)) for each in commands],
        next_seq=commands[-1].seq if len(commands) == limit else None,
        lost=access.trail.lost,
    )


def _attempt(attempt: Attempt) -> AttemptBody:
    return AttemptBody(
        number=attempt.number,
        at=text_of_instant(attempt.at),
        last_at=text_of_instant(attempt.last_at),
        times=attempt.times,
        actor=attempt.actor,
        act=attempt.act,
        code=attempt.code,
        detail=attempt.detail,
    )


def before_of(lines: Iterable[CommandLine], line: CommandLine) -> str | None:
    """Returns what a limit was before a command set it: what the command before it set, or as it is configured."""
    if line.verb != Verb.LIMIT_SET.value or line.why is not None:
        return None
    name = line.arguments.get("name")
    earlier = (
        each.arguments.get("to", "")
        for each in lines
        if (each.verb, each.why, each.arguments.get("name")) == (line.verb, None, name) and each.seq < line.seq
    )
    return next(iter(deque(earlier, maxlen=1)), CONFIGURED)


def _command(line: CommandLine, before: str | None) -> CommandBody:
    return CommandBody(
        seq=line.seq,
        ref=line.ref,
        at=text_of_instant(line.at),
        key=line.key,
        actor=line.actor,
        verb=line.verb,
        accepted=line.why is None,
        reason=line.reason,
        arguments=line.arguments,
        why=line.why,
        before=before,
        after=None if before is None else line.arguments.get("to"),
    )


ROUTES: tuple[ControllerRouterHandler, ...] = (log_in, who, log_out, tokens, make_token, end_token, audit)
