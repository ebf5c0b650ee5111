"""Judges of decisions: fresh prices, the session they were made for, and bounded in number."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from decimal import Decimal

from flatbook.events.orders import OrderIntended
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.exact import exact, shown, size
from flatbook.sim.judges.of_books import OF_PRICE
from flatbook.sim.judges.truth import PLACE
from flatbook.sim.world import record as rec
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text

BPS_WHOLE = 10_000
MINUTE = 60 * NS_PER_S


def fresh(court: Court) -> Hearing:
    """I12: an order that may add risk stands on a price that is young enough by the clock of its process.

    Where the world bounds it, that price is near one that was true within that age.
    """
    prices: dict[str, deque[tuple[Instant, int]]] = {}
    symbols = {(each.account, each.instrument): each.symbol for each in court.expects.listings}
    age, within = court.expects.price_age, court.expects.price_true_within

    def priced(entry: rec.Priced) -> None:
        known = prices.setdefault(entry.symbol, deque())
        known.append((entry.at, entry.price))
        while within is not None and len(known) > 1 and known[1][0] <= entry.at - within:
            known.popleft()

    def intended(event: OrderIntended) -> None:
        if age is None or event.reduce_only or court.row is None:
            return
        evidence = event.evidence or {}
        at, price = evidence.get("price_at"), evidence.get("price")
        if at is None or price is None:
            court.find("I12", f"{event.order_id} was decided without a price", str(evidence))
            return
        old = event.decided_at - instant_of_text(at)
        if old > age or court.row.believed_at - event.decided_at > age:
            court.find("I12", f"{event.order_id} was decided on a price {old} ns old", f"at most {age}: {evidence}")
        symbol = symbols.get((event.account, event.instrument), "")
        if within is None or symbol not in prices or court.at - court.row.believed_at > within:
            return  # a row that reached the record long after its commit: its prices are forgotten
        if not _is_near(Decimal(price), prices[symbol], court.at - within, court.expects.price_bps):
            court.find("I12", f"{event.order_id} was decided on {price}, which was not true", _told(prices[symbol]))

    return Hearing(entries={rec.Priced: priced}, events={OrderIntended: intended})


def _is_near(price: Decimal, known: deque[tuple[Instant, int]], since: int, bps: int) -> bool:
    """Whether a price is within basis points of one that was in force at or after an instant."""
    decided = exact(price)
    for place, (_, true) in enumerate(known):
        replaced = known[place + 1][0] if place + 1 < len(known) else None
        if replaced is not None and replaced < since:
            continue
        if size(decided - true * OF_PRICE) * BPS_WHOLE <= true * OF_PRICE * bps:
            return True
    return False


def _told(known: deque[tuple[Instant, int]]) -> str:
    return ", ".join(f"{shown(price * OF_PRICE)} at {at}" for at, price in list(known)[-5:])


def nothing_for_tomorrow(court: Court) -> Hearing:
    """I22: an order is decided in an open session, by the clock of its process, and can execute in no other one."""
    sessions = court.expects.sessions
    starts = [start for start, _ in sessions]

    def session_at(at: Instant) -> int | None:
        place = bisect_right(starts, at) - 1
        return place if place >= 0 and at < sessions[place][1] else None

    def intended(event: OrderIntended) -> None:
        if session_at(event.decided_at) is None:
            court.find("I22", f"{event.order_id} was decided outside all sessions", str(event.decided_at))

    def taken(entry: rec.OrderTaken) -> None:
        """Looks at the session that an order can execute in: the one that is open, else the next one."""
        order = court.told.intents.get(entry.client_id) if entry.client_id is not None else None
        works = next((place for place, (_, until) in enumerate(sessions) if entry.at < until), None)
        if order is not None and works != (decided := session_at(order.intent.decided_at)):
            court.find("I22", f"{entry.client_id} was decided in session {decided} and works in {works}", str(entry))

    def executed(entry: rec.Executed) -> None:
        order = court.told.intents.get(entry.client_id) if entry.client_id is not None else None
        if order is None or entry.forced:
            return
        decided, done = session_at(order.intent.decided_at), session_at(entry.at)
        if done is None or decided != done:
            what = f"{entry.client_id} was decided in session {decided} and executed in {done}"
            court.find("I22", what, str(entry))

    if not sessions:
        return Hearing()
    return Hearing(entries={rec.OrderTaken: taken, rec.Executed: executed}, events={OrderIntended: intended})


def bounded(court: Court) -> Hearing:
    """I19: an order is sent no more often, and orders are intended no faster, than the world's bounds allow."""
    sends: dict[str, int] = {}
    recent: deque[Instant] = deque()
    sends_max, rate_max = court.expects.sends_per_order_max, court.expects.orders_per_minute_max

    def requested(entry: rec.Requested) -> None:
        if entry.verb != PLACE or entry.client_id is None or entry.copy or sends_max is None:
            return
        count = sends[entry.client_id] = sends.get(entry.client_id, 0) + 1
        if count > sends_max:
            court.find("I19", f"{entry.client_id} was sent {count} times", f"at most {sends_max}")

    def intended(event: OrderIntended) -> None:
        if rate_max is None or event.reduce_only:
            return
        recent.append(event.decided_at)
        while recent[0] <= event.decided_at - MINUTE:
            recent.popleft()
        if len(recent) > rate_max:
            court.find("I19", f"{len(recent)} orders were intended in a minute", f"at most {rate_max}")

    return Hearing(entries={rec.Requested: requested}, events={OrderIntended: intended})
