"""Judges of operators: what stops stops at once, and every command has its author."""

from __future__ import annotations

import msgspec

from flatbook.events.control import CommandAccepted, HaltScope
from flatbook.events.orders import OrderIntended
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.told import WORKING, ToldOrder
from flatbook.sim.judges.truth import CANCEL, PLACE
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant

STOPS = ("halt", "kill")
KILLED = "killed"


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A cancel that a stop asks for: of which order, when the stop was answered, and whether a journal was there."""

    order_id: str
    at: Instant
    journalled: bool


def stop_works(court: Court) -> Hearing:
    """I15: a stop that was answered yes stands, or holds for the life of a process that had no journal to write it in.

    No place leaves under a halt later than the bound after it, other than one that only reduces, and each order in its
    scope that works is asked to cancel, or over, within the bound. So is each order that works at its venue when a
    process cannot commit, unless another one has taken its journal.
    """
    return stops_heard(Stops(court))


def stops_heard(stops: Stops) -> Hearing:
    """Returns what stops have to hear."""
    return Hearing(
        entries={
            rec.Commanded: stops.commanded,
            rec.CommandDone: stops.answered,
            rec.Appended: stops.appended,
            rec.AppendFailed: stops.append_failed,
            rec.Requested: stops.requested,
            rec.LifeBegan: stops.begun,
            rec.LifeEnded: stops.ended,
        },
        end=stops.end,
    )


class Stops:
    """What stops were asked for and answered, and what they still owe."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._commands: dict[str, rec.Commanded] = {}
        self._unwritten: dict[str, Instant] = {}
        self._dues: list[Due] = []
        self._deaths: list[Instant] = []
        self._asked: dict[str, Instant] = {}
        self._epoch = 0

    def owe(self, due: Due) -> None:
        """Keeps that an order must be asked to cancel."""
        self._dues.append(due)

    def commanded(self, entry: rec.Commanded) -> None:
        """Keeps a stop that was asked for."""
        if entry.verb in STOPS:
            self._commands.setdefault(entry.key, entry)

    def answered(self, entry: rec.CommandDone) -> None:
        """Looks whether a stop that was answered yes stands, and what has to go."""
        command = self._commands.get(entry.key)
        if command is None or not entry.accepted or entry.repeated:
            return
        kills = command.verb == "kill"
        scope = "all" if kills else command.arguments.get("scope", "all")
        target = "" if kills else command.arguments.get("target", "")
        if entry.seq is None:
            self._unwritten.setdefault(entry.process, entry.at)
        elif (scope, target) not in self._court.told.halted:
            self._court.find("I15", f"{command.verb} was answered yes and no halt stands", str(command))
        for order_id, order in self._court.told.intents.items():
            if order.status == WORKING and _covers(scope, target, order.intent) and not order.intent.reduce_only:
                self._dues.append(Due(order_id=order_id, at=entry.at, journalled=entry.seq is not None))

    def appended(self, row: rec.Appended) -> None:
        """Keeps the newest epoch."""
        self._epoch = max(self._epoch, row.epoch)

    def append_failed(self, entry: rec.AppendFailed) -> None:
        """Keeps what a process that cannot commit has to cancel."""
        if entry.epoch < self._epoch:
            return
        for order_id, order in self._court.told.intents.items():
            found = self._court.truth.by_client.get(order_id, ())
            if order.is_open and any(each.ending is None for each in found):
                self._dues.append(Due(order_id=order_id, at=entry.at, journalled=False))

    def requested(self, entry: rec.Requested) -> None:
        """Keeps cancels, and looks at places."""
        if entry.client_id is None or entry.copy or entry.process not in self._court.truth.lives:
            return
        if entry.verb == CANCEL:
            self._asked.setdefault(entry.client_id, entry.at)
        order = self._court.told.intents.get(entry.client_id)
        if entry.verb == PLACE and order is not None and not order.intent.reduce_only:
            self._check_place(entry, order)

    def _check_place(self, entry: rec.Requested, order: ToldOrder) -> None:
        bound = self._court.expects.places_within_halt
        for halt, at in self._court.told.halts.values():
            if entry.sent_at > at + bound and _covers(halt.scope.value, halt.target, order.intent):
                self._court.find("I15", f"{entry.client_id} was placed under {halt.halt_id}", f"{halt} / {entry}")
        since = self._unwritten.get(entry.process)
        if since is not None and entry.sent_at > since + bound:
            self._court.find("I15", f"{entry.client_id} was placed after a stop without a journal", str(entry))

    def begun(self, entry: rec.LifeBegan) -> None:
        """A new life has a journal again."""
        self._unwritten.pop(entry.process, None)

    def ended(self, entry: rec.LifeEnded) -> None:
        """Keeps when processes died."""
        if entry.how == KILLED:
            self._deaths.append(entry.at)

    def end(self) -> None:
        """Looks at what is still owed."""
        expects = self._court.expects
        patience = max(expects.cancels_within, expects.cancel_arrives_within or 0)
        for due in self._dues:
            died = any(due.at <= at <= due.at + patience for at in self._deaths)
            if not died and not _is_met(self._court, due, self._asked):
                self._court.find("I15", f"{due.order_id} worked under a stop and no cancel followed in time", str(due))


