"""Trading sessions of US equities: what is open at an instant, what opens next, and for which trade date.

The days come from a generated table of holidays and half days, the hours from the effective-dated table below. Both
are data: an instant that they do not cover is an error, never a guess.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache
from itertools import pairwise

import msgspec

from flatbook.values.instants import NS_PER_S, SECONDS_PER_DAY, Instant, text_of_instant
from flatbook.values.us_eastern import EPOCH_ORDINAL, instant_of_eastern, second_of_clock
from flatbook.values.xnys_calendar import FIRST_DAY, HALF_DAYS, HOLIDAYS, LAST_DAY

DAYS_CACHED_MAX = 8_192
CLOSURE_DAYS_MAX = 10
SEARCH_DAYS_MAX = 14
RUN_SESSIONS_MAX = 64

_ONE_DAY = timedelta(days=1)
_NS_PER_DAY = SECONDS_PER_DAY * NS_PER_S
_UTC_DAY_FIRST = FIRST_DAY.toordinal() - EPOCH_ORDINAL
_UTC_DAY_LAST = LAST_DAY.toordinal() - EPOCH_ORDINAL + 1


class CalendarEnded(LookupError):
    """A day or an instant that the session tables do not cover."""


class SessionAbsent(LookupError):
    """A session that the market does not hold."""


class SessionKind(Enum):
    """The part of the trading day."""

    CLOSED = "closed"
    OVERNIGHT = "overnight"
    EARLY = "early"
    REGULAR = "regular"
    LATE = "late"


OPEN_KINDS = (SessionKind.OVERNIGHT, SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE)


class Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of time in which the market is in one state.

    Shape: opens_at belongs to the session, closes_at does not. A closed session runs from the end of the session
    before to the start of the next one of any kind, and carries the trade date of that next one.
    """

    kind: SessionKind
    trade_date: date
    opens_at: Instant
    closes_at: Instant


class DayHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hours of one trade date.

    Units: seconds of the day on US Eastern clocks; overnight_opens is on the day before the trade date, and None
    where there is no overnight session.
    """

    overnight_opens: int | None
    early_opens: int
    regular_opens: int
    regular_closes: int
    late_closes: int

    def __post_init__(self) -> None:
        if not self.early_opens <= self.regular_opens < self.regular_closes <= self.late_closes:
            raise ValueError("hours of a day must be in order: early, regular open, regular close, late close")


class HoursInForce(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hours of full days and half days from one trade date on."""

    effective_from: date
    full_day: DayHours
    half_day: DayHours


def _hours(overnight: str | None, early: str, regular: str, close: str, late: str) -> DayHours:
    return DayHours(
        overnight_opens=None if overnight is None else second_of_clock(overnight),
        early_opens=second_of_clock(early),
        regular_opens=second_of_clock(regular),
        regular_closes=second_of_clock(close),
        late_closes=second_of_clock(late),
    )


# Newest last; a change of hours is a new row. Source: hours of the New York Stock Exchange for early, regular and late
# sessions (half days: late session to 17:00); Blue Ocean ATS for the overnight session, which follows the NYSE
# calendar, runs in full before half days, and carries the trade date on which it closes. Blue Ocean opened in October
# 2021; the row takes effect with the month after.
HOURS = (
    HoursInForce(
        effective_from=date(2015, 1, 1),
        full_day=_hours(None, "04:00", "09:30", "16:00", "20:00"),
        half_day=_hours(None, "04:00", "09:30", "13:00", "17:00"),
    ),
    HoursInForce(
        effective_from=date(2021, 11, 1),
        full_day=_hours("20:00", "04:00", "09:30", "16:00", "20:00"),
        half_day=_hours("20:00", "04:00", "09:30", "13:00", "17:00"),
    ),
)


def is_trading_day(day: date) -> bool:
    """Returns whether the New York Stock Exchange holds a regular session on a day.

    Errors: CalendarEnded when the day is outside the generated table.
    """
    _require_covered(day)
    return day.weekday() < 5 and day not in HOLIDAYS


def is_half_day(day: date) -> bool:
    """Returns whether the regular session of a day closes early.

    Errors: CalendarEnded when the day is outside the generated table.
    """
    return is_trading_day(day) and day in HALF_DAYS


def next_trading_day(day: date) -> date:
    """Returns the first trading day after a day, which need not be a trading day itself.

    Errors: CalendarEnded when the day is outside the generated table, or the table ends first.
    """
    _require_covered(day)
    return _found(_trading_day_from(day + _ONE_DAY, _ONE_DAY), day)


def previous_trading_day(day: date) -> date:
    """Returns the last trading day before a day, which need not be a trading day itself.

    Errors: CalendarEnded when the day is outside the generated table, or the table begins later.
    """
    _require_covered(day)
    return _found(_trading_day_from(day - _ONE_DAY, -_ONE_DAY), day)


def hours_on(trade_date: date) -> DayHours:
    """Returns the hours in force on a trading day.

    Errors: CalendarEnded outside the generated table; SessionAbsent when the day is no trading day.
    """
    if not is_trading_day(trade_date):
        raise SessionAbsent(f"{trade_date} is no trading day: the market is closed on weekends and holidays")
    row = next(row for row in reversed(HOURS) if row.effective_from <= trade_date)
    return row.half_day if trade_date in HALF_DAYS else row.full_day


