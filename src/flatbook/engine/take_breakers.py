"""Breakers: armed as configured, looked at after every turn that booked a result, and lifted by persons only."""

from __future__ import annotations

from flatbook.engine.turn import Turn
from flatbook.events.activities import AccountActivityBooked
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity
from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import OrderFilled
from flatbook.events.refs import ref_of
from flatbook.events.risk import BreakerArmed
from flatbook.risk.breaker import BreakerLimits, why_tripped
from flatbook.values.ids import OwnerId, halt_id_of

_RESULTS = (OrderFilled, ForcedReduction, AccountActivityBooked)


def arm_breakers(turn: Turn) -> None:
    """Books the breakers that the configuration states anew or otherwise, and the end of those it does not state."""
    stated = turn.rules.breakers
    for owner, limits in stated.items():
        book = turn.state.breakers.get(owner)
        if book is None or (book.losses_max, book.drawdown_usd_max) != (limits.losses_max, limits.drawdown_usd_max):
            _arm(turn, owner, limits)
    for owner in tuple(turn.state.breakers):
        if owner not in stated:
            _arm(turn, owner, None)


def _arm(turn: Turn, owner: OwnerId, limits: BreakerLimits | None) -> None:
    turn.book(
        BreakerArmed(
            owner=owner,
            losses_max=None if limits is None else limits.losses_max,
            drawdown_usd_max=None if limits is None else limits.drawdown_usd_max,
            armed_at=turn.now,
        )
    )


def watch_breakers(turn: Turn) -> None:
    """Halts each owner whose results of this turn are too much for its breaker; one that is halted stays so."""
    for event in tuple(turn.events):
        book = turn.state.breakers.get(event.owner) if isinstance(event, _RESULTS) else None
        if book is None or not isinstance(event, _RESULTS):
            continue
        owner, why = event.owner, why_tripped(book)
        if why is None or halt_id_of(HaltScope.OWNER.value, owner, HaltCause.BREAKER.value) in turn.state.halts:
            continue
        turn.alert(AlertName.BREAKER_TRIPPED, owner, why, severity=Severity.CRITICAL, because=ref_of(event))
        turn.halt(HaltScope.OWNER, owner, HaltCause.BREAKER, why)
