"""What the end of a login means: it is told ahead, and once it has come nothing new is sent until a person logs in.

Nobody but a person can make a login, and without one a broker is only silent: hedging would stop without a word.
"""

from __future__ import annotations

from flatbook.engine.inputs import LoginSeen
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity, TradingLifted
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AccountId, halt_id_of
from flatbook.values.instants import Instant, later, seconds_between, text_of_instant

WARNINGS_H = {48: Severity.WARNING, 24: Severity.WARNING, 4: Severity.CRITICAL}
SECONDS_PER_HOUR = 3_600


def take_login(turn: Turn, item: LoginSeen) -> None:
    """Warns of the end of a login, once at each of WARNINGS_H; halts its account when it is over, and lifts that."""
    ends_at = item.ends_at
    halt_id = halt_id_of(HaltScope.VENUE.value, item.account, HaltCause.LOGIN_OVER.value)
    if ends_at is None or ends_at <= turn.now:
        detail = f"nobody is logged in for {item.account}: log in again, no start is needed"
        turn.alert(AlertName.LOGIN_OVER, item.account, detail, severity=Severity.CRITICAL)
        if halt_id not in turn.state.halts:
            turn.halt(HaltScope.VENUE, item.account, HaltCause.LOGIN_OVER, detail)
        return
    turn.clear(AlertName.LOGIN_OVER, item.account)
    if halt_id in turn.state.halts:
        turn.book(TradingLifted(halt_id=halt_id, reason="somebody has logged in again", lifted_at=turn.now))
        turn.touch_all(Trigger.HALT_CHANGED)
    for hours, severity in WARNINGS_H.items():
        _warn(turn, item.account, ends_at, hours=hours, severity=severity)


def _warn(turn: Turn, account: AccountId, ends_at: Instant, *, hours: int, severity: Severity) -> None:
    subject = f"{account} {hours} h"
    if later(turn.now, seconds=hours * SECONDS_PER_HOUR) < ends_at:
        turn.clear(AlertName.LOGIN_ENDING, subject)
        return
    left_h = seconds_between(turn.now, ends_at) // SECONDS_PER_HOUR
    detail = f"the login for {account} ends at {text_of_instant(ends_at)}, in {left_h} hours: log in again before"
    turn.alert(AlertName.LOGIN_ENDING, subject, detail, severity=severity)
