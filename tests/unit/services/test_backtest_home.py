"""The grids of a home over a tape: their terms are those of the desk, and what does not fit is refused by name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from flatbook.backtest.tape import NamedTape
from flatbook.backtest.tape_file import Message, memory_tape
from flatbook.backtest.terms import FeeRates, Latency, MarginTerms
from flatbook.market.ticks import Kind, Product
from flatbook.ops.config import load_text
from flatbook.services.backtest_home import plan_of_home
from flatbook.services.backtest_plan import BacktestPlan, PlanRefused
from flatbook.values.ids import InstrumentId
from tests.parity.paper_desk import CONFIG
from tests.unit.backtest.scenes import PERP, SPOT

S = 10**9
BEGIN = 1_700_000_000 * S
QUOTES = [Message(BEGIN, BEGIN, [(Kind.QUOTE, 0, 10_000, 5, 10_001, 5, 1)])]
TAPE = memory_tape(QUOTES, (PERP,))
FITS = CONFIG.replace('base_per_level = "0.01"', 'base_per_level = "0.1"')
LIVE = """[accounts.paper]
kind = "binance"
market = "usdm"
environment = "sandbox"
key = "secret:key"
secret = "secret:word"
shorting = "never"
[secrets]
key = "env:K"
word = "env:W"
"""


def plan(old: str = "", new: str = "", *, tape: object = TAPE, **more: object) -> BacktestPlan:
    """Returns the plan of the desk with a change."""
    return plan_of_home(load_text(FITS.replace(old, new, 1), Path("/home")), tape, **more)  # type: ignore[arg-type]


def refusal(old: str = "", new: str = "", **more: object) -> str:
    with pytest.raises(PlanRefused) as refused:
        plan(old, new, **more)
    return str(refused.value)


def live() -> str:
    """Returns a desk that trades where money would be real."""
    begins, ends = FITS.index("[accounts.paper]"), FITS.index("[instruments.")
    return FITS[:begins] + LIVE + FITS[ends:]


def test_cash_fees_limits_and_marks_are_those_of_the_desk() -> None:
    found = plan("placing_ms = 0", "placing_ms = 7\nspread_ms = 2\nsample_s = 30")
    (seat,) = found.seats
    terms = found.terms
    assert terms.cash == {"USDT": Decimal(1_000_000)}
    assert terms.fees == {"BTC-PERP": FeeRates(maker=Decimal("0.00001"), taker=Decimal("0.0004"))}
    assert terms.margins == {"BTC-PERP": MarginTerms(leverage=20, maintenance=Decimal("0.005"))}
    assert terms.limits[seat.owner].order_notional_usd_max == 10_000
    assert (terms.placing, terms.canceling) == (
        Latency(least_ns=7_000_000, spread_ns=2_000_000),
        Latency(spread_ns=2_000_000),
    )
    assert (terms.sample_ns, terms.marks) == (30 * S, {"USDT": Decimal(1)})
    assert [each.id for each in NamedTape(TAPE, found.names).head.instruments] == ["BTC-PERP"]


def test_a_desk_where_money_is_real_states_what_a_backtest_begins_with_and_pays() -> None:
    text, stated = live(), '[backtest.cash]\nUSDT = "500"\n'
    rates = '[backtest.rates."BTC-PERP"]\nmaker_bps = "2"\ntaker_bps = "5"\n'
    margin = '[backtest.margin."BTC-PERP"]\nleverage = 4\nmaintenance_pct = "0.4"\n'
    wants = (("", "[backtest.cash]"), (stated, '[backtest.rates."BTC-PERP"]'), (stated + rates, margin[:26]))
    for more, says in wants:
        with pytest.raises(PlanRefused, match=says.replace("[", r"\[")):
            plan_of_home(load_text(text + more, Path("/home")), TAPE)
    terms = plan_of_home(load_text(text + stated + rates + margin, Path("/home")), TAPE).terms
    assert terms.margins == {"BTC-PERP": MarginTerms(leverage=4, maintenance=Decimal("0.004"))}
    assert (terms.cash["USDT"], terms.fees["BTC-PERP"].taker) == (500, Decimal("0.0005"))  # type: ignore[index]


def test_tiers_of_margin_are_those_of_the_desk_too() -> None:
    tiers = '[accounts.paper.margin.tiers]\n250000 = "2.5"\n50000 = "1"\n[instruments.'
    margin = plan("[instruments.", tiers).terms.margins[InstrumentId("BTC-PERP")]
    assert [(tier.above, tier.rate) for tier in margin.tiers] == [
        (50_000, Decimal("0.01")),
        (250_000, Decimal("0.025")),
    ]
    assert margin.millionths == (5_000, 5_000, 15_000)


def test_a_tape_of_another_instrument_is_refused_with_what_it_has() -> None:
    other = memory_tape(QUOTES, (replace(PERP, id="binance:ETHUSDT-PERP", symbol="ETHUSDT"),))
    assert refusal(tape=other) == (
        "BTC-PERP: BTCUSDT (linear) is not on the tape, which has binance:ETHUSDT-PERP (linear):"
        " say --name BTC-PERP=ONE OF THEM"
    )
    assert "is not on the tape" in refusal(tape=memory_tape(QUOTES, (replace(PERP, product=Product.INVERSE),)))


def test_an_instrument_that_is_on_the_tape_twice_is_named() -> None:
    twice = memory_tape(QUOTES, (PERP, replace(PERP, id="bybit:BTCUSDT")))
    assert "is on the tape more than once" in refusal(tape=twice)
    named = {InstrumentId("BTC-PERP"): InstrumentId(PERP.id)}
    assert plan(tape=twice, named=named).names == {PERP.id: "BTC-PERP"}


def test_a_name_of_what_no_grid_trades_is_refused_with_what_they_trade() -> None:
    assert refusal(named={InstrumentId("foo"): InstrumentId("bar")}) == (
        "--name foo: no grid that runs trades it; they trade BTC-PERP"
    )


def test_another_tick_or_lot_says_how_the_tape_is_made_anew() -> None:
    assert refusal('lot = "0.001"', 'lot = "0.01"').endswith("make the tape with --tick 0.1 --lot 0.01")
    assert "a contract of 10" in refusal('contract_size = "1"', 'contract_size = "10"')


def test_a_level_below_the_least_order_is_refused_at_the_first_price_of_the_tape() -> None:
    assert refusal('base_per_level = "0.1"', 'base_per_level = "0.004"') == (
        "the grid of maker on BTC-PERP: at 1000, the first price of the tape, a level trades only 0.004; "
        "the least order is 0.001, worth 5 USDT: state more for each level"
    )


def test_a_tape_without_prices_is_refused() -> None:
    silent = memory_tape([Message(BEGIN, BEGIN, [(Kind.FUNDING, 0, 1, BEGIN, 0, 0, 0)])], (PERP,))
    assert "has no price on the tape" in refusal(tape=silent)


def test_only_grids_of_the_home_are_run() -> None:
    assert refusal(only=["nobody"]) == "nobody has no grid here; maker has"
    without = FITS[: FITS.index("[grid.")] + FITS[FITS.index("[backtest]") :]
    with pytest.raises(PlanRefused, match="has no grid"):
        plan_of_home(load_text(without, Path("/home")), memory_tape(QUOTES, (SPOT,)))
