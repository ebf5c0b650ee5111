"""Judges of what stops by itself: a monitor keeps a side closed, and a breaker ends what loses too much."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flatbook.events.activities import AccountActivityBooked
from flatbook.events.control import HaltCause, TradingHalted, TradingLifted
from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import NotSentReason, OrderFilled, OrderIntended, OrderNotSent
from flatbook.events.risk import RiskCleared, RiskRaised
from flatbook.sim.judges import of_control
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.exact import ONE, Exact, exact, product, shown, sign_of
from flatbook.sim.judges.of_control import Due, Stops
from flatbook.sim.judges.told import WORKING
from flatbook.sim.world import record as rec
from flatbook.values.instants import later

StopKey = tuple[str, int]
A_ROUNDING = Fraction(1, 1_000_000)


def guards_stop(court: Court) -> Hearing:
    """I15: what a monitor or a breaker stops is stopped as well as by a person.

    Nothing that opens is intended on a side that a monitor has stopped until it is freed, and what works there is asked
    to cancel, or over, within the bound. It is freed no sooner than its market was calm for long enough. An owner that
    made less than its breaker allows is halted in the same row, and no other one. Only a kill keeps an exit back.
    """
    stops = Stops(court)
    persons = of_control.stops_heard(stops)
    sides, breaker = _Sides(court, stops), _Breaker(court)

    def appended(row: rec.Appended) -> None:
        stops.appended(row)
        breaker.row_ended()

    def end() -> None:
        breaker.row_ended()
        stops.end()

    return Hearing(
        entries={**persons.entries, rec.Appended: appended},
        events={
            RiskRaised: sides.raised,
            RiskCleared: sides.cleared,
            OrderIntended: sides.intended,
            OrderFilled: breaker.executed,
            ForcedReduction: breaker.executed,
            AccountActivityBooked: breaker.paid,
            OrderNotSent: sides.not_sent,
            TradingHalted: breaker.halted,
            TradingLifted: breaker.lifted,
        },
        end=end,
    )


class _Sides:
    """Which sides monitors have stopped."""

    def __init__(self, court: Court, stops: Stops) -> None:
        self._court, self._stops = court, stops
        self._stopped: dict[StopKey, RiskRaised] = {}

    def raised(self, event: RiskRaised) -> None:
        sign = sign_of(event.side)
        self._stopped[event.monitor, sign] = event
        for order_id, order in self._court.told.intents.items():
            intent = order.intent
            is_meant = intent.owner in event.owners and sign_of(intent.side) == sign and not intent.reduce_only
            if is_meant and order.status == WORKING:
                self._stops.owe(Due(order_id=order_id, at=self._court.at, journalled=True))

    def cleared(self, event: RiskCleared) -> None:
        stop, seat = self._stopped.pop((event.monitor, sign_of(event.side)), None), self._court.expects.seat
        if stop is None:
            self._court.find("I15", f"{event.monitor} freed a side that it had not stopped", str(event))
        elif seat is not None:
            if event.cleared_at < later(stop.raised_at, seconds=seat.calm_s):
                self._court.find("I15", f"{event.monitor} freed a side that it had only just stopped", str(event))
            most = None if seat.calm_pct is None else seat.calm_pct + A_ROUNDING
            if most is not None and any(_loudness_pct(event.evidence.get(name, "")) > most for name in event.normal):
                self._court.find("I15", f"{event.monitor} freed a side of a market that is not calm", str(event))

    def not_sent(self, event: OrderNotSent) -> None:
        """Looks for an exit that a halt kept back: all halts but a kill let pass what only reduces."""
        order = self._court.told.intents.get(event.order_id)
        if event.reason is not NotSentReason.HALTED or order is None or not order.intent.reduce_only:
            return
        if not any(halt.cause is HaltCause.KILLED for halt, _ in self._court.told.halts.values()):
            self._court.find("I15", f"{event.order_id} only reduces, and was kept back without a kill", str(event))

    def intended(self, event: OrderIntended) -> None:
        for (monitor, sign), stop in self._stopped.items():
            if sign == sign_of(event.side) and event.owner in stop.owners and not event.reduce_only:
                self._court.find(
                    "I15", f"{event.order_id} was intended on a side that {monitor} had stopped", str(event)
                )


def _loudness_pct(evidence: str) -> Fraction:
    """Returns how loud a market was by what a monitor says of it; nothing where there was no volume to compare."""
    volume, _, mean = evidence.partition("volume ")[2].partition(",")[0].partition(" of ")
    return 100 * Fraction(volume) / Fraction(mean) if mean and Fraction(mean) else Fraction(0)


class _Breaker:
    """What the owner of the seat made since its breaker was last reset, counted a second time.

    Units: 1e-36 USD; the position in 1e-36 of the underlying, valued at the price of its newest execution.
    """

    def __init__(self, court: Court) -> None:
        self._court = court
        self._cash: Exact = 0
        self._held: Exact = 0
        self._price: Exact = 0
        self._least: Exact = 0
        self._halts: dict[str, None] = {}

    @property
    def _total(self) -> Exact:
        return self._cash + product(self._held, self._price)

    @property
    def _limit(self) -> int | None:
        seat = self._court.expects.seat
        return None if seat is None or seat.drawdown_usd_max is None else -seat.drawdown_usd_max * ONE

    def _is_mine(self, event: Any) -> bool:
        seat = self._court.expects.seat
        return seat is not None and bool(event.owner == seat.owner)

    def executed(self, event: OrderFilled | ForcedReduction) -> None:
        if not self._is_mine(event):
            return
        shares = product(exact(event.qty), exact(event.contract_size)) * sign_of(event.side)
        self._price = exact(event.price)
        self._cash -= product(shares, self._price)
        self._held += shares
        for fee in event.fees:
            if fee.asset == event.quote:
                self._cash -= exact(fee.amount)
            else:
                self._held -= exact(fee.amount)
        self._least = min(self._least, self._total)

    def paid(self, event: AccountActivityBooked) -> None:
        if self._is_mine(event):
            self._cash += exact(event.amount)
            self._least = min(self._least, self._total)

    def halted(self, event: TradingHalted) -> None:
        seat, limit = self._court.expects.seat, self._limit
        if event.cause is not HaltCause.BREAKER or seat is None:
            return
        self._halts[event.halt_id] = None
        if seat.losses_max is not None:
            return
        if limit is None or self._least >= limit:
            self._court.find("I15", f"{event.target} was stopped by a breaker with {shown(self._least)}", str(event))

    def lifted(self, event: TradingLifted) -> None:
        """Counts anew once the breaker is free: what is held goes on from its newest price."""
        if event.halt_id in self._halts:
            del self._halts[event.halt_id]
            self._cash, self._least = -product(self._held, self._price), 0

    def row_ended(self) -> None:
        limit, total = self._limit, self._total
        self._least = total
        if limit is not None and total < limit and not self._halts:
            self._court.find(
                "I15", f"an owner with {shown(total)} was stopped by no breaker", f"at least {shown(limit)}"
            )
