"""Why something happened: the events of a fill or an order, of what caused it, and of what it caused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.ports import Row
from flatbook.events import chain, control, orders
from flatbook.events.codec import name_of
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.events.prices import FillPriced
from flatbook.events.refs import halt_id_of_command, ref_of_fill, ref_of_log, ref_of_order
from flatbook.events.risk import BooksCorrected
from flatbook.projections.fold import Recorded, fold_all, identity_of, recorded
from flatbook.projections.lots import Slice
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import slices_of
from flatbook.values.ids import EventRef, Seq
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.money import plain

CANDIDATES_MAX = 20
INSTANT_FIELDS = ("happened_at", "decided_at", "seen_at", "raised_at", "stated_at", "halted_at", "lifted_at")


class Thread(msgspec.Struct, frozen=True, kw_only=True, tag="thread"):
    """The events about one subject, and what caused them, as references that events gave.

    `names` are ids of venues, and keys of commands, under which the subject is known too.
    """

    seqs: tuple[Seq, ...]
    because: tuple[EventRef, ...]
    names: tuple[str, ...]


class Alias(msgspec.Struct, frozen=True, kw_only=True, tag="alias"):
    """A reference that belongs to a subject."""

    subject: EventRef


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a line: where it stands, when it happened and was recorded, what it says."""

    seq: Seq
    recorded_at: Instant
    at: Instant
    subject: EventRef
    what: str
    fields: dict[str, str]


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long the steps from a fill to its hedge took.

    Units: nanoseconds. seen: from the fill to our knowledge of it; decided: from there to the intent; accepted: from
    the intent to the venue's acceptance; executed: from the intent to the first execution; total: from the fill to
    the last execution. None where one end is missing, or the order was not caused by a fill.
    """

    order: EventRef
    seen_ns: int | None
    decided_ns: int | None
    accepted_ns: int | None
    executed_ns: int | None
    total_ns: int | None


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that belongs to a subject, in the order of the journal."""

    subject: EventRef
    lines: tuple[Line, ...]
    slices: tuple[Slice, ...]
    latencies: tuple[Latency, ...]


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """The subjects that a fragment may mean, at most CANDIDATES_MAX of `found`; none where it means nothing."""

    subjects: tuple[EventRef, ...]
    found: int


class Threads:
    """The index of a journal by subject: fills, orders, foreign executions, halts, commands, what operators stated."""

    def __init__(self) -> None:
        self.rows: dict[str, Thread | Alias] = {}

    def apply(self, item: Recorded) -> None:
        """Indexes one event."""
        subject = self._subject(item)
        if subject is None:
            return
        known = self.rows.get(subject)
        thread = known if isinstance(known, Thread) else Thread(seqs=(), because=(), names=())
        because = getattr(item.event, "because", None)
        self.rows[subject] = Thread(
            seqs=(*thread.seqs, item.seq),
            because=_with(thread.because, because),
            names=_with(thread.names, _name_of(item.event)),
        )
        for alias in _aliases(item):
            if alias != subject:
                self.rows[alias] = Alias(subject=subject)

    def subject_of(self, ref: EventRef) -> EventRef:
        """Returns the subject that a reference belongs to, itself where nothing else is known."""
        row = self.rows.get(ref)
        return row.subject if isinstance(row, Alias) else ref

    def thread(self, subject: EventRef) -> Thread | None:
        """Returns the events about a subject; None when there are none."""
        row = self.rows.get(subject)
        return row if isinstance(row, Thread) else None

    def threads(self) -> Iterator[tuple[EventRef, Thread]]:
        """Yields all subjects with their events."""
        return ((EventRef(key), row) for key, row in self.rows.items() if isinstance(row, Thread))

    def _subject(self, item: Recorded) -> EventRef | None:
        event = item.event
        if isinstance(event, chain.Fill | chain.FillReversed | FillPriced):
            return ref_of_fill(event.key)
        if isinstance(event, chain.FillValued | chain.SkippedFillReleased):
            return self.subject_of(ref_of_log(event.chain, event.tx, event.log_index))
        if isinstance(event, control.AlertRaised):
            return None if event.because is None else self.subject_of(event.because)
        if isinstance(event, control.TradingHalted | control.TradingLifted):
            return EventRef(event.halt_id)
        if isinstance(event, _COMMANDS):
            return _subject_of_command(event)
        if isinstance(event, _STANDING_ALONE):
            return identity_of(item)
        order_id = getattr(event, "order_id", None)
        return None if order_id is None else ref_of_order(order_id)


_COMMANDS = (control.CommandAccepted, control.CommandRefused)


