"""Laws of sessions: they partition time, agree with an independent reading of the clock, and round trip."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.sessions import OPEN_KINDS, SessionKind, next_session, session_at, sessions_of, trade_date_of
from flatbook.values.us_eastern import EasternTimeRefused, eastern_clock_of, eastern_offset_s, instant_of_eastern
from flatbook.values.xnys_calendar import HALF_DAYS, HOLIDAYS

NEW_YORK = ZoneInfo("America/New_York")
TABLE_BEGINS_S = 1_420_189_200  # 2015-01-02 04:00 in New York
TABLE_ENDS_S = 1_830_042_000  # 2027-12-29 12:00 in New York

covered = st.integers(TABLE_BEGINS_S * NS_PER_S, TABLE_ENDS_S * NS_PER_S).map(Instant)
ruled_seconds = st.integers(1_167_609_600, 1_924_991_999)  # 2007 to 2030
ruled_days = st.dates(date(2007, 1, 1), date(2030, 12, 31))


def trades(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def kind_on_the_clock(second: int) -> SessionKind:
    shown = datetime.fromtimestamp(second, NEW_YORK)
    day, clock, half = shown.date(), (shown.hour, shown.minute), shown.date() in HALF_DAYS
    regular_closes, late_closes = ((13, 0), (17, 0)) if half else ((16, 0), (20, 0))
    night_of = day if clock < (4, 0) else day + timedelta(days=1)
    if clock < (4, 0) or clock >= (20, 0):
        return SessionKind.OVERNIGHT if trades(night_of) and night_of >= date(2021, 11, 1) else SessionKind.CLOSED
    if not trades(day) or clock >= late_closes:
        return SessionKind.CLOSED
    if clock >= regular_closes:
        return SessionKind.LATE
    return SessionKind.REGULAR if clock >= (9, 30) else SessionKind.EARLY


@given(covered)
def test_the_kind_of_session_is_what_the_clock_in_new_york_says(at: Instant) -> None:
    assert session_at(at).kind is kind_on_the_clock(at // NS_PER_S)


@given(covered)
def test_every_instant_lies_in_one_session_and_sessions_follow_without_gap_or_overlap(at: Instant) -> None:
    session = session_at(at)
    assert session.opens_at <= at < session.closes_at
    assert session_at(session.opens_at) == session
    assert session_at(Instant(session.closes_at - 1)) == session
    following = session_at(session.closes_at)
    assert following.opens_at == session.closes_at
    assert following.kind is not session.kind
    assert following.trade_date >= session.trade_date


@given(covered)
def test_an_open_session_is_one_of_its_trade_date_and_a_closed_one_leads_to_the_next(at: Instant) -> None:
    session = session_at(at)
    assert trade_date_of(at) == session.trade_date
    if session.kind is SessionKind.CLOSED:
        assert sessions_of(session.trade_date)[0].opens_at == session.closes_at
    else:
        assert session in sessions_of(session.trade_date)


@given(covered, st.lists(st.sampled_from(OPEN_KINDS[1:]), min_size=1, unique=True))
def test_no_session_of_the_kinds_asked_for_lies_between_the_instant_and_the_answer(
    at: Instant, kinds: list[SessionKind]
) -> None:
    answer = next_session(at, kinds)
    walk = session_at(at)
    while walk.kind not in kinds:
        walk = session_at(walk.closes_at)
    assert answer == walk


@given(ruled_seconds)
def test_the_eastern_offset_is_that_of_the_time_zone_database(second: int) -> None:
    expected = datetime.fromtimestamp(second, UTC).astimezone(NEW_YORK).utcoffset()
    assert timedelta(seconds=eastern_offset_s(Instant(second * NS_PER_S))) == expected


@given(ruled_days, st.integers(0, 86_399))
def test_a_clock_reading_comes_back_from_its_instant_or_is_refused_as_skipped_or_double(day: date, second: int) -> None:
    shown = datetime(day.year, day.month, day.day, tzinfo=NEW_YORK) + timedelta(seconds=second)
    first, again = (int(shown.replace(fold=fold).timestamp()) for fold in (0, 1))
    try:
        at = instant_of_eastern(day, second)
    except EasternTimeRefused:
        assert first != again
    else:
        assert (at, first) == (first * NS_PER_S, again)
        assert eastern_clock_of(at) == (day, second)
