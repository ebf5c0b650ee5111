"""Events of the journal, one line each: where it stands, when it happened and was recorded, what it says."""

from __future__ import annotations

import msgspec

from flatbook.api.answers.moment import Answer
from flatbook.events.refs import ref_of_order
from flatbook.projections.fold import Recorded, identity_of
from flatbook.projections.timeline import Line, line_of
from flatbook.values.ids import EventRef
from flatbook.values.instants import text_of_instant


class EventBody(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `fields` are what it says, all as texts, nested ones with dotted names."""

    seq: int
    at: str
    recorded_at: str
    type: str
    subject: str
    fields: dict[str, str]


class EventsPage(Answer, frozen=True, kw_only=True):
    """A page of events, the newest first; `next` continues towards older ones, None at the end."""

    events: list[EventBody]
    next: str | None


def event_body(item: Recorded) -> EventBody:
    """Returns one event as programs read it."""
    return line_body(line_of(item, subject_of(item)))


def line_body(line: Line) -> EventBody:
    """Returns a line of a story as programs read it."""
    return EventBody(
        seq=line.seq,
        at=text_of_instant(line.at),
        recorded_at=text_of_instant(line.recorded_at),
        type=line.what,
        subject=line.subject,
        fields=line.fields,
    )


def subject_of(item: Recorded) -> EventRef:
    """Returns what an event is about: one of our orders, or what it is itself known by."""
    order_id = getattr(item.event, "order_id", None)
    return identity_of(item) if order_id is None else ref_of_order(order_id)