def _subject_of_command(event: control.CommandAccepted | control.CommandRefused) -> EventRef:
    """Returns the halt that an accepted command set, wanted set or lifted; of any other, the command itself."""
    halt_id = None if isinstance(event, control.CommandRefused) else halt_id_of_command(event.verb, event.arguments)
    return EventRef(f"command:{event.key}" if halt_id is None else halt_id)


def _name_of(event: Event) -> str | None:
    """Returns the id that others know an event's subject by: that of a venue, or the key of a command."""
    return event.key if isinstance(event, _COMMANDS) else getattr(event, "venue_order_id", None)


_STANDING_ALONE = (
    orders.ForeignFilled,
    orders.ForeignAssigned,
    ForcedReduction,
    BooksCorrected,
    control.PositionOverwritten,
    control.FlattenIntended,
    chain.GasSpent,
)


def find_subjects(threads: Threads, fragment: str) -> Candidates:
    """Returns the subjects whose reference, alias or name contains a fragment, whatever its case.

    Gives: only the subject itself where the fragment is the whole of a reference or name, or of an order id.
    """
    wanted = fragment.lower()
    found: dict[EventRef, None] = {}
    for key, row in threads.rows.items():
        texts = (key, *row.names) if isinstance(row, Thread) else (key,)
        subject = EventRef(key) if isinstance(row, Thread) else row.subject
        if any(wanted in (text.lower(), text.lower().removeprefix("order:")) for text in texts):
            return Candidates(subjects=(subject,), found=1)
        if any(wanted in text.lower() for text in texts):
            found[subject] = None
    return Candidates(subjects=tuple(found)[:CANDIDATES_MAX], found=len(found))


def subjects_around(threads: Threads, pnl: Pnl, subject: EventRef) -> tuple[EventRef, ...]:
    """Returns a subject, what closed or opened its slices, all their causes, and all effects of the subject."""
    around = {subject: None, **dict.fromkeys(_matched_with(threads, pnl, subject))}
    for cause in _closure(tuple(around), lambda each: _causes(threads, each)):
        around[cause] = None
    effects: dict[EventRef, list[EventRef]] = {}
    for each, _ in threads.threads():
        for cause in _causes(threads, each):
            effects.setdefault(cause, []).append(each)
    for effect in _closure((subject,), lambda each: effects.get(each, ())):
        around[effect] = None
    return tuple(around)


def why(read: Callable[[Seq], Iterable[Row]], fragment: str) -> Story | Candidates:
    """Returns the story of what a fragment of a reference, transaction, order id or venue id means.

    Needs: `read` streams what follows an event of the journal; it is read twice.
    Gives: the candidates when the fragment means several subjects, or none.
    """
    threads, pnl = Threads(), Pnl()
    fold_all((threads, pnl), read(Seq(0)))
    candidates = find_subjects(threads, fragment)
    if candidates.found != 1:
        return candidates
    return story_of(read, plot_of(threads, pnl, candidates.subjects[0]))


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """What a story will tell: the events that belong to it, each with what it is about, and the slices."""

    subject: EventRef
    seqs: dict[Seq, EventRef]
    slices: tuple[Slice, ...]


def plot_of(threads: Threads, pnl: Pnl, subject: EventRef) -> Plot:
    """Returns what belongs to the story of a subject, all causes and effects included."""
    subjects = subjects_around(threads, pnl, subject)
    seqs = {seq: each for each in subjects if (thread := threads.thread(each)) for seq in thread.seqs}
    return Plot(subject=subject, seqs=seqs, slices=_slices_of(threads, pnl, subject))


def story_of(read: Callable[[Seq], Iterable[Row]], plot: Plot) -> Story:
    """Returns the story of a plot. Needs: `read` streams what follows an event of the same journal."""
    before = Seq(min(plot.seqs, default=Seq(1)) - 1)
    told = tuple(_told((item for item in recorded(read(before)) if item.seq > before), plot.seqs))
    return Story(
        subject=plot.subject,
        lines=tuple(line_of(item, about) for item, about in told),
        slices=plot.slices,
        latencies=latencies_of([item.event for item, _ in told]),
    )


def _told(items: Iterable[Recorded], seqs: dict[Seq, EventRef]) -> Iterator[tuple[Recorded, EventRef]]:
    """Yields the chosen events, and between them the notes of why the exposure they made stayed open.

    Gives: the notes up to the last chosen event, or all that follow while nothing was intended yet.
    """
    last = max(seqs, default=Seq(0))
    net: tuple[str, str] | None = None
    hedged = False
    for item in items:
        event = item.event
        if item.seq in seqs:
            net = net or _net_of(event)
            hedged = hedged or isinstance(event, orders.OrderIntended)
            yield item, seqs[item.seq]
        elif isinstance(event, control.HedgeHeld) and _net_of(event) == net and (item.seq < last or not hedged):
            yield item, EventRef(f"net:{event.owner}:{event.underlying}")


