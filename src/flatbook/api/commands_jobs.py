"""Kills on their way: each is a job that ends when every venue has said that nothing is open, and not before."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from typing import Any

import msgspec

from flatbook.api.access_file import writing
from flatbook.api.problems import Code, Problem
from flatbook.api.site import Site
from flatbook.engine.ports import JournalFault
from flatbook.journal.sqlite_reader import open_reader
from flatbook.projections.open_orders import OpenOrder, open_orders
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant, later, text_of_instant

JOBS_MAX = 256
LOOK_S = 0.2
WATCH_S = 600
UNFINISHED_MAX = 8
DONE_WITHIN_S = 30
RUNNING, DONE, UNCONFIRMED = "running", "done", "unconfirmed"


class VenueBody(msgspec.Struct, frozen=True, kw_only=True):
    """How one account stands: orders open when the kill was given, and what its venue has said since, None so far."""

    account: str
    open_before: int
    open_orders: int | None
    confirmed: bool
    stated_at: str | None


class JobBody(msgspec.Struct, frozen=True, kw_only=True):
    """How a kill goes on. `confirmed`: every venue stated, after it, that no order is open, and we know of none.

    `state` is running, done, or unconfirmed: not confirmed within half a minute, and still looked after.
    """

    id: str
    verb: str
    actor: str
    account: str | None
    seq: int | None
    given_at: str
    state: str
    confirmed: bool
    confirmed_at: str | None
    venues: list[VenueBody]
    open_orders: list[OpenOrder]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A kill that was given: of which account or all, and how many orders were open at each of them then.

    `seq` is where it stands in the journal, None where that cannot be written: then only the venues' word counts.
    """

    id: str
    actor: str
    account: str | None
    seq: int | None
    at: Instant
    before: dict[str, int]
    done: JobBody | None = None


class Jobs:
    """All kills that this door gave, the newest JOBS_MAX of them, also those of the process before."""

    def __init__(self, door: sqlite3.Connection, site: Site) -> None:
        self._door, self._site = door, site
        self._kept: dict[str, Given] = {}
        self._watching: dict[asyncio.Task[None], None] = {}
        for job_id, body in door.execute("SELECT id, body FROM jobs ORDER BY number").fetchall():
            self._kept[job_id] = msgspec.json.decode(body, type=Given)

    def before(self) -> dict[str, int]:
        """Returns how many orders are open at each account now, as far as the journal is read."""
        counts: dict[str, int] = {}
        for order in open_orders(self._site.folds.state):
            counts[order.account] = counts.get(order.account, 0) + 1
        return counts

    async def give(self, actor: str, account: str | None, seq: int | None, before: dict[str, int]) -> str:
        """Looks after a kill from now on, and returns the name of its job."""
        at = self._site.now if seq is None else await asyncio.to_thread(_committed_at, self._site, Seq(seq))
        job_id = f"kill-{seq}" if seq is not None else f"kill-at-{at}"
        if job_id not in self._kept:
            self._keep(Given(id=job_id, actor=actor, account=account, seq=seq, at=at, before=before))
            self._look_after(job_id)
        return job_id

    async def look_after_unfinished(self) -> None:
        """Looks after the newest kills of the process before: nobody may ask about one before the next order rests."""
        unfinished = [given.id for given in self._kept.values() if given.done is None]
        for job_id in unfinished[-UNFINISHED_MAX:]:
            self._look_after(job_id)

    def _look_after(self, job_id: str) -> None:
        task = asyncio.create_task(self._watch(job_id))
        self._watching[task] = None
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._watching.pop(task, None)
        if not task.cancelled():
            task.exception()  # it was looked after for as long as is promised, and can still be asked for

    def look(self, job_id: str) -> JobBody:
        """Returns how a job stands now.

        Errors: Problem where there is none of this name.
        """
        given = self._kept.get(job_id)
        if given is None:
            raise Problem(404, Code.NOT_FOUND, f"no job is called {job_id!r}")
        if given.done is not None:
            return given.done
        body = self._stand(given)
        if body.confirmed:
            self._keep(msgspec.structs.replace(given, done=body))
        return body

    def all(self) -> list[JobBody]:
        """Returns all jobs, the newest first."""
        return [self.look(job_id) for job_id in reversed(tuple(self._kept))]

    def _stand(self, given: Given) -> JobBody:
        own = self._site.live.status.own
        venues = [_venue(account, stated, given) for account, stated in _statements(own, given.account).items()]
        left, is_read = self._left(given, own)
        confirmed = bool(self._site.live.status.running and is_read and not left and venues)
        confirmed = confirmed and all(venue.confirmed for venue in venues)
        now = self._site.now
        late = now > later(given.at, seconds=DONE_WITHIN_S)
        return JobBody(
            id=given.id,
            verb="kill",
            actor=given.actor,
            account=given.account,
            seq=given.seq,
            given_at=text_of_instant(given.at),
            state=DONE if confirmed else UNCONFIRMED if late else RUNNING,
            confirmed=confirmed,
            confirmed_at=text_of_instant(now) if confirmed else None,
            venues=venues,
            open_orders=left,
        )

    def _left(self, given: Given, own: dict[str, Any]) -> tuple[list[OpenOrder], bool]:
        """Returns what the journal still knows as open, and whether it was read as far as the engine has come."""
        if given.seq is None:
            return [], True
        folds = self._site.folds
        left = [order for order in open_orders(folds.state) if given.account in (None, order.account)]
        return left, folds.seq >= max(given.seq, own.get("seq", 0)) and not own.get("queued", 1)

    async def _watch(self, job_id: str) -> None:
        async with asyncio.timeout(WATCH_S):
            while not self.look(job_id).confirmed:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)

    def _keep(self, given: Given) -> None:
        self._kept[given.id] = given
        for old in list(self._kept)[:-JOBS_MAX]:
            del self._kept[old]
        with suppress(sqlite3.Error), writing(self._door):
            self._door.execute(
                "INSERT INTO jobs (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                (given.id, msgspec.json.encode(given)),
            )
            self._door.execute(
                "DELETE FROM jobs WHERE number NOT IN (SELECT number FROM jobs ORDER BY number DESC LIMIT ?)",
                (JOBS_MAX,),
            )


def _statements(own: dict[str, Any], account: str | None) -> dict[str, dict[str, Any] | None]:
    """Returns what each account that is meant stated last; None where one never did."""
    return {each: own["statements"].get(each) for each in own.get("accounts", ()) if account in (None, each)}


def _venue(account: str, stated: dict[str, Any] | None, given: Given) -> VenueBody:
    is_later = stated is not None and stated["stated_at"] >= given.at
    return VenueBody(
        account=account,
        open_before=given.before.get(account, 0),
        open_orders=stated["open_orders"] if stated is not None and is_later else None,
        confirmed=stated is not None and is_later and not stated["open_orders"],
        stated_at=None if stated is None else text_of_instant(Instant(stated["stated_at"])),
    )


def _committed_at(site: Site, seq: Seq) -> Instant:
    """Returns when an event was committed; now where the journal cannot be read."""
    try:
        with closing(open_reader(site.loaded.journal)) as reader:
            return next(row.at for row in reader.read(Seq(seq - 1)) if row.last >= seq)
    except (JournalFault, StopIteration):
        return site.now
