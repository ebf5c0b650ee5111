"""What waits to be delivered, channel by channel, and what came of it; kept in one small file beside the journal.

A message leaves the file once its channel has taken it: what was delivered is not sent again after a restart. One
whose answer was lost is sent again under the same id, because twice is better than never. Deleting the file forgets
what was told, so that what stands is told once more.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from flatbook.engine.ports import JournalUnavailable
from flatbook.events.control import Severity
from flatbook.journal.files import written_whole
from flatbook.ops.alerts.book import Book
from flatbook.ops.alerts.message import Message
from flatbook.ops.alerts.quiet import Quiet, may_tell
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant, later, seconds_between

FORMAT = 1
FILE_SUFFIX = ".alerts"
PENDING_MAX = 200
PENDING_S_MAX = 86_400
AGAIN_S = 5
DOUBLINGS_MAX = 6
AGAIN_S_MAX = 3_600


class Sent(msgspec.Struct, frozen=True):
    """The channel has taken the message."""


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """The channel has not taken it, or nobody knows; it is sent again. `after_s`: how long the channel asks to wait."""

    why: str
    after_s: int | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The channel will never take this message."""

    why: str


Outcome = Sent | Again | Refused


class Line(msgspec.Struct, kw_only=True):
    """What one channel still has to deliver, and since when it delivers nothing and why.

    `dropped` counts the messages that were given up: refused, too old, or too many.
    """

    pending: list[Message] = []
    attempts: int = 0
    next_at: Instant = Instant(0)
    failing_since: Instant | None = None
    why: str = ""
    dropped: int = 0


class Kept(msgspec.Struct, kw_only=True):
    """All that survives a restart: what is known of each alert, what waits, and when each chain was read last."""

    format: int = FORMAT
    book: Book = {}
    lines: dict[str, Line] = {}
    read_at: dict[SourceId, Instant] = {}


def file_beside(journal: Path) -> Path:
    """Returns where the delivery of a journal's alerts is kept."""
    return journal.with_name(f"{journal.name}{FILE_SUFFIX}")


def read_kept(path: Path) -> Kept:
    """Returns what a file keeps; nothing where there is none that this version reads."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError):
        return Kept()
    return kept if kept.format == FORMAT else Kept()


def write_kept(path: Path, kept: Kept) -> bool:
    """Writes the file whole and durably; returns whether the disk took it. Without it a restart tells things again."""
    try:
        with written_whole(path) as part:
            part.write_bytes(msgspec.json.encode(kept))
    except JournalUnavailable:
        return False
    return True


def put(line: Line, message: Message) -> None:
    """Adds a message. Where too many wait the oldest of the least urgent is given up."""
    line.pending.append(message)
    if len(line.pending) > PENDING_MAX:
        mild = (at for at, each in enumerate(line.pending) if each.severity is not Severity.CRITICAL)
        del line.pending[next(mild, 0)]
        line.dropped += 1


def next_due(line: Line, now: Instant, quiet: Quiet | None = None) -> Message | None:
    """Returns the message to send now, None when none may be told or the channel must rest. Too old ones are given up.

    Gives: within quiet hours only what is critical, before what waits for their end.
    """
    while line.pending and seconds_between(line.pending[0].at, now) > PENDING_S_MAX:
        del line.pending[0]
        line.dropped += 1
    if line.next_at > now:
        return None
    return next((each for each in line.pending if may_tell(each.severity, quiet, now)), None)


def settle(line: Line, message: Message, outcome: Outcome, now: Instant) -> None:
    """Takes what came of sending a message."""
    if isinstance(outcome, Again):
        line.next_at = later(now, seconds=_wait_s(outcome, line.attempts))
        line.attempts += 1
    else:
        line.pending = [each for each in line.pending if each.id != message.id]
        line.attempts, line.next_at = 0, now
    if isinstance(outcome, Sent):
        line.failing_since, line.why = None, ""
        return
    line.dropped += isinstance(outcome, Refused)
    line.failing_since = now if line.failing_since is None else line.failing_since
    line.why = outcome.why


def _wait_s(outcome: Again, attempts: int) -> int:
    own = AGAIN_S << min(attempts, DOUBLINGS_MAX)
    return own if outcome.after_s is None else min(max(outcome.after_s, 1), AGAIN_S_MAX)