def _net_of(event: Event) -> tuple[str, str] | None:
    owner, underlying = getattr(event, "owner", None), getattr(event, "underlying", None)
    return None if owner is None or underlying is None else (owner, underlying)


def line_of(item: Recorded, subject: EventRef) -> Line:
    """Returns an event as a line, its fields as text, nested ones with dotted names."""
    return Line(
        seq=item.seq,
        recorded_at=item.at,
        at=_own_instant(item),
        subject=subject,
        what=name_of(type(item.event)),
        fields=dict(_fields("", msgspec.to_builtins(item.event, builtin_types=(Decimal,)))),
    )


def latencies_of(events: Iterable[Event]) -> tuple[Latency, ...]:
    """Returns the latencies of each intended order among the events of a story."""
    fills: dict[EventRef, chain.VaultFilled] = {}
    accepted: dict[str, Instant] = {}
    executed: dict[str, list[Instant]] = {}
    intents: list[orders.OrderIntended] = []
    for event in events:
        if isinstance(event, chain.VaultFilled):
            fills[ref_of_fill(event.key)] = event
        elif isinstance(event, orders.OrderIntended):
            intents.append(event)
        elif isinstance(event, orders.OrderAccepted):
            accepted.setdefault(event.order_id, event.seen_at)
        elif isinstance(event, orders.OrderFilled):
            executed.setdefault(event.order_id, []).append(event.happened_at)
    return tuple(
        _latency(
            intent,
            fills.get(intent.because) if intent.because is not None else None,
            accepted.get(intent.order_id),
            executed.get(intent.order_id, []),
        )
        for intent in intents
    )


def _latency(
    intent: orders.OrderIntended, fill: chain.VaultFilled | None, accepted: Instant | None, executed: list[Instant]
) -> Latency:
    return Latency(
        order=ref_of_order(intent.order_id),
        seen_ns=None if fill is None else fill.seen_at - fill.happened_at,
        decided_ns=None if fill is None else intent.decided_at - fill.seen_at,
        accepted_ns=None if accepted is None else accepted - intent.decided_at,
        executed_ns=min(executed) - intent.decided_at if executed else None,
        total_ns=max(executed) - fill.happened_at if executed and fill is not None else None,
    )


def _with(known: tuple[Any, ...], new: Any) -> tuple[Any, ...]:
    return known if new is None or new in known else (*known, new)


def _aliases(item: Recorded) -> Iterator[EventRef]:
    yield identity_of(item)
    event = item.event
    if isinstance(event, chain.Fill):
        yield ref_of_log(event.key.chain, event.key.tx, event.key.log_index)


def _causes(threads: Threads, subject: EventRef) -> tuple[EventRef, ...]:
    thread = threads.thread(subject)
    return () if thread is None else tuple(threads.subject_of(ref) for ref in thread.because)


def _closure(start: tuple[EventRef, ...], following: Callable[[EventRef], Iterable[EventRef]]) -> Iterator[EventRef]:
    seen, waiting = dict.fromkeys(start), list(start)
    while waiting:
        for each in following(waiting.pop()):
            if each not in seen:
                seen[each] = None
                waiting.append(each)
                yield each


def _slices_of(threads: Threads, pnl: Pnl, subject: EventRef) -> tuple[Slice, ...]:
    return tuple(
        each
        for each in slices_of(pnl)
        if subject in (threads.subject_of(each.opening), threads.subject_of(each.closing))
    )


def _matched_with(threads: Threads, pnl: Pnl, subject: EventRef) -> Iterator[EventRef]:
    for each in _slices_of(threads, pnl, subject):
        yield threads.subject_of(each.opening)
        yield threads.subject_of(each.closing)


def _own_instant(item: Recorded) -> Instant:
    for name in INSTANT_FIELDS:
        at = getattr(item.event, name, None)
        if at is not None:
            return Instant(at)
    return item.at


def _fields(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if prefix or name != "type":
                yield from _fields(f"{prefix}.{name}" if prefix else name, inner)
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from _fields(f"{prefix}.{number}", inner)
    elif isinstance(value, Decimal):
        yield prefix, plain(value)
    elif isinstance(value, int) and (prefix.endswith("_at") or prefix == "good_until"):
        yield prefix, text_of_instant(Instant(value))
    elif value is not None:
        yield prefix, str(value)
