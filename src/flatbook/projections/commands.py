"""What operators commanded: who, what, why, and whether it was done."""

from __future__ import annotations

from collections import deque

import msgspec

from flatbook.events.control import CommandAccepted, CommandRefused
from flatbook.projections.fold import Recorded, identity_of
from flatbook.values.ids import EventRef, Seq
from flatbook.values.instants import Instant

COMMANDS_TOLD_MAX = 2_000


class CommandLine(msgspec.Struct, frozen=True, kw_only=True):
    """One command, cited by `ref`. `why` says why it was refused; `reason` is None where that was not kept."""

    seq: Seq
    ref: EventRef
    at: Instant
    key: str
    actor: str
    verb: str
    reason: str | None
    arguments: dict[str, str]
    why: str | None


class Commands:
    """The newest commands of a journal, the oldest first, at most COMMANDS_TOLD_MAX of them."""

    def __init__(self) -> None:
        self.lines: deque[CommandLine] = deque(maxlen=COMMANDS_TOLD_MAX)

    def apply(self, item: Recorded) -> None:
        """Folds one event."""
        if isinstance(item.event, CommandAccepted):
            self.lines.append(_accepted(item, item.event))
        elif isinstance(item.event, CommandRefused):
            self.lines.append(_refused(item, item.event))


def _accepted(item: Recorded, event: CommandAccepted) -> CommandLine:
    return CommandLine(
        seq=item.seq,
        ref=identity_of(item),
        at=event.accepted_at,
        key=event.key,
        actor=event.actor,
        verb=event.verb,
        reason=event.reason,
        arguments=event.arguments,
        why=None,
    )


def _refused(item: Recorded, event: CommandRefused) -> CommandLine:
    return CommandLine(
        seq=item.seq,
        ref=identity_of(item),
        at=event.refused_at,
        key=event.key,
        actor=event.actor,
        verb=event.verb,
        reason=event.reason,
        arguments=event.arguments or {},
        why=event.why,
    )
