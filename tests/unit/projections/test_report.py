"""The report of a hedge over small journals whose every number can be checked by hand."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events.event import Event
from flatbook.projections.edges import Evidence
from flatbook.projections.facts import CostKind
from flatbook.projections.fold import fold_all
from flatbook.projections.ledger import Ledger
from flatbook.projections.pnl import Pnl
from flatbook.projections.report import Books, FillTimes, Part, Report, report_of
from flatbook.values.ids import OrderId, Underlying
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import Price
from flatbook.values.sessions import SessionKind
from tests.unit.projections.scene import T0, USDC, at, executed, fill, intended, mark, reversal, rows_of

# The scene begins on a Monday at 15:00 UTC, half an hour after the regular session opened; it closes at 21:00.
CLOSE_S = 6 * 3600
NEXT_OPEN_S = CLOSE_S + 17 * 3600 + 1800


def drawn(*events: Event, prices: dict[int, str] | None = None) -> Report:
    """Returns the report of a journal; `prices` is what the market was from a second of the scene on."""
    books = Books(Pnl(), Evidence(), Ledger(), FillTimes())
    fold_all((books.pnl, books.evidence, books.ledger, books.times), rows_of([mark(USDC, "1", -60), *events]))
    steps = sorted((at(seconds), Price(Decimal(price))) for seconds, price in (prices or {}).items())

    def price(_: Underlying, asked: Instant) -> Price | None:
        known = [each for since, each in steps if since <= asked]
        return known[-1] if known else None

    return report_of(books, price, None)


SOLD = fill(1, Side.SELL, "10", "2600", 0)
HEDGED = (
    intended(Side.BUY, "10", 3, because=SOLD, price="252"),
    executed(Side.BUY, "10", "253", 62, fees=[("USD", "0.5")]),
)


def test_a_prompt_hedge_is_taken_apart_and_adds_up() -> None:
    report = drawn(SOLD, *HEDGED, prices={-10: "250", 3: "252"})
    assert {part: usd for part, usd in report.parts.items() if usd} == {
        Part.EDGE: Decimal(100),
        Part.WAITING: Decimal(-20),
        Part.SLIPPAGE: Decimal(-10),
    }
    assert (report.costs[CostKind.BROKER_FEE], report.net, report.adds_up) == (Decimal("0.5"), Decimal("69.5"), True)


def test_without_market_prices_what_lies_between_fill_and_hedge_stays_one_part() -> None:
    report = drawn(SOLD, *HEDGED)
    assert {part: usd for part, usd in report.parts.items() if usd} == {Part.UNSPLIT: Decimal(70)}
    assert report.adds_up


def test_latency_counts_from_when_a_fill_was_seen() -> None:
    (line,) = drawn(SOLD, *HEDGED).latencies
    assert (line.session, line.fills, line.hedged, line.netted, line.open) == (SessionKind.REGULAR, 1, 1, 0, 0)
    assert (line.shares, line.half_s, line.most_s) == (Decimal(10), 60, 60)


def test_latency_is_weighed_by_shares() -> None:
    first = executed(Side.BUY, "6", "253", 12, number=1)
    late = executed(Side.BUY, "3.6", "253", 102, number=2)
    last = executed(Side.BUY, "0.4", "253", 1002, number=3)
    (line,) = drawn(SOLD, first, late, last).latencies
    assert (line.half_s, line.most_s) == (10, 100)


def test_a_fill_that_another_one_closed_is_netted_and_one_that_stands_is_open() -> None:
    bought = fill(2, Side.BUY, "4", "1000", 30)
    report = drawn(SOLD, bought)
    (line,) = report.latencies
    assert (line.fills, line.hedged, line.netted, line.open) == (2, 0, 1, 1)
    assert {part: usd for part, usd in report.parts.items() if usd} == {Part.NETTING: Decimal(40)}
    assert report.open_usd == Decimal(1500)


def test_a_fill_that_closed_one_and_opened_what_another_closed_is_netted() -> None:
    report = drawn(SOLD, fill(2, Side.BUY, "14", "3500", 30), fill(3, Side.SELL, "4", "1000", 40))
    (line,) = report.latencies
    assert (line.fills, line.hedged, line.netted, line.open) == (3, 0, 3, 0)


def test_a_fill_that_nothing_closed_is_open() -> None:
    (line,) = drawn(SOLD).latencies
    assert (line.fills, line.hedged, line.netted, line.open) == (1, 0, 0, 1)


def test_a_fill_that_was_reversed_is_no_fill() -> None:
    assert drawn(SOLD, reversal(SOLD)).latencies == ()


def test_exposure_is_dollars_times_seconds_at_the_price_known_then() -> None:
    report = drawn(SOLD, *HEDGED, prices={-10: "250"})
    (line,) = report.exposures
    assert (line.session, line.seconds, line.usd_max) == (SessionKind.REGULAR, 62, Decimal(2500))
    assert (line.usd_seconds, line.usd_mean) == (Decimal(155_000), Decimal(2500))
    assert (report.usd_max, report.usd_seconds, report.usd_mean) == (Decimal(2500), Decimal(155_000), Decimal(2500))


def test_without_market_prices_exposure_is_valued_at_the_last_trade() -> None:
    assert drawn(SOLD, *HEDGED).usd_max == Decimal(2600)


def test_a_net_that_waits_for_the_next_session_is_split_by_session_and_its_gap_is_told() -> None:
    sold = fill(1, Side.SELL, "10", "2600", CLOSE_S - 60)
    order = intended(Side.BUY, "10", NEXT_OPEN_S, because=sold, price="256")
    hedge = executed(Side.BUY, "10", "256", NEXT_OPEN_S + 60)
    report = drawn(sold, order, hedge, prices={0: "250", NEXT_OPEN_S: "256"})
    assert [(line.session, line.seconds) for line in report.exposures] == [
        (SessionKind.OVERNIGHT, 28_800),
        (SessionKind.EARLY, 19_800),
        (SessionKind.REGULAR, 120),
        (SessionKind.LATE, 14_400),
    ]
    (gap,) = report.gaps
    assert (gap.closed_at, gap.opened_at) == (at(CLOSE_S), at(NEXT_OPEN_S))
    assert (gap.shares, gap.close, gap.open, gap.usd, gap.is_weekend) == (-10, 250, 256, -60, False)
    assert {part: usd for part, usd in report.parts.items() if usd} == {
        Part.EDGE: Decimal(100),
        Part.GAP: Decimal(-60),
    }
    assert report.adds_up


def test_a_weekend_is_named() -> None:
    friday = instant_of_text("2025-12-05T20:59:00Z")
    sold = fill(1, Side.SELL, "1", "260", (friday - T0) // 10**9)
    monday = (instant_of_text("2025-12-08T14:31:00Z") - T0) // 10**9
    (gap,) = drawn(sold, executed(Side.BUY, "1", "250", monday)).gaps
    assert (gap.is_weekend, gap.usd) == (True, None)


def test_two_nets_at_once_add_up_to_the_largest() -> None:
    other = executed(Side.BUY, "2", "100", 10, number=7, underlying=Underlying("MSTR"), order_id=OrderId("fbother"))
    assert drawn(SOLD, other, *HEDGED).usd_max == Decimal(2800)


def test_nothing_traded_is_nothing_to_tell() -> None:
    report = drawn()
    assert (report.since, report.latencies, report.gaps, report.net, report.adds_up) == (None, (), (), 0, True)
