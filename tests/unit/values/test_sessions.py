"""Trading sessions: known days, half days, closures, the overnight session, and the ends of the table."""

import csv
import gzip
import os
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from flatbook.values.instants import Instant, instant_of_text, text_of_instant
from flatbook.values.sessions import (
    HOURS,
    OPEN_KINDS,
    CalendarEnded,
    DayHours,
    Session,
    SessionAbsent,
    SessionKind,
    is_half_day,
    is_trading_day,
    last_close,
    next_session,
    next_trading_day,
    previous_trading_day,
    regular_close,
    session_among,
    session_at,
    sessions_from_hours,
    sessions_of,
    trade_date_of,
)
from flatbook.values.us_eastern import instant_of_eastern, second_of_clock

ROOT = Path(__file__).resolve().parents[3]
CLOSED, OVERNIGHT, EARLY, REGULAR, LATE = SessionKind


def eastern(text: str) -> Instant:
    day, clock = text.split()
    return instant_of_eastern(date.fromisoformat(day), second_of_clock(clock))


def spans(trade_date: str) -> list[tuple[str, str, str]]:
    return [
        (session.kind.value, text_of_instant(session.opens_at), text_of_instant(session.closes_at))
        for session in sessions_of(date.fromisoformat(trade_date))
    ]


def test_a_regular_winter_day_has_four_sessions_without_a_gap() -> None:
    assert spans("2025-01-07") == [
        ("overnight", "2025-01-07T01:00:00Z", "2025-01-07T09:00:00Z"),
        ("early", "2025-01-07T09:00:00Z", "2025-01-07T14:30:00Z"),
        ("regular", "2025-01-07T14:30:00Z", "2025-01-07T21:00:00Z"),
        ("late", "2025-01-07T21:00:00Z", "2025-01-08T01:00:00Z"),
    ]


def test_a_summer_day_is_one_hour_earlier_in_utc() -> None:
    assert spans("2025-07-01") == [
        ("overnight", "2025-07-01T00:00:00Z", "2025-07-01T08:00:00Z"),
        ("early", "2025-07-01T08:00:00Z", "2025-07-01T13:30:00Z"),
        ("regular", "2025-07-01T13:30:00Z", "2025-07-01T20:00:00Z"),
        ("late", "2025-07-01T20:00:00Z", "2025-07-02T00:00:00Z"),
    ]


def test_on_a_half_day_the_regular_session_closes_at_13_and_the_late_session_at_17() -> None:
    assert spans("2025-11-28") == [
        ("overnight", "2025-11-28T01:00:00Z", "2025-11-28T09:00:00Z"),
        ("early", "2025-11-28T09:00:00Z", "2025-11-28T14:30:00Z"),
        ("regular", "2025-11-28T14:30:00Z", "2025-11-28T18:00:00Z"),
        ("late", "2025-11-28T18:00:00Z", "2025-11-28T22:00:00Z"),
    ]
    assert regular_close(date(2025, 11, 28)) == instant_of_text("2025-11-28T18:00:00Z")
    assert last_close(date(2025, 11, 28)) == instant_of_text("2025-11-28T22:00:00Z")


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        ("2025-11-28 12:59", REGULAR),
        ("2025-11-28 13:00", LATE),
        ("2025-11-28 16:59", LATE),
        ("2025-11-28 17:00", CLOSED),
        ("2025-11-28 19:00", CLOSED),
        ("2025-07-03 13:00", LATE),
        ("2025-12-24 17:00", CLOSED),
        ("2025-01-06 03:59", OVERNIGHT),
        ("2025-01-06 04:00", EARLY),
        ("2025-01-06 09:29", EARLY),
        ("2025-01-06 09:30", REGULAR),
        ("2025-01-06 12:00", REGULAR),
        ("2025-01-06 15:59", REGULAR),
        ("2025-01-06 16:00", LATE),
        ("2025-01-06 19:59", LATE),
        ("2025-01-06 20:00", OVERNIGHT),
    ],
)
def test_a_session_begins_at_its_first_instant_and_ends_before_the_next(at: str, kind: SessionKind) -> None:
    assert session_at(eastern(at)).kind is kind


