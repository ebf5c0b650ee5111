"""Events of control in forms that are no longer written. Journals hold them: they are read, and lifted by `codec`."""

from __future__ import annotations

from typing import Any

from flatbook.events.control import CommandRefused
from flatbook.events.event import Event
from flatbook.values.instants import Instant


class CommandRefusedV1(Event, frozen=True, kw_only=True, tag="command_refused"):
    """A refusal of before refusals told what was asked for, and why."""

    key: str
    actor: str
    verb: str
    why: str
    refused_at: Instant


def lift_refused(event: Any) -> CommandRefused:
    """Returns the present form: what was asked for, and with what reason, is not known."""
    return CommandRefused(
        key=event.key,
        actor=event.actor,
        verb=event.verb,
        reason=None,
        arguments=None,
        why=event.why,
        refused_at=event.refused_at,
    )
