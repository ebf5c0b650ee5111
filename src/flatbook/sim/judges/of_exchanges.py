"""Judges of what a desk leaves and does at an exchange.

It leaves nothing for long once it is dead, trades not with itself, and asks for nothing while it was asked to wait.
"""

from __future__ import annotations

from flatbook.events.orders import ForeignFilled
from flatbook.sim.judges import of_books, of_decisions
from flatbook.sim.judges.court import Court, Hear, Hearing
from flatbook.sim.judges.exact import shown
from flatbook.sim.judges.truth import ExecutionKey, TrueOrder
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant

DESK = "desk"
READ, READS_IGNORED_MAX = "GET ", 8


def dead_desks_offer_nothing(court: Court) -> Hearing:
    """I21: what a desk leaves at an exchange that cancels for the dead is over within its bound, and so until it lives.

    Looked at when the next life begins: an order that was there before the last one ended is there no more.
    """
    seat = court.expects.seat
    bound = None if seat is None else seat.dead_within
    died: dict[str, Instant] = {}

    def ended(entry: rec.LifeEnded) -> None:
        if entry.process == DESK:
            died[DESK] = entry.at

    def began(entry: rec.LifeBegan) -> None:
        died_at = died.pop(DESK, None) if entry.process == DESK else None
        if bound is None or died_at is None or entry.at < died_at + bound:
            return
        for order in court.truth.orders.values():
            if order.ending is None and order.taken.ours and order.taken_at < died_at:
                what = f"order {order.taken.client_id} stood all the while that its desk was dead"
                court.find("I21", what, f"dead since {died_at}, alive at {entry.at}: {order.taken}")

    return Hearing(entries={rec.LifeEnded: ended, rec.LifeBegan: began})


def forced_close_owned(court: Court) -> Hearing:
    """I23: what was closed by force of a position that a seat holds is its own, and seen within a poll as anywhere."""
    seen = of_books.forced_close_seen(court)
    seat = court.expects.seat

    def foreign(event: ForeignFilled) -> None:
        seen.events[ForeignFilled](event)
        entry = court.truth.executions.get(of_books.execution_key(court, event))
        held = 0 if seat is None else court.told.nets.get((seat.owner, event.underlying), 0)
        if entry is not None and entry.forced and held * entry.sign < 0:
            what = f"the forced execution {event.execution_id} is booked under nobody, and its position was held"
            court.find("I23", what, f"held {shown(held)}: {event}")

    return Hearing(entries=seen.entries, events={**seen.events, ForeignFilled: foreign}, end=seen.end)


def own_orders_apart(court: Court) -> Hearing:
    """I24: no two orders of ours trade with each other: an exchange is asked to end one of them before that."""

    def executed(entry: rec.Executed) -> None:
        other: ExecutionKey = (entry.account, entry.symbol, entry.execution_id, -entry.sign)
        met = court.truth.executions.get(other)
        if met is not None and _is_ours(court, entry) and _is_ours(court, met):
            court.find("I24", f"{entry.client_id} traded with {met.client_id}", f"{entry} / {met}")

    return Hearing(entries={rec.Executed: executed})


def waits_as_asked(court: Court) -> Hearing:
    """I19: bounds hold as anywhere, and an exchange that asked to wait is hardly asked for anything until then.

    Answers are lost and questions are under way, so that a few may come. Cancels, exits and switches never wait.
    """
    bounded = of_decisions.bounded(court)
    waits: dict[str, Instant] = {}
    ignored: dict[str, int] = {}

    def began(_entry: rec.LifeBegan) -> None:
        waits.clear()
        ignored.clear()

    def asked(entry: rec.AskedToWait) -> None:
        until = waits.get(entry.account, entry.at)
        count = ignored.get(entry.account, 0) if entry.at < until else 0
        ignored[entry.account] = count + (entry.at < until and entry.verb.startswith(READ))
        waits[entry.account] = max(until, entry.until)
        if ignored[entry.account] == READS_IGNORED_MAX + 1:
            what = f"{READS_IGNORED_MAX + 1} questions came to {entry.account} while it had asked to wait"
            court.find("I19", what, f"until {until}: {entry}")

    entries: dict[type[rec.Entry], Hear] = {**bounded.entries, rec.LifeBegan: began, rec.AskedToWait: asked}
    return Hearing(entries=entries, events=bounded.events, end=bounded.end)


def _is_ours(court: Court, entry: rec.Executed) -> bool:
    order: TrueOrder | None = court.truth.orders.get(entry.venue_id)
    return entry.client_id in court.told.intents and not entry.forced and order is not None and order.taken.ours
