"""The parts of a profit add up to the change of equity to the last digit, and figures are as defined."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flatbook.backtest.attribution import Parts
from flatbook.backtest.report import Report, draw_report
from flatbook.backtest.report_page import figures_of, page_of, plots_of
from flatbook.backtest.tape import TapeHead
from flatbook.backtest.tape_file import Message, memory_tape
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.control import BalanceStated
from flatbook.events.event import Event
from flatbook.events.orders import Fee, OrderFilled
from flatbook.market.ticks import Kind
from flatbook.values.ids import AccountId, ActivityId, AssetId, ExecutionId, InstrumentId, OrderId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Money, Price, Quantity
from tests.unit.backtest.scenes import PERP, SPOT

USDT = AssetId("USDT")
MARKS = {USDT: Price(Decimal("0.999"))}
S = 10**9


class Ran(NamedTuple):
    head: TapeHead
    samples: tuple[int, ...]
    queue: tuple[int, ...] = ()
    rows: int = 4
    began_at: Instant = Instant(0)
    ended_at: Instant = Instant(9 * S)
    is_whole: bool = True


def quote(at: int, inst: int, bid: int, ask: int) -> Message:
    return Message(at, at, [(Kind.QUOTE, inst, bid, 5, ask, 5, 0)])


BEGIN = [quote(S, 0, 999, 1001), quote(2 * S, 1, 10000, 10002), quote(3 * S, 0, 1019, 1021)]
END = [quote(9 * S, 0, 1029, 1031), quote(9 * S, 1, 10010, 10012)]
TAPE = memory_tape([*BEGIN, *END], (PERP, SPOT))
SAMPLES = (S, 0, 999, 1001, 0, S, 1, 10000, 10002, 0, 9 * S, 0, 1029, 1031, 0, 9 * S, 1, 10010, 10012, 0)


def fill(side: Side, qty: str, price: str, *, at: int, fee: Fee | None = None, of: str = PERP.id) -> OrderFilled:
    return OrderFilled(
        order_id=OrderId(f"o{at}"),
        owner=OwnerId("grid"),
        account=AccountId("paper"),
        instrument=InstrumentId(of),
        underlying=Underlying("BTC"),
        execution_id=ExecutionId(f"e{at}"),
        side=side,
        qty=Quantity(Decimal(qty)),
        price=Price(Decimal(price)),
        quote=USDT,
        contract_size=Decimal(1),
        fees=() if fee is None else (fee,),
        product=Product.SPOT if of == SPOT.id else Product.LINEAR_PERP,
        realised=None,
        maker=True,
        happened_at=Instant(at),
        seen_at=Instant(at),
    )


def funding(amount: str, at: int) -> AccountActivityBooked:
    return AccountActivityBooked(
        account=AccountId("paper"),
        activity_id=ActivityId(f"f{at}"),
        kind=ActivityKind.FUNDING,
        venue_kind="funding",
        owner=OwnerId("grid"),
        underlying=Underlying("BTC"),
        instrument=InstrumentId(PERP.id),
        order_id=None,
        asset=USDT,
        amount=Quantity(Decimal(amount)),
        detail="",
        happened_at=Instant(at),
        seen_at=Instant(at),
    )


def stated(asset: str, amount: str) -> BalanceStated:
    return BalanceStated(
        account=AccountId("paper"),
        asset=AssetId(asset),
        change=Quantity(Decimal(amount)),
        reason="opening",
        stated_at=Instant(0),
    )


def drawn(*events: Event, samples: tuple[int, ...] = SAMPLES, queue: tuple[int, ...] = ()) -> Report:
    return draw_report(Ran(TAPE.head, samples, queue), events, TAPE, MARKS)


def part(report: Report, of: str = PERP.id) -> Parts:
    return next(each for each in report.parts if each.instrument == of)


def test_a_purchase_below_the_middle_earns_the_spread_and_then_what_the_middle_moves() -> None:
    report = drawn(
        stated("USDT", "1000"), fill(Side.BUY, "2", "99.9", at=2 * S, fee=Fee(asset=USDT, amount=Money(Decimal("0.1"))))
    )
    found = part(report)
    assert (found.spread, found.inventory, found.fees) == (Decimal("0.2"), Decimal(6), Decimal("-0.1"))
    assert (found.net, found.change, report.adds_up) == (Decimal("6.1"), Decimal("6.1"), True)
    assert report.total["net"] == Decimal("6.0939")
    assert report.start_usd == Decimal(999)


def test_the_middle_before_an_execution_is_that_of_the_quote_before_its_instant() -> None:
    report = drawn(fill(Side.SELL, "1", "102", at=3 * S), fill(Side.SELL, "1", "102", at=3 * S + 1))
    assert [execution.middle for execution in report.executions] == [Decimal(100), Decimal(102)]
    assert report.without_middle == 0


def test_an_execution_before_any_quote_earns_no_spread_and_is_counted() -> None:
    report = drawn(fill(Side.BUY, "1", "50", at=1))
    assert (report.executions[0].middle, report.executions[0].spread, report.without_middle) == (50, 0, 1)
    assert report.adds_up


def test_a_fee_in_what_was_bought_costs_at_the_middle_and_leaves_less_to_hold() -> None:
    fee = Fee(asset=AssetId("BTC"), amount=Money(Decimal("0.001")))
    report = drawn(fill(Side.BUY, "1", "100.01", at=3 * S, fee=fee, of=SPOT.id))
    found = part(report, SPOT.id)
    assert found.fees == Decimal("-0.10001")
    assert found.position == Decimal("0.999")
    assert found.net == found.change == Decimal("100.11") * Decimal("0.999") - Decimal("100.01")


def test_funding_is_a_part_of_its_own() -> None:
    report = drawn(fill(Side.SELL, "1", "100", at=2 * S), funding("0.25", 4 * S), funding("-0.05", 5 * S))
    assert (part(report).funding, report.adds_up) == (Decimal("0.2"), True)


def test_what_was_held_from_the_start_is_told_apart_from_what_was_traded() -> None:
    report = drawn(stated("BTC", "2"), fill(Side.SELL, "1", "100.01", at=3 * S, of=SPOT.id))
    found = part(report, SPOT.id)
    assert found.opening == Decimal("0.20")
    assert found.net == found.change


def test_a_base_that_has_a_mark_counts_once_in_what_there_was_at_the_start() -> None:
    """It is valued at the first middle of its market, as its gain is reckoned from there, and not at its mark too."""
    events = stated("USDT", "1000"), stated("BTC", "2"), fill(Side.SELL, "1", "100.01", at=3 * S, of=SPOT.id)
    marks = {**MARKS, AssetId("BTC"): Price(Decimal(90))}
    report = draw_report(Ran(TAPE.head, SAMPLES), events, TAPE, marks)
    assert report.start_usd == Decimal("0.999") * (1000 + 2 * Decimal("100.01"))
    assert report.start_usd == drawn(*events).start_usd


def test_closed_trades_and_what_was_made_are_told_in_usd_whatever_they_were_paid_in() -> None:
    """A profit of 2 in a quote of half a dollar does not make up for a loss of 1.5 in dollars."""
    paid = AssetId("HALF")
    events = [
        fill(Side.BUY, "1", "100", at=2 * S),
        replace(fill(Side.SELL, "1", "98.5", at=3 * S), maker=False),
        *(
            replace(fill(side, "1", price, at=at, of=SPOT.id), quote=paid)
            for side, price, at in ((Side.BUY, "100", 4 * S), (Side.SELL, "102", 5 * S))
        ),
    ]
    marks = {USDT: Price(Decimal(1)), paid: Price(Decimal("0.5"))}
    report = draw_report(Ran(TAPE.head, SAMPLES), events, TAPE, marks)
    assert report.trades.total == pytest.approx(-0.5)
    assert report.trades.profit_factor == pytest.approx(1 / 1.5)
    assert report.orders.maker_share == pytest.approx((100 + 50 + 51) / (100 + 98.5 + 50 + 51))


def test_a_fee_in_an_asset_that_nothing_values_is_refused() -> None:
    with pytest.raises(ValueError, match="BNB"):
        drawn(fill(Side.BUY, "1", "100", at=2 * S, fee=Fee(asset=AssetId("BNB"), amount=Money(Decimal(1)))))


def test_the_curve_begins_with_the_start_and_ends_with_the_change() -> None:
    report = drawn(stated("USDT", "1000"), fill(Side.BUY, "2", "99.9", at=2 * S), funding("1", 4 * S))
    assert report.curve.times == (0, S, 9 * S)
    assert report.curve.equity == pytest.approx((999.0, 999.0, 999.0 + 0.999 * 7.2))
    assert report.curve.exposures == pytest.approx((0.0, 0.0, 206 * 0.999))
    assert report.exposure_max_usd == pytest.approx(206 * 0.999)
    assert report.equity is not None


def test_what_was_lost_before_the_first_sample_is_lost_in_the_return_and_the_drawdown_too() -> None:
    report = drawn(stated("USDT", "1000"), fill(Side.BUY, "2", "110", at=S // 2))
    assert report.total["net"] < 0
    assert report.equity is not None
    assert report.equity.total_return == pytest.approx(-0.014)
    assert report.equity.max_drawdown == pytest.approx(0.02)


def test_what_was_done_after_the_last_sample_is_in_the_curve_too() -> None:
    samples = (S, 0, 999, 1001, 0)
    report = drawn(stated("USDT", "1000"), fill(Side.BUY, "2", "110", at=8 * S), samples=samples)
    assert report.curve.times == (0, S, 9 * S)
    assert report.curve.equity == pytest.approx((999.0, 999.0, 999.0 + float(report.total["net"])))


def test_a_run_of_seconds_has_no_figures_of_a_year_and_says_why() -> None:
    report = drawn(stated("USDT", "1000"), fill(Side.BUY, "2", "99.9", at=2 * S))
    assert report.equity is not None
    assert (report.equity.sharpe, report.equity.sortino, report.equity.cagr) == (None, None, None)
    why = "the run is 9 s long, and figures of a year need 7 days"
    assert report.not_annualised == why
    assert ("figures of a year (-)", why) in figures_of(report)


def test_figures_of_a_year_need_a_week_and_thirty_steps() -> None:
    day = 86_400 * S
    few = tuple(number for at in range(1, 8) for number in (at * day, 0, 999, 1001, 0))
    many = tuple(number for at in range(1, 31) for number in (at * day, 0, 998 + at % 2, 1002, 0))
    events = stated("USDT", "1000"), fill(Side.BUY, "2", "99.9", at=2 * S)
    short, long = drawn(*events, samples=few), drawn(*events, samples=many)
    assert short.not_annualised == "the curve has 7 steps, and figures of a year need 30: sample more often"
    assert long.not_annualised is None
    assert long.equity is not None
    assert long.equity.sharpe is not None


def test_closed_trades_are_matched_first_in_first_out() -> None:
    report = drawn(
        fill(Side.BUY, "1", "100", at=2 * S),
        fill(Side.BUY, "1", "101", at=2 * S + 1),
        fill(Side.SELL, "3", "102", at=4 * S),
        fill(Side.BUY, "1", "103", at=5 * S),
    )
    assert (report.trades.count, report.trades.wins, report.trades.losses) == (2, 1, 1)
    assert report.trades.total == pytest.approx(2.0 * 0.999)


def test_what_a_closed_trade_brought_is_less_the_fees_of_both_its_ends_by_quantity() -> None:
    dear, cheap = (Fee(asset=USDT, amount=Money(Decimal(amount))) for amount in ("0.4", "0.3"))
    report = drawn(
        fill(Side.BUY, "2", "100", at=2 * S, fee=dear),
        fill(Side.SELL, "1", "101", at=2 * S + 1),
        fill(Side.SELL, "3", "102", at=4 * S, fee=cheap),
        fill(Side.BUY, "2", "101", at=5 * S),
    )
    trades = report.trades
    assert (trades.count, trades.wins, trades.average_win) == (3, 3, pytest.approx(0.999 * (0.8 + 1.7 + 1.8) / 3))


def test_the_end_is_that_of_the_tape_and_not_of_the_last_sample() -> None:
    report = drawn(stated("USDT", "1000"), fill(Side.BUY, "1", "100", at=2 * S), samples=(4 * S, 0, 1019, 1021, 0))
    assert (part(report).inventory, part(report).net) == (3, 3)
    assert report.curve.times == (0, 4 * S, 9 * S)
    assert report.curve.equity == pytest.approx((999.0, 999.0 + 2 * 0.999, 999.0 + 3 * 0.999))


def test_what_is_held_at_the_end_is_what_was_held_at_the_start_and_traded_since() -> None:
    report = drawn(stated("BTC", "2"), fill(Side.SELL, "0.5", "100.01", at=3 * S, of=SPOT.id))
    assert part(report, SPOT.id).position == Decimal("1.5")
    assert report.curve.positions[SPOT.id][-1] == 1.5


def test_every_point_of_the_curve_is_the_sum_of_its_parts() -> None:
    fees = Fee(asset=USDT, amount=Money(Decimal("0.1")))
    sold = fill(Side.SELL, "1", "100.02", at=3 * S, of=SPOT.id, fee=fees)
    report = drawn(
        stated("BTC", "2"), stated("USDT", "9"), fill(Side.BUY, "2", "99", at=2 * S), sold, funding("1", 4 * S)
    )
    curve = report.curve
    for at, equity in enumerate(curve.equity):
        parts = (curve.spread, curve.inventory, curve.fees, curve.funding, curve.opening)
        assert sum(each[at] for each in parts) == pytest.approx(equity - curve.equity[0])
    ends = (curve.spread, curve.inventory, curve.fees, curve.funding, curve.opening)
    assert [each[-1] for each in ends] == pytest.approx(
        [float(report.total[name]) for name in ("spread", "inventory", "fees", "funding", "opening")]
    )


def test_queues_are_those_of_executions_that_made() -> None:
    report = drawn(queue=(S, 0, 10, 500, 1, S, 0, -1, 700, 1, S, 0, 99, 1, 0))
    assert report.queue is not None
    assert (report.queue.executions, report.queue.ahead_median, report.queue.waited_median_ns) == (2, 10, 700)
    assert drawn().queue is None


def test_a_page_needs_nothing_but_itself() -> None:
    report = drawn(stated("USDT", "1000"), fill(Side.BUY, "2", "99.9", at=2 * S), fill(Side.SELL, "1", "101", at=4 * S))
    page = page_of(report, "A <run>", {"tape": "x.parquet"})
    assert page.count("<svg") == 6
    assert "A &lt;run&gt;" in page
    assert not any(word in page for word in ("http", "<script", "<link", "<img", "url("))
    assert len(page) < 20_000


def test_a_page_of_a_long_run_stays_small() -> None:
    samples = tuple(number for at in range(20_000) for number in (at * S + S, 0, 1000 if at == 7_777 else 999, 1001, 0))
    report = drawn(fill(Side.BUY, "1", "100", at=2 * S), samples=samples)
    page = page_of(report, "long", {})
    assert len(page) < 200_000
    assert [plot.title for plot in plots_of(report)][:2] == ["Equity", "Drawdown"]
    assert ("orders intended, refused by risk", "0, 0") in figures_of(report)


def test_a_run_without_executions_has_a_page_too() -> None:
    report = drawn(stated("USDT", "1000"))
    assert (report.parts, report.adds_up, report.orders.fill_rate) == ((), True, None)
    assert "<h1>none</h1>" in page_of(report, "none", {})


Moves = st.lists(
    st.tuples(
        st.sampled_from([Side.BUY, Side.SELL]),
        st.decimals("0.001", "50", places=3),
        st.decimals("1", "500", places=1),
        st.decimals("-1", "1", places=8),
        st.integers(1, 8 * S),
    ),
    max_size=12,
)


@given(Moves)
def test_parts_always_add_up_to_the_change_of_equity(moves: list[tuple[Side, Decimal, Decimal, Decimal, int]]) -> None:
    fills = [
        fill(side, str(qty), str(price), at=at, fee=Fee(asset=USDT, amount=Money(fee)))
        for side, qty, price, fee, at in moves
    ]
    report = drawn(*fills)
    cash = sum((-each.side.sign * each.qty * each.price - each.fees[0].amount for each in fills), Decimal(0))
    position = sum((each.side.sign * each.qty for each in fills), Decimal(0))
    assert report.adds_up
    assert sum((each.net for each in report.parts), Decimal(0)) == cash + position * (103 if fills else 0)
