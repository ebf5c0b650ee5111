"""Judges of orders: intended first, at most once, ended on evidence only, and never backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flatbook.events import orders
from flatbook.events.event import Event
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.exact import OF_SHARE, ONE, exact, product, shown
from flatbook.sim.judges.expectation import FOR_EVER, WINDOW
from flatbook.sim.judges.told import DENIED, INTENDED, OPEN, UNKNOWN, WORKING, ToldOrder
from flatbook.sim.judges.truth import PLACE, TrueOrder
from flatbook.sim.world import record as rec

TURNED_DOWN = "turned_down"


def intent_first(court: Court) -> Hearing:
    """I1: a place of one of our processes that arrives carries an id that was intended, and journalled, before it left.

    Each sending beyond the first needs an `OrderResent` before it left; repetitions by the network need nothing.
    """
    sends: dict[str, int] = {}

    def requested(entry: rec.Requested) -> None:
        if entry.verb != PLACE or entry.process not in court.truth.lives or entry.copy:
            return
        order = court.told.intents.get(entry.client_id) if entry.client_id is not None else None
        if order is None or order.intended_at > entry.sent_at:
            court.find("I1", f"a place of {entry.client_id} left without an intent before it", _text(entry))
            return
        count = sends[order.intent.order_id] = sends.get(order.intent.order_id, 0) + 1
        if count > 1 + order.resends:
            court.find("I1", f"{entry.client_id} was sent {count} times and resent {order.resends}", _text(entry))

    return Hearing(entries={rec.Requested: requested})


def at_most_one(court: Court) -> Hearing:
    """I2: a venue takes at most one order of an id, and none of a net while another of it is open at that account.

    Of a net that is quoted this is so for each slot. An order is sent again only where its venue still refuses a second
    one of its id when the request arrives. Where ids are not refused for ever each order beyond the first is explained
    by a repetition of the network.
    """
    truth = court.truth
    live: dict[tuple[str, str, str, str | None], dict[str, TrueOrder]] = {}

    def taken(entry: rec.OrderTaken) -> None:
        if not entry.ours or entry.client_id is None:
            return
        copies, terms = truth.copies(entry.client_id), court.expects.terms(entry.account)
        doubles = len(truth.by_client[entry.client_id]) - 1
        if doubles > (0 if terms.id_rule == FOR_EVER else copies):
            court.find("I2", f"{entry.client_id} was taken {doubles + 1} times", f"{copies} copies, {_text(entry)}")
        order = court.told.intents.get(entry.client_id)
        if order is None:
            return
        beside = live.setdefault((*order.key, entry.account, order.intent.slot), {})
        for venue_id, other in tuple(beside.items()):
            if other.ending is not None:
                del beside[venue_id]
            elif terms.fence_holds and not copies and not truth.copies(other.taken.client_id or ""):
                what = f"{entry.client_id} was taken while {other.taken.client_id} of the same net was open"
                court.find("I2", what, _text(entry))
        beside[entry.venue_id] = truth.orders[entry.venue_id]

    def resent(event: orders.OrderResent) -> None:
        order = court.told.intents.get(event.order_id)
        if order is not None and not _is_id_held(court, order):
            court.find("I2", f"{event.order_id} was sent again although its venue may take a second one", str(event))

    return Hearing(entries={rec.OrderTaken: taken}, events={orders.OrderResent: resent})


def _is_id_held(court: Court, order: ToldOrder) -> bool:
    terms = court.expects.terms(order.intent.account)
    if terms.id_rule == WINDOW:
        late = court.at + terms.request_window >= order.intended_at + terms.id_window
        return not (late and terms.fence_holds)
    return terms.id_rule == FOR_EVER


def no_early_end(court: Court) -> Hearing:
    """I7: an order that our journal ends has ended: a rejected or absent one was never taken, one not sent never left.

    One that its venue took, and turned down before it executed anything, is rejected too, once it is over there.
    A done one is over at its venue in that way, with what it had executed then or since. A request that the network
    repeated, or that arrived where the venue's fence does not hold, may be taken after a true rejection or absence.
    """
    never: dict[str, str] = {}

    def never_taken(event: Any) -> None:
        if isinstance(event, orders.OrderAbsent) and not event.proven:
            return
        found = court.truth.by_client.get(event.order_id, ())
        if isinstance(event, orders.OrderRejected) and found and all(_was_turned_down(order) for order in found):
            return
        never.setdefault(event.order_id, type(event).__name__)

    def done(event: orders.OrderDone) -> None:
        told = court.told.intents.get(event.order_id)
        size = told.size if told is not None else ONE
        stated = product(exact(event.filled_qty), size)
        found = court.truth.by_client.get(event.order_id, ())
        if any(
            _ended_as(order, event.end) and order.over_filled * OF_SHARE <= stated <= order.filled * OF_SHARE
            for order in found
        ):
            return
        seen = ", ".join(f"{order.ending} with {shown(order.filled * OF_SHARE)}" for order in found) or "never taken"
        what = f"{event.order_id} was booked as {event.end.value} with {shown(stated)}"
        court.find("I7", what, f"truth: {seen}")

    def end() -> None:
        for order_id, why in never.items():
            taken = [order for order in court.truth.by_client.get(order_id, ()) if not _is_excused(court, order, why)]
            if taken:
                court.find("I7", f"{order_id} ended by {why}, yet its venue took it", _text(taken[0].taken))
            elif why == "OrderNotSent" and court.truth.places.get(order_id):
                court.find(
                    "I7", f"{order_id} ended as not sent, yet it arrived", _text(court.truth.places[order_id][0])
                )

    return Hearing(
        events={
            orders.OrderRejected: never_taken,
            orders.OrderNotSent: never_taken,
            orders.OrderAbsent: never_taken,
            orders.OrderDone: done,
        },
        end=end,
    )


def _ended_as(order: TrueOrder, end: orders.OrderEnd) -> bool:
    return order.ending == end.value or (order.ending == TURNED_DOWN and end is orders.OrderEnd.CANCELED)


def _was_turned_down(order: TrueOrder) -> bool:
    return order.ending == TURNED_DOWN and not order.over_filled


def _is_excused(court: Court, order: TrueOrder, why: str) -> bool:
    if why == "OrderNotSent":
        return False
    account, client_id = order.taken.account, order.taken.client_id or ""
    return bool(court.truth.copies(client_id)) or (
        why == "OrderAbsent" and not court.expects.terms(account).fence_holds
    )


def monotone(court: Court) -> Hearing:
    """I8: the events of an order follow its life, and what filled beyond its quantity is told by `OrderOverfilled`."""
    owed: dict[str, int] = {}
    seen: dict[str, None] = {}

    def intended(event: orders.OrderIntended) -> None:
        if event.order_id in seen:
            court.find("I8", f"{event.order_id} was intended twice")
        seen[event.order_id] = None

    def moved(event: Any) -> None:
        _check_move(court, event)

    def filled(event: orders.OrderFilled) -> None:
        moved(event)
        order = court.told.intents.get(event.order_id)
        if order is not None and order.filled > order.qty:
            owed[event.order_id] = court.seq

    def overfilled(event: orders.OrderOverfilled) -> None:
        moved(event)
        owed.pop(event.order_id, None)

    def check_owed(_entry: rec.Entry | None = None) -> None:
        for order_id in owed:
            court.find("I8", f"{order_id} filled more than ordered without OrderOverfilled in its row")
        owed.clear()

    moves: dict[type[Event], Callable[[Any], None]] = dict.fromkeys(_MAY_FOLLOW, moved)
    return Hearing(
        entries={rec.Appended: check_owed},
        events={
            **moves,
            orders.OrderIntended: intended,
            orders.OrderFilled: filled,
            orders.OrderOverfilled: overfilled,
        },
        end=check_owed,
    )


def _check_move(court: Court, event: Any) -> None:
    order = court.told.intents.get(event.order_id)
    if order is None:
        court.find("I8", f"{type(event).__name__} of {event.order_id}, which was never intended")
    elif not _MAY_FOLLOW[type(event)](order, event):
        court.find("I8", f"{type(event).__name__} follows {order.before} in the life of {event.order_id}")


def _always(_order: ToldOrder, _event: Any) -> bool:
    return True


def _while_open(order: ToldOrder, _event: Any) -> bool:
    return order.before in OPEN


_MAY_FOLLOW: dict[type[Event], Callable[[ToldOrder, Any], bool]] = {
    orders.OrderSubmitted: lambda order, _event: order.before in (INTENDED, UNKNOWN, DENIED),
    orders.OrderAccepted: _always,
    orders.OrderFound: _always,
    orders.OrderRejected: _while_open,
    orders.OrderNotSent: lambda order, _event: order.before == INTENDED,
    orders.OrderUnknown: lambda order, _event: (
        order.before in (INTENDED, UNKNOWN) or (order.before == WORKING and not order.accepted)
    ),
    orders.OrderAbsent: lambda order, _event: order.before == UNKNOWN,
    orders.OrderResent: lambda order, event: order.before == UNKNOWN and event.attempt == order.resends,
    orders.OrderFilled: lambda _order, event: event.qty > 0,
    orders.OrderOverfilled: lambda order, event: product(exact(event.filled), order.size) == order.filled > order.qty,
    orders.OrderDone: lambda order, _event: order.before in (*OPEN, DENIED),
    orders.CancelIntended: _while_open,
    orders.CancelRefused: _while_open,
}


def _text(entry: rec.Entry) -> str:
    return str(entry)
