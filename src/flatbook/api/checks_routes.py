"""Routes of the long looks at a desk: what is wrong with it, and is its journal whole."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, SkipValidation
from litestar.types import ControllerRouterHandler

from flatbook.api.access_routes import actor_of
from flatbook.api.access_scopes import Lane, Scope
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.checks import CHECKS, DOCTOR, JOURNAL, Checks, LookBody
from flatbook.api.commands_answered import JSON
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import AtSite, problems, reading
from flatbook.api.site import Site
from flatbook.ops.doctor import Verdict

NAME_TEXT_MAX = 32

AtChecks = NamedDependency[SkipValidation[Checks]]


class FindingBody(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor: what was looked at, how it is, and what to do where it is not in order."""

    check: str
    verdict: Verdict
    found: str
    remedy: str


class DoctorBody(LookBody, frozen=True, kw_only=True):
    """What `flatbook doctor` found on this machine. `ok` where nothing fails, None while that is not known."""

    ok: bool | None
    findings: list[FindingBody]


class HeadBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where a journal ends: its last event, the row of that, and the hash over everything before."""

    rows: int
    last: int
    hash: str


class ReadToBody(msgspec.Struct, frozen=True, kw_only=True):
    """How far this process has read the journal: it checks each row against the hash of the one before as it does.

    `at` is when it was read to its end last, None where it never was; `fault` says why it cannot be read.
    """

    seq: int
    hash: str
    at: str | None
    fault: str | None


class JournalCheckBody(LookBody, frozen=True, kw_only=True):
    """Whether the whole journal was read anew, archived segments included, and every number, hash and event is right.

    `whole` is None while that is not known. `head` is where it ended then, `missing_segments` were not there to be
    read; `read` is how far the journal was checked as it was followed.
    """

    whole: bool | None
    rows: int | None
    events: int | None
    segments: int | None
    missing_segments: list[str]
    head: HeadBody | None
    read: ReadToBody


class ChecksAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The newest looks since the API began. One that never was says nothing."""

    doctor: DoctorBody
    journal: JournalCheckBody


class _Doctored(msgspec.Struct, frozen=True, kw_only=True):
    """What the verb of the doctor answers."""

    ok: bool
    findings: list[FindingBody]


class _Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What the verb that verifies answers."""

    rows: int
    events: int
    segments: int
    missing_segments: list[str]
    head: HeadBody


def checks_of(checks: Checks, site: Site) -> ChecksAnswer:
    """Returns how far both looks are, and what they found."""
    return ChecksAnswer(doctor=_doctor(checks), journal=_journal(checks, site))


def _doctor(checks: Checks) -> DoctorBody:
    answer = checks.looks[DOCTOR.name].answer
    found = msgspec.convert(answer, _Doctored) if answer else None
    stated = msgspec.structs.asdict(checks.body(DOCTOR))
    return DoctorBody(
        **stated, ok=None if found is None else found.ok, findings=[] if found is None else found.findings
    )


def _journal(checks: Checks, site: Site) -> JournalCheckBody:
    look, stated = checks.looks[JOURNAL.name], checks.body(JOURNAL)
    found = msgspec.convert(look.answer, _Verified) if look.answer else None
    return JournalCheckBody(
        **msgspec.structs.asdict(stated),
        whole=checks.was_well(JOURNAL),
        rows=None if found is None else found.rows,
        events=None if found is None else found.events,
        segments=None if found is None else found.segments,
        missing_segments=[] if found is None else found.missing_segments,
        head=None if found is None else found.head,
        read=_read_to(site),
    )


def _read_to(site: Site) -> ReadToBody:
    folds, follower = site.folds, site.follower
    return ReadToBody(seq=folds.seq, hash=folds.hash.hex(), at=instant_or_none(follower.seen_at), fault=follower.fault)


@reading("/checks", "What was found wrong, and whether the journal is whole", tag="checks")
async def checks(checks: AtChecks, site: AtSite) -> ChecksAnswer:
    """Tells what the newest run of the doctor found, and what the newest reading of the whole journal."""
    return checks_of(checks, site)


@post(
    "/api/v1/checks/{name:str}",
    opt={"scope": Scope.TRADE.value, "lane": Lane.COMMAND},
    tags=["checks"],
    summary="Look now",
    status_code=202,
    responses={
        202: ResponseSpec(ChecksAnswer, description="It is under way.", generate_examples=False),
        **problems(400, 401, 403, 404, 413, 415, 422, 429),
    },
)
async def look_now(
    request: Request[Any, Any, Any],
    checks: AtChecks,
    site: AtSite,
    name: Annotated[str, PathParameter(description="doctor, or journal.", max_length=NAME_TEXT_MAX)],
) -> Response[bytes]:
    """Begins a look, or joins the one that is under way. It reads and asks, and changes nothing of the desk.

    The doctor asks each venue and node once, with the keys of the desk; the whole journal is read at low priority.
    """
    check = CHECKS.get(name)
    if check is None:
        raise Problem(404, Code.NOT_FOUND, f"no check is called {name!r}: there are {' and '.join(CHECKS)}")
    checks.start(check, actor_of(request).name)
    return Response(msgspec.json.encode(checks_of(checks, site)), status_code=202, media_type=JSON)


ROUTES: tuple[ControllerRouterHandler, ...] = (checks, look_now)
