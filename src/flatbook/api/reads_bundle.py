"""A stretch of the journal as one file to take away, which proves itself anywhere."""

from __future__ import annotations

import asyncio
import io
from contextlib import closing
from pathlib import Path
from typing import Annotated

from litestar import Response, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from flatbook.api.problems import Code, Problem
from flatbook.api.routes import READ, ROOT, AtSite, problems
from flatbook.api.site import ASK_AGAIN
from flatbook.engine.ports import JournalFault
from flatbook.journal.sqlite_reader import open_reader
from flatbook.ops.bundle import BundleRefused, Manifest, write_bundle
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant

EVENTS_MAX = 50_000
ZIP = "application/zip"

First = Annotated[int, QueryParameter(ge=1, description="The first event.")]
Last = Annotated[int | None, QueryParameter(ge=1, description="The last event; the last of all when left out.")]


@get(
    f"{ROOT}/events/bundle",
    opt=READ,
    summary="A stretch of the journal as a file",
    tags=["events"],
    media_type=ZIP,
    responses=problems(400, 401, 403, 404, 422, 429, 503),
)
async def bundle(site: AtSite, first: First = 1, last: Last = None) -> Response[bytes]:
    """Returns a ZIP of the commits that hold these events: events, commits with their hashes, and a manifest.

    Of a long journal EVENTS_MAX events at once; `flatbook events bundle` writes any number.
    """
    end = site.present().moment.seq if last is None else last
    if end - first >= EVENTS_MAX:
        text = f"{end - first + 1} events are too many at once: ask for {EVENTS_MAX}, or flatbook events bundle"
        raise Problem(422, Code.INVALID, text)
    if site.bundling.locked():
        raise Problem(503, Code.UNAVAILABLE, "another bundle is being written", headers=ASK_AGAIN)
    async with site.bundling:
        body, made = await asyncio.to_thread(_written, site.follower.path, first, end, site.clock.now())
    name = f"flatbook-events-{made.first}-{made.last}.zip"
    return Response(body, media_type=ZIP, headers={"content-disposition": f'attachment; filename="{name}"'})


def _written(path: Path, first: int, last: int, now: Instant) -> tuple[bytes, Manifest]:
    """Returns a bundle and what it holds.

    Errors: Problem.
    """
    target = io.BytesIO()
    try:
        with closing(open_reader(path)) as reader:
            made = write_bundle(target, reader, Seq(first), Seq(last), made_at=now)
    except BundleRefused as refused:
        raise Problem(422, Code.INVALID, str(refused)) from refused
    except JournalFault as error:
        raise Problem(503, Code.JOURNAL_UNAVAILABLE, str(error)) from error
    return target.getvalue(), made


ROUTES: tuple[ControllerRouterHandler, ...] = (bundle,)
