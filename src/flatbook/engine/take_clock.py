"""What the clock of a venue means: by one that differs from ours too far nothing new is sent there."""

from __future__ import annotations

from flatbook.engine.reports import ClockReading
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity, TradingLifted
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AccountId, halt_id_of
from flatbook.values.instants import NS_PER_MS, Instant

SKEW_MS_MAX = 250
"""Source: reliability T1, no trading above 250 ms of skew. Deadlines and sessions are told by our clock."""
AGREED_MS_MAX = 200
"""A halt for that is lifted at less than it began at: a clock that hovers at the bound stops trading once."""


def take_clock(turn: Turn, account: AccountId, reading: ClockReading | None) -> None:
    """Halts a venue whose clock is proven to differ too far from ours, and lifts that once it is not any more."""
    if reading is None or reading.answered_at < reading.asked_at:
        return
    skew_ms = least_skew_ms(reading)
    halt_id = halt_id_of(HaltScope.VENUE.value, account, HaltCause.CLOCK_SKEWED.value)
    if abs(skew_ms) > SKEW_MS_MAX:
        way = "ahead of" if skew_ms < 0 else "behind"
        detail = f"our clock is at least {abs(skew_ms)} ms {way} that of {account}, {SKEW_MS_MAX} are allowed"
        turn.alert(AlertName.CLOCK_SKEWED, account, detail, severity=Severity.CRITICAL)
        turn.halt(HaltScope.VENUE, account, HaltCause.CLOCK_SKEWED, detail)
    elif halt_id in turn.state.halts and abs(skew_ms) <= AGREED_MS_MAX:
        turn.clear(AlertName.CLOCK_SKEWED, account)
        turn.book(TradingLifted(halt_id=halt_id, reason="the clocks agree again", lifted_at=turn.now))
        turn.touch_all(Trigger.HALT_CHANGED)


def is_skewed(reading: ClockReading | None) -> bool:
    """Returns whether a reading proves that the clocks differ too far. Executions are asked for up to a moment of ours:
    by a clock that is behind, what was executed since then is told by nobody, and is in the balances all the same."""
    if reading is None or reading.answered_at < reading.asked_at:
        return False
    return abs(least_skew_ms(reading)) > SKEW_MS_MAX


def least_skew_ms(reading: ClockReading) -> int:
    """Returns the smallest difference between the clocks that a reading allows, below zero where ours is ahead.

    Units: ms, towards zero.
    """
    ahead = Instant(max(0, reading.asked_at - reading.latest))
    behind = Instant(max(0, reading.earliest - reading.answered_at))
    return behind // NS_PER_MS - ahead // NS_PER_MS
