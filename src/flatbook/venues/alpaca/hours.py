"""Whether an order that is sent now can only execute in the sessions that are open now.

Source: docs.alpaca.markets, Orders at Alpaca: a DAY order that comes after its close is queued for the next day, and
one for extended hours works from the early to the late session. The hours are our own table, whatever the venue says:
on half days the late session ends at 17:00.
"""

from __future__ import annotations

from flatbook.values.instants import Instant, later
from flatbook.values.sessions import CalendarEnded, SessionAbsent, SessionKind, last_close, session_at

DAYTIME = (SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE)


def executes_now(now: Instant, *, extended_hours: bool, margin_s: int) -> bool:
    """Returns whether a DAY order is sent into an open session and arrives, `margin_s` late, before its day ends."""
    try:
        session = session_at(now)
        if session.kind not in (DAYTIME if extended_hours else (SessionKind.REGULAR,)):
            return False
        ends_at = last_close(session.trade_date) if extended_hours else session.closes_at
    except (CalendarEnded, SessionAbsent):
        return False
    return later(now, seconds=margin_s) < ends_at