def test_the_last_nanosecond_of_the_regular_session_is_regular() -> None:
    close = regular_close(date(2025, 1, 6))
    assert session_at(Instant(close - 1)).kind is REGULAR
    assert session_at(close).kind is LATE


@pytest.mark.parametrize(
    ("at", "trade_date"),
    [
        ("2025-01-06 19:59", "2025-01-06"),
        ("2025-01-06 20:00", "2025-01-07"),
        ("2025-01-07 03:59", "2025-01-07"),
        ("2025-01-03 20:00", "2025-01-06"),
        ("2025-01-05 20:00", "2025-01-06"),
        ("2025-11-26 21:00", "2025-11-28"),
        ("2025-11-28 17:00", "2025-12-01"),
    ],
)
def test_the_overnight_session_and_closed_hours_belong_to_the_next_trade_date(at: str, trade_date: str) -> None:
    assert trade_date_of(eastern(at)) == date.fromisoformat(trade_date)


def test_nothing_trades_from_friday_evening_to_sunday_evening() -> None:
    assert session_at(eastern("2025-01-04 12:00")) == Session(
        kind=CLOSED,
        trade_date=date(2025, 1, 6),
        opens_at=instant_of_text("2025-01-04T01:00:00Z"),
        closes_at=instant_of_text("2025-01-06T01:00:00Z"),
    )


@pytest.mark.parametrize(
    ("evening", "why"),
    [
        ("2025-11-26", "Thanksgiving"),
        ("2025-12-24", "Christmas Day"),
        ("2025-12-31", "New Year's Day"),
        ("2025-01-08", "national day of mourning"),
        ("2025-01-19", "Sunday before Martin Luther King Jr. Day"),
        ("2025-07-03", "Independence Day"),
        ("2026-07-02", "Independence Day observed on a Friday"),
        ("2025-04-17", "Good Friday"),
    ],
)
def test_there_is_no_overnight_session_on_the_eve_of_a_full_holiday(evening: str, why: str) -> None:
    assert session_at(eastern(f"{evening} 20:00")).kind is CLOSED, why
    assert session_at(eastern(f"{evening} 23:59")).kind is CLOSED, why


@pytest.mark.parametrize(
    "evening", ["2025-11-27", "2025-12-25", "2025-01-09", "2025-01-20", "2025-07-02", "2025-12-23", "2026-04-05"]
)
def test_the_overnight_session_runs_on_the_evening_of_a_holiday_and_before_a_half_day(evening: str) -> None:
    assert session_at(eastern(f"{evening} 20:00")).kind is OVERNIGHT


def test_a_holiday_is_one_closed_session_from_late_close_to_the_evening() -> None:
    assert session_at(eastern("2025-11-27 12:00")) == Session(
        kind=CLOSED,
        trade_date=date(2025, 11, 28),
        opens_at=instant_of_text("2025-11-27T01:00:00Z"),
        closes_at=instant_of_text("2025-11-28T01:00:00Z"),
    )


def test_the_overnight_session_takes_effect_with_the_trade_date_of_november_2021() -> None:
    assert session_at(eastern("2021-10-28 21:00")).kind is CLOSED
    assert session_at(eastern("2021-10-31 20:00")).kind is OVERNIGHT
    assert [session.kind for session in sessions_of(date(2021, 10, 29))] == [EARLY, REGULAR, LATE]
    assert [session.kind for session in sessions_of(date(2021, 11, 1))] == [OVERNIGHT, EARLY, REGULAR, LATE]


def test_rows_of_hours_stand_in_the_order_of_their_dates() -> None:
    assert all(older.effective_from < newer.effective_from for older, newer in pairwise(HOURS))