def _covers(scope: str, target: str, intent: OrderIntended) -> bool:
    named = {
        HaltScope.OWNER.value: intent.owner,
        HaltScope.VENUE.value: intent.account,
        HaltScope.INSTRUMENT.value: intent.instrument,
    }
    return scope == HaltScope.ALL.value or named.get(scope) == target


def _is_met(court: Court, due: Due, asked: dict[str, Instant]) -> bool:
    """Whether the order of a stop was over, or its cancel was journalled, or came in, in time."""
    order, within = court.told.intents[due.order_id], due.at + court.expects.cancels_within
    if _is_over(court, order, max(within, due.at + (court.expects.cancel_arrives_within or 0))):
        return True
    was_asked = order.cancel_at is not None and order.cancel_at <= within
    if due.journalled and (court.expects.seat is None or not was_asked):
        return was_asked
    if court.expects.cancel_arrives_within is None:
        return True
    arrived = asked.get(due.order_id)
    return arrived is not None and arrived <= due.at + court.expects.cancel_arrives_within


def _is_over(court: Court, order: ToldOrder, within: int) -> bool:
    if order.ended_at is not None and order.ended_at <= within:
        return True
    found = court.truth.by_client.get(order.intent.order_id, ())
    return bool(found) and all(each.over_at is not None and each.over_at <= within for each in found)


def who_did_it(court: Court) -> Hearing:
    """I17: a command answered yes stands in the journal once, as it was given; no other command stands there."""
    given: dict[str, list[rec.Commanded]] = {}
    accepted: dict[str, CommandAccepted] = {}

    def commanded(entry: rec.Commanded) -> None:
        given.setdefault(entry.key, []).append(entry)

    def booked(event: CommandAccepted) -> None:
        if event.key in accepted:
            court.find("I17", f"the command of key {event.key} was accepted twice", str(event))
        accepted[event.key] = event
        wanted = (event.actor, event.reason, event.verb, event.arguments)
        known = given.get(event.key, ())
        if not any((each.actor, each.reason, each.verb, each.arguments) == wanted for each in known):
            court.find(
                "I17", f"the command of key {event.key} was accepted and nobody gave it so", f"{event} / {known}"
            )

    def answered(entry: rec.CommandDone) -> None:
        if entry.accepted and entry.seq is not None and entry.key not in accepted:
            court.find("I17", f"the command of key {entry.key} was answered yes before it was journalled", str(entry))

    return Hearing(entries={rec.Commanded: commanded, rec.CommandDone: answered}, events={CommandAccepted: booked})