def sessions_from_hours(trade_date: date, hours: DayHours) -> tuple[Session, ...]:
    """Returns the sessions that the given hours make of a trade date, in order.

    Shape: a session without length is left out. The days of a venue's own calendar become sessions here too.
    Errors: EasternTimeRefused when an hour falls into a change of the clocks.
    """
    early, regular, close, late = (
        instant_of_eastern(trade_date, second)
        for second in (hours.early_opens, hours.regular_opens, hours.regular_closes, hours.late_closes)
    )
    spans = [
        (SessionKind.EARLY, early, regular),
        (SessionKind.REGULAR, regular, close),
        (SessionKind.LATE, close, late),
    ]
    if hours.overnight_opens is not None:
        spans.insert(
            0, (SessionKind.OVERNIGHT, instant_of_eastern(trade_date - _ONE_DAY, hours.overnight_opens), early)
        )
    return tuple(
        Session(kind=kind, trade_date=trade_date, opens_at=opens_at, closes_at=closes_at)
        for kind, opens_at, closes_at in spans
        if opens_at < closes_at
    )


@lru_cache(maxsize=DAYS_CACHED_MAX)
def sessions_of(trade_date: date) -> tuple[Session, ...]:
    """Returns the sessions of a trade date in order, from the overnight one of the evening before; none if closed.

    Errors: CalendarEnded outside the generated table.
    """
    return sessions_from_hours(trade_date, hours_on(trade_date)) if is_trading_day(trade_date) else ()


def session_among(at: Instant, sessions: Iterable[Session]) -> Session | None:
    """Returns the one of these sessions that contains an instant, or None."""
    for session in sessions:
        if session.opens_at <= at < session.closes_at:
            return session
    return None


def session_at(at: Instant) -> Session:
    """Returns the session that contains an instant; its kind is closed where no market is open.

    Errors: CalendarEnded when the tables do not cover the instant, or do not say when a closed market opens again.
    """
    session = session_among(at, _timeline(at // _NS_PER_DAY))
    if session is None:
        raise _calendar_ended(text_of_instant(at))
    return session


def next_session(at: Instant, kinds: Container[SessionKind]) -> Session:
    """Returns the session that contains an instant if it is of one of these kinds, else the first such one after it.

    Errors: CalendarEnded when the tables end first; SessionAbsent when none comes within SEARCH_DAYS_MAX days.
    """
    utc_day = at // _NS_PER_DAY
    for day in range(utc_day, utc_day + SEARCH_DAYS_MAX):
        for session in _timeline(day):
            if at < session.closes_at and session.kind in kinds:
                return session
    raise SessionAbsent(f"no session of the kinds asked for within {SEARCH_DAYS_MAX} days of {text_of_instant(at)}")


def run_end(at: Instant, kinds: Container[SessionKind]) -> Instant:
    """Returns when sessions of these kinds next pause: the end of the last of those that follow each other without gap.

    Needs: the session at `at` is taken as one of them.
    Errors: CalendarEnded outside the table.
    """
    end = session_at(at).closes_at
    for _ in range(RUN_SESSIONS_MAX):
        following = session_at(end)
        if following.kind not in kinds:
            break
        end = following.closes_at
    return end


def regular_close(trade_date: date) -> Instant:
    """Returns the instant at which the regular session of a trading day closes.

    Errors: CalendarEnded outside the generated table; SessionAbsent when the day is no trading day.
    """
    return instant_of_eastern(trade_date, hours_on(trade_date).regular_closes)


def last_close(trade_date: date) -> Instant:
    """Returns the instant at which the last session of a trading day closes.

    Errors: CalendarEnded outside the generated table; SessionAbsent when the day is no trading day.
    """
    return instant_of_eastern(trade_date, hours_on(trade_date).late_closes)


def trade_date_of(at: Instant) -> date:
    """Returns the trade date of an execution at an instant; while closed, that of the next session.

    Errors: CalendarEnded when the tables do not cover the instant.
    """
    return session_at(at).trade_date


@lru_cache(maxsize=DAYS_CACHED_MAX)
def _timeline(utc_day: int) -> tuple[Session, ...]:
    """Returns the sessions, closed ones included, that share an instant with a UTC day, in order."""
    if not _UTC_DAY_FIRST <= utc_day <= _UTC_DAY_LAST:
        raise _calendar_ended(f"day {utc_day} since 1970")
    day = date.fromordinal(utc_day + EPOCH_ORDINAL)
    before, after = _trading_day_from(day - _ONE_DAY, -_ONE_DAY), _trading_day_from(day + _ONE_DAY, _ONE_DAY)
    near = [near for near in (before, day, after) if near is not None and FIRST_DAY <= near <= LAST_DAY]
    sessions = _with_gaps([session for trade_date in near for session in sessions_of(trade_date)])
    starts, ends = utc_day * _NS_PER_DAY, (utc_day + 1) * _NS_PER_DAY
    return tuple(session for session in sessions if session.opens_at < ends and starts < session.closes_at)


def _with_gaps(sessions: list[Session]) -> Iterator[Session]:
    yield from sessions[:1]
    for earlier, later in pairwise(sessions):
        if earlier.closes_at < later.opens_at:
            yield Session(
                kind=SessionKind.CLOSED,
                trade_date=later.trade_date,
                opens_at=earlier.closes_at,
                closes_at=later.opens_at,
            )
        yield later


def _trading_day_from(day: date, step: timedelta) -> date | None:
    for count in range(CLOSURE_DAYS_MAX):
        candidate = day + count * step
        if FIRST_DAY <= candidate <= LAST_DAY and is_trading_day(candidate):
            return candidate
    return None


def _require_covered(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _calendar_ended(day.isoformat())


def _found(trading_day: date | None, asked: date) -> date:
    if trading_day is None:
        raise _calendar_ended(asked.isoformat())
    return trading_day


def _calendar_ended(asked: str) -> CalendarEnded:
    return CalendarEnded(
        f"{asked} is not covered by the table of trading days, {FIRST_DAY}..{LAST_DAY}: "
        "install a newer flatbook, or extend the table with tools/generate_calendar.py"
    )
