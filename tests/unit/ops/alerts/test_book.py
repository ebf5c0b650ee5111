from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.events.control import Severity
from flatbook.ops.alerts.book import Book, Decided, alerts_of, by_urgency
from flatbook.ops.alerts.rules import Condition
from tests.unit.ops.alerts.scene import TERMS, at

DIVERGED = Condition(name="books_diverged", subject="paper:COIN", severity=Severity.CRITICAL, detail="3, 2")
UNKNOWN = Condition(name="order_unknown", subject="fb1", severity=Severity.WARNING, detail="timed_out", since=at(0))
HOUR_S = 3600


def look(book: Book, seconds: int, *found: Condition) -> tuple[list[str], Book]:
    decided: Decided = alerts_of(book, found, TERMS, at(seconds))
    return [f"{news.kind.value} {news.condition.name}" for news in decided.news], decided.book


def looks(*steps: tuple[int, tuple[Condition, ...]]) -> list[tuple[int, list[str]]]:
    """Returns what was told at which second of a series of looks; looks that told nothing are left out."""
    book: Book = {}
    told = []
    for seconds, found in steps:
        news, book = look(book, seconds, *found)
        if news:
            told.append((seconds, news))
    return told


def test_an_alert_is_told_once_and_again_after_a_while() -> None:
    steps = [(seconds, (DIVERGED,)) for seconds in (0, 1, 2, 3599, 3600, 3601, 7200)]
    assert looks(*steps) == [
        (0, ["raised books_diverged"]),
        (3600, ["renewed books_diverged"]),
        (7200, ["renewed books_diverged"]),
    ]


def test_a_warning_is_told_again_after_a_longer_while() -> None:
    steps = [(seconds, (replace(DIVERGED, severity=Severity.WARNING),)) for seconds in (0, 3600, 43_199, 43_200)]
    assert looks(*steps) == [(0, ["raised books_diverged"]), (43_200, ["renewed books_diverged"])]


def test_what_has_a_bound_is_told_once_it_has_stood_so_long() -> None:
    steps = [(seconds, (UNKNOWN,)) for seconds in (1, 59, 60, 61)]
    assert looks(*steps) == [(60, ["raised order_unknown"])]


def test_what_went_before_its_bound_is_never_told() -> None:
    assert looks((1, (UNKNOWN,)), (30, ()), (200, ())) == []


def test_where_nobody_noted_when_it_began_the_first_look_counts() -> None:
    unhedged = Condition(name="unhedged", subject="desk:COIN", severity=Severity.CRITICAL, detail="")
    steps = [(seconds, (unhedged,)) for seconds in (1000, 1299, 1300)]
    assert looks(*steps) == [(1300, ["raised unhedged"])]


def test_the_end_is_told_once_it_has_lasted() -> None:
    steps = ((0, (DIVERGED,)), (10, ()), (69, ()), (70, ()), (71, ()))
    assert looks(*steps) == [(0, ["raised books_diverged"]), (70, ["recovered books_diverged"])]


def test_what_comes_back_at_once_was_never_away() -> None:
    flapping = [(seconds, (DIVERGED,) if seconds % 20 else ()) for seconds in range(0, 3000, 10)]
    assert looks(*flapping) == [(10, ["raised books_diverged"])]


def test_what_gets_more_urgent_is_told_again_at_once_and_what_gets_less_so_is_not() -> None:
    warned = replace(DIVERGED, severity=Severity.WARNING)
    steps = ((0, (warned,)), (60, (DIVERGED,)), (61, (DIVERGED,)), (62, (warned,)))
    assert looks(*steps) == [(0, ["raised books_diverged"]), (60, ["worse books_diverged"])]


def test_two_subjects_are_two_alerts_and_the_same_twice_is_one() -> None:
    other = replace(DIVERGED, subject="paper:USD")
    news, book = look({}, 0, DIVERGED, other, DIVERGED)
    assert news == ["raised books_diverged", "raised books_diverged"]
    assert list(book) == ["books_diverged paper:COIN", "books_diverged paper:USD"]


def test_news_has_an_id_of_its_own_that_does_not_depend_on_when_it_is_told() -> None:
    at_first = alerts_of({}, (UNKNOWN,), TERMS, at(60))
    late = alerts_of({}, (UNKNOWN,), TERMS, at(900))
    assert at_first.news[0].id == late.news[0].id
    again = alerts_of(at_first.book, (UNKNOWN,), TERMS, at(60 + 12 * HOUR_S))
    assert again.news[0].id != at_first.news[0].id


def test_the_most_urgent_and_oldest_stands_first() -> None:
    warned = replace(DIVERGED, name="gas_low", severity=Severity.WARNING)
    decided = alerts_of({}, (warned, DIVERGED, replace(DIVERGED, subject="old", since=at(-9))), TERMS, at(0))
    assert [known.condition.subject for known in by_urgency(decided.book)] == ["old", "paper:COIN", "paper:COIN"]
    gone = alerts_of(decided.book, (warned,), TERMS, at(1))
    assert [known.condition.name for known in by_urgency(gone.book)] == ["gas_low"]


@given(st.lists(st.tuples(st.integers(1, 4000), st.booleans()), max_size=40))
def test_what_is_told_alternates_between_a_beginning_and_an_end(steps: list[tuple[int, bool]]) -> None:
    book: Book = {}
    seconds, stands = 0, False
    for wait, is_there in steps:
        seconds += wait
        news, book = look(book, seconds, *((DIVERGED,) if is_there else ()))
        for told in news:
            assert (told == "raised books_diverged") is not stands
            stands = told != "recovered books_diverged"
    assert len(book) <= 1
