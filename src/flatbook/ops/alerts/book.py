"""What is known of each alert, and what has to be told of it: raised, worse, still there, gone.

An alert is the same as long as its name and subject are. It is told once its condition has stood for its bound, again
when it gets worse, again after a while, and once more when it has been gone for `recover_s`: one that comes back
before that never was away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

import msgspec
from msgspec.structs import replace

from flatbook.events.control import Severity
from flatbook.ops.alerts.rules import Condition, Terms, bound_s
from flatbook.values.ids import digest_text
from flatbook.values.instants import Instant, seconds_between

KEPT_MAX = 10_000
ID_CHARS = 20
RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


class Kind(Enum):
    """What is told of an alert."""

    RAISED = "raised"
    WORSE = "worse"
    RENEWED = "renewed"
    RECOVERED = "recovered"
    TEST = "test"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One alert: as it was seen last, since when, when it was told last and how often, and since when it is gone."""

    condition: Condition
    since: Instant
    told_at: Instant | None = None
    told: int = 0
    gone_at: Instant | None = None


Book = dict[str, Known]


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell. `id` is the same whenever the same thing is told again."""

    id: str
    kind: Kind
    condition: Condition
    since: Instant
    at: Instant


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """The book after a look, and what has to be told."""

    book: Book
    news: tuple[News, ...]


def alerts_of(book: Book, found: Sequence[Condition], terms: Terms, now: Instant) -> Decided:
    """Returns what a look at what stands now changes: the new book, and what to tell.

    Gives: beyond KEPT_MAX alerts at a time those found last are left out.
    """
    after: Book = {}
    news: list[News] = []
    for condition in found[:KEPT_MAX]:
        if condition.key in after:
            continue
        known = _seen(book.get(condition.key), condition, now)
        kind = _to_tell(book.get(condition.key), known, terms, now)
        after[condition.key] = known if kind is None else _told(known, kind, news, now)
    for known in _gone(book, after, now):
        if known.gone_at is None or seconds_between(known.gone_at, now) < terms.recover_s:
            after[known.condition.key] = known
        else:
            _told(known, Kind.RECOVERED, news, now)
    return Decided(book=after, news=tuple(news))


def by_urgency(book: Book) -> tuple[Known, ...]:
    """Returns the alerts that stand, the most urgent and oldest first."""
    standing = (known for known in book.values() if known.gone_at is None)
    return tuple(sorted(standing, key=lambda known: (-RANK[known.condition.severity], known.since)))


def _seen(before: Known | None, condition: Condition, now: Instant) -> Known:
    """Returns what is known of a condition that stands. When it began is what was noted first."""
    if before is None:
        return Known(condition=condition, since=condition.since if condition.since is not None else now)
    return replace(before, condition=condition, gone_at=None)


def _to_tell(before: Known | None, known: Known, terms: Terms, now: Instant) -> Kind | None:
    condition = known.condition
    if known.told_at is None or before is None:
        due = seconds_between(known.since, now) >= bound_s(condition.name, terms)
        return Kind.RAISED if due else None
    if RANK[condition.severity] > RANK[before.condition.severity]:
        return Kind.WORSE
    renew_s = terms.renew_critical_s if condition.severity is Severity.CRITICAL else terms.renew_warning_s
    return Kind.RENEWED if seconds_between(known.told_at, now) >= renew_s else None


def _told(known: Known, kind: Kind, news: list[News], now: Instant) -> Known:
    condition = known.condition
    name = digest_text("alert", condition.key, str(known.since), str(known.told), kind.value)[:ID_CHARS]
    news.append(News(id=name, kind=kind, condition=condition, since=known.since, at=now))
    return replace(known, told_at=now, told=known.told + 1)


def _gone(book: Book, standing: Book, now: Instant) -> Iterator[Known]:
    """Yields the told alerts whose condition does not stand any more; one that was never told is forgotten."""
    for key, known in book.items():
        if key not in standing and known.told_at is not None:
            yield known if known.gone_at is not None else replace(known, gone_at=now)
