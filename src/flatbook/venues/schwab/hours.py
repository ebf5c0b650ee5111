"""In which of Schwab's sessions an order that is sent now executes now, and ends with it.

Source: schwab.com, Extended-Hours Trading: before the market 7:00 to 9:25, after it 16:05 to 20:00 Eastern; limit
orders only. The days and closes are our own table; Schwab's word of the day, once had, can only close. A day order of
NORMAL, AM or PM ends with its session; SEAMLESS would go on through all three and is not used.
"""

from __future__ import annotations

from flatbook.values.instants import Instant, later
from flatbook.values.sessions import CalendarEnded, Session, SessionAbsent, SessionKind, session_at
from flatbook.values.us_eastern import instant_of_eastern, second_of_clock

AM_OPENS = second_of_clock("07:00")
GAP_S = 300


def session_word(now: Instant, *, extended_hours: bool, margin_s: int) -> str | None:
    """Returns the session to ask for, None where none is open or a request `margin_s` late would miss its end."""
    try:
        session = session_at(now)
        word, opens_at, closes_at = _at_schwab(session)
    except (CalendarEnded, SessionAbsent):
        return None
    if word is None or (word != "NORMAL" and not extended_hours):
        return None
    return word if opens_at <= now and later(now, seconds=margin_s) < closes_at else None


def _at_schwab(session: Session) -> tuple[str | None, Instant, Instant]:
    if session.kind is SessionKind.REGULAR:
        return "NORMAL", session.opens_at, session.closes_at
    if session.kind is SessionKind.EARLY:
        return "AM", instant_of_eastern(session.trade_date, AM_OPENS), later(session.closes_at, seconds=-GAP_S)
    if session.kind is SessionKind.LATE:
        return "PM", later(session.opens_at, seconds=GAP_S), session.closes_at
    return None, session.opens_at, session.closes_at
