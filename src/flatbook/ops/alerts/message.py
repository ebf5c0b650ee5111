"""What a channel carries: one message, as text for people and as JSON for programs."""

from __future__ import annotations

import re

import msgspec

from flatbook.events.control import Severity
from flatbook.ops.alerts.book import Kind, News
from flatbook.ops.alerts.rules import RULES
from flatbook.values.instants import Instant, text_of_instant

SCHEMA = "flatbook.alert.v1"
DETAIL_CHARS_MAX = 1_000
SUBJECT_CHARS_MAX = 200
CUT = "..."
_UNSEEN = re.compile(r"[^\x20-\x7e\xa1-\ud7ff\ue000-\uffef]|[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message about one alert of one desk. `id` stays the same when it is sent again."""

    id: str
    kind: Kind
    name: str
    severity: Severity
    desk: str
    subject: str
    detail: str
    do: str
    runbook: str
    since: Instant
    at: Instant

    @property
    def head(self) -> str:
        """One line that says what and where."""
        word = self.severity.value.upper() if self.kind is not Kind.RECOVERED else "OVER"
        again = {Kind.RENEWED: " (still)", Kind.WORSE: " (worse)"}.get(self.kind, "")
        return cut(f"{word} {self.name}{again}: {self.subject} [{self.desk}]", SUBJECT_CHARS_MAX)

    @property
    def text(self) -> str:
        """All of it, for people."""
        lines = [self.head, self.detail]
        lines.append(f"since {text_of_instant(self.since)}, told {text_of_instant(self.at)}")
        if self.kind is not Kind.RECOVERED:
            lines += [f"do: {self.do}", f"runbook: {self.runbook}"]
        return "\n".join(lines)

    def body(self) -> bytes:
        """All of it, for programs."""
        return msgspec.json.encode(
            {
                "schema": SCHEMA,
                "id": self.id,
                "kind": self.kind.value,
                "name": self.name,
                "severity": self.severity.value,
                "desk": self.desk,
                "subject": self.subject,
                "detail": self.detail,
                "do": self.do,
                "runbook": self.runbook,
                "since": text_of_instant(self.since),
                "at": text_of_instant(self.at),
            }
        )


def message_of(news: News, desk: str) -> Message:
    """Returns the message that tells news. What venues and people wrote is cut, and holds nothing that hides."""
    condition = news.condition
    rule = RULES[condition.name]
    return Message(
        id=news.id,
        kind=news.kind,
        name=condition.name,
        severity=condition.severity,
        desk=desk,
        subject=cut(visible(condition.subject), SUBJECT_CHARS_MAX),
        detail=cut(visible(condition.detail), DETAIL_CHARS_MAX),
        do=rule.do,
        runbook=rule.anchor,
        since=news.since,
        at=news.at,
    )


def sample(desk: str, now: Instant, name: str) -> Message:
    """Returns the message that tries a channel out."""
    return Message(
        id=f"test-{name}-{now}",
        kind=Kind.TEST,
        name="test",
        severity=Severity.INFO,
        desk=desk,
        subject=name,
        detail="This is a test. Nothing has happened.",
        do="nothing",
        runbook="docs/runbook.md",
        since=now,
        at=now,
    )


def visible(text: str) -> str:
    """Returns a text in one line, without characters that hide, move or turn."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def cut(text: str, chars_max: int) -> str:
    """Returns a text, cut to its bound."""
    return text if len(text) <= chars_max else text[: chars_max - len(CUT)] + CUT
