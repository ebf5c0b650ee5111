"""Events of the journal, page by page from the newest on, by sequence and by time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import msgspec
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from flatbook.api.answers.events import EventsPage, event_body, subject_of
from flatbook.api.pages import AtPage, Page, Place
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import OF_JOURNAL, At, AtSite, OwnerQuery, SymbolQuery, reading
from flatbook.engine.ports import JournalFault
from flatbook.events.codec import EVENT_TYPES, name_of
from flatbook.journal.sqlite_reader import open_reader
from flatbook.projections.fold import Recorded, recorded
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant

SCANNED_MAX = 20_000
SCANNED_FIRST = 500
TYPES_MAX = 32
TYPES = tuple(dict.fromkeys(name_of(event_type) for event_type in EVENT_TYPES))
SUBJECT_MAX = 256

TypeQuery = Annotated[
    list[str] | None,
    QueryParameter(name="type", description="Only events of this type; may be given again.", max_items=TYPES_MAX),
]
SubjectQuery = Annotated[
    str | None,
    QueryParameter(description="Only about this, such as order:ID; a part of it will do.", max_length=SUBJECT_MAX),
]
AboutQuery = Annotated[
    str | None,
    QueryParameter(
        description="Only events that name this id: what they are about, what caused them, or a field of theirs.",
        min_length=1,
        max_length=SUBJECT_MAX,
    ),
]


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are asked for; None means all."""

    types: tuple[str, ...] | None
    owner: str | None
    symbol: str | None
    subject: str | None
    about: str | None

    def has(self, item: Recorded) -> bool:
        """Whether an event is asked for."""
        event = item.event
        if self.types is not None and name_of(type(event)) not in self.types:
            return False
        if self.owner is not None and getattr(event, "owner", None) != self.owner:
            return False
        if self.symbol is not None and getattr(event, "underlying", None) != self.symbol:
            return False
        if self.about is not None and not names(item, self.about):
            return False
        return self.subject is None or self.subject in subject_of(item)


def names(item: Recorded, text: str) -> bool:
    """Whether an event names an id, as what it is about or in any field."""
    return text in subject_of(item) or text.encode() in msgspec.json.encode(item.event)


def chosen(
    kinds: TypeQuery = None,
    owner: OwnerQuery = None,
    symbol: SymbolQuery = None,
    subject: SubjectQuery = None,
    about: AboutQuery = None,
) -> Chosen:
    """Returns which events a request asks for.

    Errors: Problem for a type that there is not.
    """
    for kind in kinds or ():
        if kind not in TYPES:
            raise Problem(422, Code.INVALID, f"no event has the type {kind!r}")
    types = None if kinds is None else tuple(kinds)
    return Chosen(types=types, owner=owner, symbol=symbol, subject=subject, about=about)


AtChosen = NamedDependency[SkipValidation[Chosen]]


@reading("/events", "The journal", tag="events", opt=OF_JOURNAL)
async def events(site: AtSite, chosen: AtChosen, page: AtPage, at: At = None) -> EventsPage:
    """Returns events, the newest first, or those up to a moment with `at`.

    Of a long journal SCANNED_MAX events are looked at for one page; `next` goes on, also where few were found.
    """
    moment = site.present().moment if at is None else site.moment_at(at)
    upto = Seq(moment.seq) if page.before is None else Seq(min(moment.seq, page.before.at - 1))
    look = _scan(site.follower.path, upto, chosen.has, page)
    try:
        found, scanned_to = await asyncio.to_thread(look)
    except JournalFault as error:
        raise Problem(503, Code.JOURNAL_UNAVAILABLE, str(error)) from error
    following = None if scanned_to <= 1 else page.cursor(Place(Instant(scanned_to), ""))
    return EventsPage(as_of=moment, events=[event_body(item) for item in found], next=following)


def _scan(
    path: Path, upto: Seq, has: Callable[[Recorded], bool], page: Page
) -> Callable[[], tuple[list[Recorded], int]]:
    """Returns what looks for the newest events of a page, and how far down it came, beside the event loop."""

    def look() -> tuple[list[Recorded], int]:
        found: list[Recorded] = []
        top, scanned, stretch = int(upto), 0, SCANNED_FIRST
        with closing(open_reader(path)) as reader:
            while top > 0 and len(found) < page.limit and scanned < SCANNED_MAX:
                bottom = max(0, top - stretch)
                read = (item for item in recorded(reader.read(Seq(bottom))) if item.seq > bottom)
                stretched = _until(read, top)
                found += [item for item in reversed(stretched) if has(item)]
                scanned, top, stretch = scanned + stretch, bottom, 2 * stretch
        shown = found[: page.limit]
        return shown, shown[-1].seq if len(found) > page.limit else top + 1

    return look


def _until(items: Iterable[Recorded], last: int) -> list[Recorded]:
    return list(takewhile(lambda item: item.seq <= last, items))


ROUTES = (events,)
