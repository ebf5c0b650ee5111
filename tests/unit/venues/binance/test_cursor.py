"""How far executions were read: what a cursor says, and that a quiet symbol moves on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flatbook.values.instants import NS_PER_MS, SECONDS_PER_DAY, later
from flatbook.venues.binance.cursor import ReadTo, after_silence, read_to, text_of
from tests.unit.venues.binance.sample import NOW

DAY_MS = SECONDS_PER_DAY * 1000
NOW_MS = NOW // NS_PER_MS


def test_without_a_cursor_reading_begins_six_days_ago() -> None:
    assert read_to("", ("BTCUSDT",), NOW) == {"BTCUSDT": ReadTo(since_ms=NOW_MS - 6 * DAY_MS)}


def test_a_cursor_comes_back_as_it_was_and_keeps_symbols_that_are_not_traded_now() -> None:
    cursor = "BTCUSDT=123,ETHUSDT@1700000000000,SOLUSDT=9"
    places = read_to(cursor, ("ETHUSDT", "BTCUSDT"), NOW)
    assert places == {"ETHUSDT": ReadTo(since_ms=1_700_000_000_000), "BTCUSDT": ReadTo(execution=123)}
    assert sorted(text_of(places, cursor).split(",")) == sorted(cursor.split(","))


def test_an_execution_replaces_the_instant_from_which_a_symbol_was_read() -> None:
    assert text_of({"ETHUSDT": ReadTo(execution=7)}, "ETHUSDT@1700000000000") == "ETHUSDT=7"


def test_a_symbol_in_which_nothing_happens_moves_on_once_a_day() -> None:
    fresh = ReadTo(since_ms=NOW_MS - DAY_MS)
    assert after_silence(fresh, NOW) is fresh
    assert after_silence(ReadTo(since_ms=NOW_MS - 2 * DAY_MS), NOW) == ReadTo(since_ms=NOW_MS - 3_600_000)
    known = ReadTo(execution=7)
    assert after_silence(known, later(NOW, seconds=30 * SECONDS_PER_DAY)) is known


def test_a_desk_that_was_away_for_long_reads_on_in_steps_that_miss_nothing() -> None:
    place, steps = ReadTo(since_ms=NOW_MS - 20 * DAY_MS), []
    for _ in range(5):
        place = after_silence(place, NOW)
        steps.append((NOW_MS - place.since_ms) // DAY_MS)
    assert steps == [14, 8, 2, 0, 0]


@given(st.text(max_size=80))
def test_any_text_is_a_cursor_that_says_something_or_nothing(cursor: str) -> None:
    assert set(read_to(cursor, ("BTCUSDT", "ETHUSDT"), NOW)) == {"BTCUSDT", "ETHUSDT"}
