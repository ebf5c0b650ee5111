"""What the newest days earned, over small journals whose every number can be checked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flatbook.events.event import Event
from flatbook.projections.course import Course, course_of, scope_of_days
from flatbook.projections.edges import Evidence
from flatbook.projections.facts import CostKind
from flatbook.projections.fold import fold_all
from flatbook.projections.ledger import Ledger
from flatbook.projections.pnl import Pnl
from flatbook.projections.report import Books, FillTimes, Part, no_prices
from flatbook.projections.results import EVERYTHING
from flatbook.values.instants import instant_of_text, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import plain
from tests.unit.projections.scene import USDC, executed, fill, mark, rows_of

DAY_S = 24 * 3600


def course(days: int, *events: Event, last: date = date(2025, 12, 1), upto: str = "2025-12-01T17:30:00Z") -> Course:
    books = Books(Pnl(), Evidence(), Ledger(), FillTimes())
    fold_all((books.pnl, books.evidence, books.ledger, books.times), rows_of([mark(USDC, "1", -60), *events]))
    return course_of(books, no_prices, scope_of_days(EVERYTHING, last, days), instant_of_text(upto))


def told(found: Course) -> list[tuple[str, str, str]]:
    return [(text_of_instant(point.at), plain(point.net), plain(point.running)) for point in found.points if point.net]


SOLD = fill(1, Side.SELL, "10", "2600", 0)
FIRST = executed(Side.BUY, "10", "253", 62, fees=[("USD", "0.5")], number=1)
LATER = (
    fill(2, Side.SELL, "2", "540", 7200),
    executed(Side.BUY, "2", "260", 7260, number=2),
)
TWO_DAYS_ON = (
    fill(3, Side.SELL, "1", "255", 2 * DAY_S),
    executed(Side.BUY, "1", "256", 2 * DAY_S + 60, number=3),
)


def test_one_day_goes_by_the_hour_and_its_costs_count_where_they_were_charged() -> None:
    found = course(1, SOLD, FIRST, *LATER)
    assert told(found) == [
        ("2025-12-01T15:00:00Z", "69.5", "69.5"),
        ("2025-12-01T17:00:00Z", "20", "89.5"),
    ]
    assert [text_of_instant(each.at) for each in (found.points[0], found.points[-1])] == [
        "2025-12-01T05:00:00Z",
        "2025-12-01T17:00:00Z",
    ]


def test_the_parts_less_the_costs_are_the_net_and_the_end_of_the_course() -> None:
    found = course(1, SOLD, FIRST, *LATER)
    assert {part: usd for part, usd in found.parts.items() if usd} == {Part.UNSPLIT: Decimal(90)}
    assert found.totals.costs[CostKind.BROKER_FEE].usd == Decimal("0.5")
    assert found.totals.net == found.points[-1].running == Decimal("89.5")


def test_several_days_go_by_the_day_from_the_first_that_earned_anything() -> None:
    found = course(7, SOLD, FIRST, *TWO_DAYS_ON, last=date(2025, 12, 4))
    assert (found.first, found.last) == (date(2025, 11, 28), date(2025, 12, 4))
    assert [(text_of_instant(point.at), plain(point.running)) for point in found.points] == [
        ("2025-12-01T05:00:00Z", "69.5"),
        ("2025-12-02T05:00:00Z", "69.5"),
        ("2025-12-03T05:00:00Z", "68.5"),
        ("2025-12-04T05:00:00Z", "68.5"),
    ]


def test_what_was_earned_before_the_first_day_is_left_out() -> None:
    found = course(2, SOLD, FIRST, *TWO_DAYS_ON, last=date(2025, 12, 3))
    assert found.totals.net == Decimal(-1)
    assert {part: usd for part, usd in found.parts.items() if usd} == {Part.UNSPLIT: Decimal(-1)}


def test_days_without_any_result_have_no_course() -> None:
    assert course(7, SOLD).points == ()


def test_the_hours_of_a_day_end_with_the_day() -> None:
    assert len(course(1, SOLD, FIRST, upto="2025-12-03T00:00:00Z").points) == 24
