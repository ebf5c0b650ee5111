"""Judges of what quotes at an exchange: how much it may come to hold, what it saw, what its books hold at the end."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.events.grid import GridSlotsAssigned
from flatbook.events.orders import (
    ForeignFilled,
    OrderAccepted,
    OrderFound,
    OrderIntended,
    OrderNotSent,
    OrderOverfilled,
)
from flatbook.events.risk import BooksCorrected
from flatbook.sim.judges import of_decisions, of_exposure
from flatbook.sim.judges.court import Court, Hear, Hearing
from flatbook.sim.judges.exact import OF_CASH, OF_SHARE, Exact, exact, shown, sign_of
from flatbook.sim.judges.expectation import SeatBound
from flatbook.sim.judges.of_books import OF_PRICE
from flatbook.sim.judges.results import SeatResults
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant

TOUCHES_KEPT_MAX = 10_000
Touch = tuple[int, int]


def inventory_bounded(court: Court) -> Hearing:
    """I6: an order that opens is intended only if all that works on its side leaves the position within its bound.

    Held is what the journal knows. An order that only reduces adds nothing. What a desk hedges beside its grid is
    bounded as anywhere.
    """
    hedged = of_exposure.exposure_bounded(court)

    def intended(event: OrderIntended) -> None:
        seat = court.expects.seat
        if seat is None or event.owner != seat.owner:
            hedged.events[OrderIntended](event)
            return
        if event.reduce_only:
            return
        sign, key = sign_of(event.side), court.told.intents[event.order_id].key
        working = sum(
            order.leaves
            for order in court.told.owing.get(key, {}).values()
            if sign_of(order.intent.side) == sign and not order.intent.reduce_only
        )
        most = court.told.nets.get(key, 0) * sign + working
        if most > seat.inventory_max * OF_SHARE:
            what = f"{event.order_id} may bring the position to {shown(most * sign)}"
            court.find("I6", what, f"at most {shown(seat.inventory_max * OF_SHARE)}")

    return Hearing(entries=hedged.entries, events={**hedged.events, OrderIntended: intended})


def seen_truly(court: Court) -> Hearing:
    """I12: the touch that an order stands on was displayed by its market, and not longer ago than the world allows."""
    seat, fresh = court.expects.seat, of_decisions.fresh(court)
    displayed: deque[tuple[Instant, Touch]] = deque(maxlen=TOUCHES_KEPT_MAX)
    ever: dict[Touch, None] = {}

    def display(entry: rec.Displayed) -> None:
        displayed.append((entry.at, (entry.bid, entry.ask)))
        ever[entry.bid, entry.ask] = None

    def intended(event: OrderIntended) -> None:
        if seat is None or event.owner != seat.owner:
            fresh.events[OrderIntended](event)
            return
        if event.reduce_only:
            return
        evidence = event.evidence or {}
        if "bid" not in evidence or "ask" not in evidence:
            court.find("I12", f"{event.order_id} was decided without a touch", str(evidence))
            return
        touch = (_units(evidence["bid"]), _units(evidence["ask"]))
        if touch not in ever:
            court.find("I12", f"{event.order_id} was decided on {evidence}, which no market ever showed")
        elif seat.seen_within is not None and not _was_lately(displayed, touch, court.at - seat.seen_within):
            court.find("I12", f"{event.order_id} was decided on {evidence}, which was over for too long")

    return Hearing(entries={**fresh.entries, rec.Displayed: display}, events={OrderIntended: intended})


def _units(price: str) -> int:
    return int(exact(Decimal(price)) // OF_PRICE)


def _was_lately(displayed: deque[tuple[Instant, Touch]], touch: Touch, since: int) -> bool:
    """Whether a touch stood at or after an instant."""
    over_at: int | None = None
    for at, shown_touch in reversed(displayed):
        if shown_touch == touch:
            return over_at is None or over_at >= since
        over_at = at
        if at < since:
            return False
    return False


def exits_leave(court: Court) -> Hearing:
    """I14: at the end no order of ours is open anywhere, and what a grid holds could leave: exits reach the exchange.

    So many exits that never left, with none in between that did, are no accident where nothing holds the desk back.
    """
    lively = of_exposure.lively(court)
    seat, kept = court.expects.seat, [0]

    def not_sent(event: OrderNotSent) -> None:
        order = court.told.intents.get(event.order_id)
        if seat is None or order is None or not order.intent.reduce_only:
            return
        kept[0] += 1
        if kept[0] == seat.exits_kept_max:
            court.find("I14", f"{kept[0]} exits of {seat.owner} in a row never left", str(event))

    def left(event: OrderAccepted | OrderFound) -> None:
        order = court.told.intents.get(event.order_id)
        if order is not None and order.intent.reduce_only:
            kept[0] = 0

    heard: dict[type[Event], Hear] = {OrderNotSent: not_sent, OrderAccepted: left, OrderFound: left}
    return Hearing(entries=lively.entries, events={**lively.events, **heard}, end=lively.end)


def held_as_said(court: Court) -> Hearing:
    """I25: what the books hold at the end is what the exchange says that the account holds: money and positions.

    Position by position, owners together hold what the exchange holds, and slots what their owner does. The ledger
    agrees with it by the product's own audit, and no `BooksDiverged` stands.
    """
    held: dict[str, Exact] = {}
    surprised: dict[str, None] = {}

    def hold(entry: rec.Held) -> None:
        held[entry.asset] = entry.amount * OF_CASH

    def surprise(_event: Event) -> None:
        surprised["by something"] = None

    def given(event: GridSlotsAssigned) -> None:
        if not surprised:
            court.find("I25", f"the slots of {event.owner} were given what its own orders explain", str(event))

    def end() -> None:
        results, seat = court.results, court.expects.seat
        if not isinstance(results, SeatResults) or seat is None:
            return
        for account, subject in court.told.divergences:
            court.find("I25", f"the books of {account} and {subject} differ at the end")
        if not court.told.divergences:
            _compare(court, results, held)
            if not surprised:
                _compare_slots(court, results, seat)

    surprising: tuple[type[Event], ...] = (ForeignFilled, ForcedReduction, OrderOverfilled, BooksCorrected)
    heard: dict[type[Event], Hear] = {**dict.fromkeys(surprising, surprise), GridSlotsAssigned: given}
    return Hearing(entries={rec.Held: hold}, events=heard, end=end)


def _compare(court: Court, results: SeatResults, held: dict[str, Exact]) -> None:
    for asset in sorted({*held, *results.held}):
        theirs, ours = held.get(asset, 0), exact(results.held.get(asset, Decimal(0)))
        if theirs != ours:
            court.find("I25", f"the exchange holds {shown(theirs)} {asset}, the books {shown(ours)}")
    if not results.agrees:
        court.find("I25", "the ledger of the product does not agree with itself")


def _compare_slots(court: Court, results: SeatResults, seat: SeatBound) -> None:
    owned = results.owned.get(seat.owner, Decimal(0))
    if owned != results.in_slots:
        court.find("I25", f"{seat.owner} holds {owned}, and its slots {results.in_slots}")