@pytest.mark.parametrize(
    "day",
    ["2025-07-03", "2025-11-28", "2025-12-24", "2024-07-03", "2023-11-24", "2019-12-24", "2026-11-27", "2027-11-26"],
)
def test_known_half_days(day: str) -> None:
    assert is_half_day(date.fromisoformat(day))
    assert is_trading_day(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2025-07-02", "2026-07-02", "2022-12-23", "2021-12-23", "2025-11-27", "2025-11-29"])
def test_days_that_are_no_half_days(day: str) -> None:
    assert not is_half_day(date.fromisoformat(day))


@pytest.mark.parametrize(
    "day",
    [
        "2025-12-25",
        "2025-11-27",
        "2026-07-03",
        "2025-01-09",
        "2018-12-05",
        "2025-04-18",
        "2025-06-19",
        "2021-12-24",
        "2022-06-20",
        "2023-01-02",
        "2027-06-18",
        "2025-01-04",
        "2025-01-05",
    ],
)
def test_known_closures(day: str) -> None:
    assert not is_trading_day(date.fromisoformat(day))
    assert sessions_of(date.fromisoformat(day)) == ()


@pytest.mark.parametrize("day", ["2021-06-18", "2021-12-31", "2022-01-03", "2025-01-08", "2025-01-10", "2025-10-13"])
def test_trading_days_next_to_closures_and_on_bank_holidays(day: str) -> None:
    assert is_trading_day(date.fromisoformat(day))


def test_trading_days_before_and_after_skip_weekends_holidays_and_special_closures() -> None:
    assert next_trading_day(date(2025, 1, 8)) == date(2025, 1, 10)
    assert previous_trading_day(date(2025, 1, 10)) == date(2025, 1, 8)
    assert next_trading_day(date(2025, 4, 17)) == date(2025, 4, 21)
    assert previous_trading_day(date(2025, 4, 19)) == date(2025, 4, 17)
    assert next_trading_day(date(2026, 7, 2)) == date(2026, 7, 6)


def test_the_next_session_is_the_present_one_if_its_kind_is_asked_for() -> None:
    at = eastern("2025-01-06 12:00")
    assert next_session(at, (REGULAR,)) == session_at(at)
    assert next_session(at, OPEN_KINDS) == session_at(at)


def test_the_next_session_of_another_kind_is_the_first_after_the_instant() -> None:
    friday_evening = eastern("2025-01-17 18:00")
    assert next_session(friday_evening, (REGULAR,)).opens_at == instant_of_text("2025-01-21T14:30:00Z")
    assert next_session(friday_evening, (EARLY, REGULAR)).opens_at == instant_of_text("2025-01-21T09:00:00Z")
    assert next_session(friday_evening, (OVERNIGHT,)).opens_at == instant_of_text("2025-01-21T01:00:00Z")
    assert next_session(friday_evening, (CLOSED,)).opens_at == instant_of_text("2025-01-18T01:00:00Z")


def test_at_its_close_a_session_is_over_and_the_next_of_its_kind_is_tomorrow() -> None:
    close = regular_close(date(2025, 1, 6))
    assert next_session(close, (REGULAR,)).trade_date == date(2025, 1, 7)


def test_a_kind_that_the_market_does_not_hold_is_absent_after_a_bounded_search() -> None:
    with pytest.raises(SessionAbsent, match="within 14 days of 2016-03-01T00:00:00Z"):
        next_session(instant_of_text("2016-03-01T00:00:00Z"), (OVERNIGHT,))
    with pytest.raises(SessionAbsent):
        next_session(instant_of_text("2025-03-01T00:00:00Z"), ())


def test_a_holiday_has_no_close() -> None:
    with pytest.raises(SessionAbsent, match="2025-12-25 is no trading day"):
        regular_close(date(2025, 12, 25))
    with pytest.raises(SessionAbsent, match="2025-01-04 is no trading day"):
        last_close(date(2025, 1, 4))


@pytest.mark.parametrize(
    "at",
    [
        "1969-12-31T23:59:59Z",
        "2014-12-31T15:00:00Z",
        "2015-01-02T08:59:59Z",
        "2028-01-01T01:00:00Z",
        "2028-01-03T15:00:00Z",
        "9999-12-31T00:00:00Z",
    ],
)
def test_an_instant_outside_the_table_is_an_error_that_says_what_to_do(at: str) -> None:
    with pytest.raises(CalendarEnded, match=r"2015-01-01\.\.2027-12-31.*tools/generate_calendar\.py"):
        session_at(instant_of_text(at))


def test_the_table_is_used_to_its_last_session_and_not_beyond() -> None:
    assert session_at(instant_of_text("2015-01-02T09:00:00Z")).kind is EARLY
    assert session_at(instant_of_text("2028-01-01T00:59:59.999999999Z")).kind is LATE
    with pytest.raises(CalendarEnded):
        next_session(instant_of_text("2028-01-01T00:30:00Z"), (REGULAR,))
    with pytest.raises(CalendarEnded):
        next_trading_day(date(2027, 12, 31))
    with pytest.raises(CalendarEnded):
        previous_trading_day(date(2015, 1, 2))


@pytest.mark.parametrize("day", [date(2014, 12, 31), date(2028, 1, 1), date.min, date.max])
def test_days_outside_the_table_are_unknown_and_never_taken_for_closures(day: date) -> None:
    for ask in (is_trading_day, is_half_day, next_trading_day, previous_trading_day, sessions_of, regular_close):
        with pytest.raises(CalendarEnded):
            ask(day)


def test_the_days_of_a_venue_calendar_become_sessions_with_its_own_hours() -> None:
    venue = sessions_from_hours(
        date(2025, 1, 6),
        DayHours(
            overnight_opens=None,
            early_opens=second_of_clock("0400"),
            regular_opens=second_of_clock("09:30"),
            regular_closes=second_of_clock("16:00"),
            late_closes=second_of_clock("2000"),
        ),
    )
    probes = ["03:59", "04:00", "09:00", "09:30", "12:00", "16:00", "20:00"]
    found = [session_among(eastern(f"2025-01-06 {probe}"), venue) for probe in probes]
    assert [session and session.kind for session in found] == [None, EARLY, EARLY, REGULAR, REGULAR, LATE, None]


def test_a_session_without_length_is_left_out() -> None:
    only_regular = DayHours(
        overnight_opens=None, early_opens=34_200, regular_opens=34_200, regular_closes=57_600, late_closes=57_600
    )
    assert [session.kind for session in sessions_from_hours(date(2025, 1, 6), only_regular)] == [REGULAR]


@pytest.mark.parametrize("late_closes", [57_599, 0])
def test_hours_out_of_order_are_refused(late_closes: int) -> None:
    with pytest.raises(ValueError, match="must be in order"):
        DayHours(
            overnight_opens=None,
            early_opens=14_400,
            regular_opens=34_200,
            regular_closes=57_600,
            late_closes=late_closes,
        )


def test_every_regular_session_agrees_with_the_recorded_exchange_calendar() -> None:
    shared = os.environ.get("FLATBOOK_SHARED")
    if not shared:
        pytest.skip("no FLATBOOK_SHARED")
    with gzip.open(Path(shared, "data", "7_equities", "calendar_XNYS_2015_2027.csv.gz"), "rt") as file:
        rows = {row["session"]: row for row in csv.DictReader(file)}
    days = (date.fromordinal(day) for day in range(date(2015, 1, 1).toordinal(), date(2027, 12, 31).toordinal() + 1))
    regular = {
        session.trade_date.isoformat(): session
        for day in days
        for session in sessions_of(day)
        if session.kind is REGULAR
    }
    assert list(regular) == list(rows)
    for day, row in rows.items():
        assert regular[day].opens_at == instant_of_text(row["open_utc"]), day
        assert regular[day].closes_at == instant_of_text(row["close_utc"]), day
        assert is_half_day(date.fromisoformat(day)) == (row["early_close"] == "True"), day


@pytest.mark.real
def test_the_committed_table_agrees_with_its_generator() -> None:
    check = [sys.executable, "tools/generate_calendar.py", "--check"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "xnys_calendar.py agrees with exchange_calendars: 2015..2027\n"


@pytest.mark.real
def test_the_generator_refuses_a_table_with_a_wrong_day(tmp_path: Path) -> None:
    table = (ROOT / "src/flatbook/values/xnys_calendar.py").read_text(encoding="utf-8")
    edited = tmp_path / "xnys_calendar.py"
    edited.write_text(table.replace("01-01 01-09 01-20", "01-01 01-20"), encoding="utf-8")
    check = [sys.executable, "tools/generate_calendar.py", "--check", "--table", str(edited)]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "differs from exchange_calendars" in done.stderr


@pytest.mark.real
def test_sessions_import_no_calendar_package_and_no_time_zone_database() -> None:
    ask = (
        "import sys, flatbook.values.sessions\n"
        "print([name for name in ('pandas', 'numpy', 'exchange_calendars', 'zoneinfo') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
