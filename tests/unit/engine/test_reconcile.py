"""Reconciliation: the first statement opens, every later one only compares, and twice is once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.engine.opening import OPENING
from flatbook.engine.reconcile import missing_orders, reconcile, revived_orders, statement_balances
from flatbook.engine.reports import AccountStatement, Balance, Funds, Holding
from flatbook.events.control import BalanceStated, BooksAgreed, BooksDiverged
from flatbook.events.event import Event
from flatbook.events.funds import FundsStated
from flatbook.state.fold import apply
from flatbook.values.ids import AccountId, AssetId, InstrumentId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity, cut
from tests.desk import PAPER, coin
from tests.unit.engine.scene import (
    POISONED,
    START,
    Bench,
    accepted,
    effects,
    execution,
    report,
    statement,
    tags,
)
from tests.unit.state.scene import STOCK, USD, qty

LAG_S = 10


def opened(shares: str = "100", cash: str = "50000") -> Bench:
    """Returns a desk whose account was stated, a minute later."""
    bench = Bench().resume()
    bench.state_account(statement(bench.now, shares=shares, cash=cash))
    return bench.wait(60)


def differences(bench: Bench, shown: AccountStatement) -> list[tuple[str, Decimal, Decimal]]:
    events = reconcile(bench.state, shown, bench.rules, bench.now)
    return [(event.subject, event.ours, event.theirs) for event in events if isinstance(event, BooksDiverged)]


def folded(bench: Bench, events: tuple[Event, ...]) -> None:
    for event in events:
        apply(bench.state, event)


def test_the_first_statement_opens_the_balances_once() -> None:
    bench = Bench().resume()
    done = bench.state_account(statement(bench.now, shares="100", cash="50000"))
    assert [(event.asset, event.change, event.reason) for event in done.events if isinstance(event, BalanceStated)] == [
        ("COIN", Decimal(100), OPENING),
        ("USD", Decimal(50_000), OPENING),
    ]
    assert bench.state.opened == {PAPER: later(bench.now, seconds=-10)}
    for seconds in (0, 60, 600):
        assert bench.wait(seconds).state_account(statement(bench.now, shares="100", cash="50000")).events == ()


def opening(bench: Bench, earlier: AccountStatement | None, shown: AccountStatement) -> list[Decimal]:
    events = reconcile(bench.state, shown, bench.rules, bench.now, earlier=earlier)
    return [event.change for event in events if isinstance(event, BalanceStated)]


def test_an_account_whose_reads_may_lag_is_opened_by_two_statements_that_agree() -> None:
    bench = Bench().wait(100)
    shown = statement(bench.now, shares="100", cash="50000")
    past = later(bench.now, seconds=-10)
    assert opening(bench, None, shown) == []
    assert opening(bench, statement(past, shares="100", cash="50000"), shown) == [Decimal(100), Decimal(50_000)]
    assert opening(bench, statement(past, shares="0", cash="50000"), shown) == []
    assert opening(bench, statement(past, shares="100", cash="0"), shown) == []
    assert opening(bench, statement(Instant(past + 1), shares="100", cash="50000"), shown) == []


def test_an_account_is_not_opened_by_statements_that_may_not_show_what_is_booked() -> None:
    bench = Bench()
    bench.executions(execution("5", order_id=bench.working("5")))
    before = statement(bench.now, shares="105", cash="48750")
    assert opening(bench, before, statement(later(bench.now, seconds=20), shares="105", cash="48750")) == []
    after = statement(Instant(bench.now + 1), shares="105", cash="48750")
    assert opening(bench, after, statement(later(bench.now, seconds=20), shares="105", cash="48750")) == [100, 50_000]


def test_an_account_whose_reads_never_lag_is_opened_by_one_statement() -> None:
    bench = Bench()
    card = msgspec.structs.replace(bench.rules.cards[PAPER], read_lag_max_s=0)
    rules = msgspec.structs.replace(bench.rules, cards={PAPER: card})
    events = reconcile(bench.state, statement(bench.now, shares="100", cash="50000"), rules, bench.now)
    assert [event.change for event in events if isinstance(event, BalanceStated)] == [100, 50_000]


def test_executions_booked_before_the_opening_are_not_counted_twice() -> None:
    bench = Bench()
    order_id = bench.working("5")
    bench.executions(execution("5", order_id=order_id))
    bench.wait(11).state_account(statement(bench.now, shares="105", cash="48750"))
    assert bench.state.balances[PAPER, AssetId("COIN")] == 105
    assert bench.state.balances[PAPER, USD] == 48_750


def test_nothing_is_opened_while_an_order_may_execute() -> None:
    bench = Bench()
    bench.working("5")
    assert bench.state_account(statement(bench.now)).events == ()
    assert bench.state.opened == {}


def test_books_that_agree_lead_to_nothing() -> None:
    bench = opened()
    assert reconcile(bench.state, statement(bench.now, shares="100", cash="50000"), bench.rules, bench.now) == ()


def test_a_difference_of_shares_halts_their_instrument_and_is_told_once() -> None:
    bench = opened()
    shown = statement(bench.now, shares="99", cash="50000")
    done = bench.state_account(shown)
    assert tags(done) == ["books_diverged", "trading_halted"]
    assert bench.halted == [("instrument", "COIN/USD", "diverged")]
    assert bench.alerts == ["books_diverged"]
    assert bench.state_account(shown).events == ()
    assert bench.wait(60).state_account(statement(bench.now, shares="99", cash="50000")).events == ()
    assert bench.state.balances[PAPER, AssetId("COIN")] == 100


def test_a_difference_of_cash_is_told_and_halts_nothing() -> None:
    bench = opened()
    done = bench.state_account(statement(bench.now, shares="100", cash="49999.99"))
    assert tags(done) == ["books_diverged"]
    assert (bench.halted, bench.alerts) == ([], ["books_diverged"])


def test_a_difference_that_changes_is_a_new_one_and_one_that_is_gone_is_cleared() -> None:
    bench = opened()
    bench.state_account(statement(bench.now, shares="99", cash="50000"))
    assert differences(bench, statement(bench.now, shares="98", cash="50000")) == [("COIN", Decimal(100), Decimal(98))]
    done = bench.wait(60).state_account(statement(bench.now, shares="100", cash="50000"))
    assert type(done.events[0]) is BooksAgreed
    assert (bench.alerts, bench.halted) == ([], [("instrument", "COIN/USD", "diverged")])


def test_what_a_statement_leaves_out_is_zero() -> None:
    bench = opened()
    empty = msgspec.structs.replace(statement(bench.now), holdings=(), balances=())
    assert differences(bench, empty) == [
        ("COIN", Decimal(100), Decimal(0)),
        ("USD", Decimal(50_000), Decimal(0)),
    ]


def test_what_we_do_not_follow_is_opened_and_compared_too() -> None:
    other = Holding(instrument=InstrumentId("HOOD/USD"), qty=qty("7"))
    bench = Bench().resume()
    bench.state_account(msgspec.structs.replace(statement(bench.now), holdings=(other,)))
    assert bench.state.balances[PAPER, AssetId("HOOD/USD")] == 7
    assert differences(bench.wait(60), statement(bench.now)) == [("HOOD/USD", Decimal(7), Decimal(0))]


def test_a_difference_in_what_nobody_follows_ends_when_no_statement_shows_it_any_more() -> None:
    bench = opened()
    odd = Holding(instrument=InstrumentId("HOOD/USD"), qty=qty("7"))
    shown = statement(bench.now, shares="100", cash="50000")
    bench.state_account(msgspec.structs.replace(shown, holdings=(*shown.holdings, odd)))
    assert bench.alerts == ["books_diverged"]
    bench.wait(60).state_account(statement(bench.now, shares="100", cash="50000"))
    assert (bench.alerts, bench.state.divergences) == ([], {})


# The quiet rule.


@pytest.mark.parametrize(("after_s", "compared"), [(0, False), (LAG_S, False), (LAG_S + 1, True)])
def test_an_asset_that_moved_is_compared_only_once_reads_have_caught_up(after_s: int, compared: bool) -> None:
    bench = opened()
    bench.fill(1, "sell", "5")
    order_id = bench.placed()[0].order_id
    bench.executions(execution("5", order_id=order_id))
    stale = statement(later(bench.now, seconds=after_s), shares="100", cash="50000")
    assert (differences(bench, stale) != []) is compared


@pytest.mark.parametrize(
    ("shares", "found"),
    [("100", False), ("102.5", False), ("105", False), ("99.999", True), ("105.001", True)],
)
def test_shares_under_a_working_order_are_compared_within_what_it_may_have_traded(shares: str, found: bool) -> None:
    bench = opened()
    bench.fill(1, "sell", "5")
    order_id = bench.placed()[0].order_id
    bench.answer(order_id, accepted(bench.now))
    bench.wait(60)
    diverged = differences(bench, statement(bench.now, shares=shares, cash="50000"))
    assert [subject for subject, _, _ in diverged] == (["COIN"] if found else [])


def test_cash_is_not_compared_while_anything_works_but_other_shares_are() -> None:
    bench = opened()
    bench.fill(1, "sell", "5")
    bench.answer(bench.placed()[0].order_id, accepted(bench.now))
    bench.wait(60)
    other = Holding(instrument=InstrumentId("HOOD/USD"), qty=qty("1"))
    shown = statement(bench.now, shares="100", cash="1")
    shown = msgspec.structs.replace(shown, holdings=(*shown.holdings, other))
    assert [subject for subject, _, _ in differences(bench, shown)] == ["HOOD/USD"]
    bench.state_account(shown)
    assert bench.halted == [("instrument", "HOOD/USD", "diverged")]


def test_an_order_that_is_not_ours_explains_a_difference_while_it_works() -> None:
    bench = opened()
    line = report("fb-x", size="3", side=Side.SELL)
    bench.state_account(statement(bench.now, shares="100", cash="50000", open_orders=[line]))
    bench.wait(60)
    assert differences(bench, statement(bench.now, shares="98", cash="50500", open_orders=[line])) == []
    assert [subject for subject, _, _ in differences(bench, statement(bench.now, shares="96", open_orders=[line]))] == [
        "COIN"
    ]


def test_an_order_that_is_not_ours_explains_no_shares_once_it_has_rested_unchanged_for_ten_minutes() -> None:
    bench = opened()
    line = report("fb-x", size="3", side=Side.SELL)
    bench.state_account(statement(bench.now, shares="100", cash="50000", open_orders=[line]))
    bench.wait(599)
    assert differences(bench, statement(bench.now, shares="98", cash="50000", open_orders=[line])) == []
    bench.wait(1)
    assert differences(bench, statement(bench.now, shares="98", cash="50000", open_orders=[line])) == [
        ("COIN", Decimal(100), Decimal(98))
    ]
    partly = msgspec.structs.replace(line, filled_qty=qty("2"))
    assert differences(bench, statement(bench.now, shares="98", cash="50500", open_orders=[partly])) == []


def test_an_order_that_is_not_ours_explains_no_difference_of_cash_once_it_has_rested_for_ten_minutes() -> None:
    bench = opened()
    line = report("fb-x", size="3", side=Side.SELL)
    bench.state_account(statement(bench.now, shares="100", cash="50000", open_orders=[line]))
    bench.wait(599)
    assert differences(bench, statement(bench.now, shares="100", cash="49000", open_orders=[line])) == []
    bench.wait(1)
    assert differences(bench, statement(bench.now, shares="100", cash="49000", open_orders=[line])) == [
        ("USD", Decimal(50_000), Decimal(49_000))
    ]
    assert differences(bench, statement(bench.now, shares="100", cash="50000", open_orders=[line])) == []


def test_an_old_order_that_is_not_ours_explains_cash_where_the_statement_shows_that_it_executed() -> None:
    bench = opened()
    line = report("fb-x", size="3", side=Side.SELL)
    bench.state_account(statement(bench.now, shares="100", cash="50000", open_orders=[line]))
    bench.wait(900)
    partly = msgspec.structs.replace(line, filled_qty=qty("1"))
    assert differences(bench, statement(bench.now, shares="99", cash="50250", open_orders=[partly])) == []
    assert differences(bench, statement(bench.now, shares="97", cash="50750")) == []
    bench.state_account(statement(bench.now, shares="99", cash="50250", open_orders=[partly]))
    bench.wait(599)
    assert differences(bench, statement(bench.now, shares="99", cash="51250", open_orders=[partly])) == []
    bench.wait(1)
    assert [
        subject
        for subject, _, _ in differences(bench, statement(bench.now, shares="99", cash="51250", open_orders=[partly]))
    ] == ["COIN", "USD"]


def stated_in_cents(bench: Bench) -> Bench:
    """Lets the venue of a desk state cash with two decimals."""
    card = msgspec.structs.replace(bench.rules.cards[PAPER], cash_decimals=2)
    bench.rules = msgspec.structs.replace(bench.rules, cards={PAPER: card})
    return bench


@pytest.mark.parametrize(
    ("cash", "differs"),
    [
        ("47500.12", False),
        ("47500.13", False),
        ("47500.11", True),
        ("47500.14", True),
        ("47500.10", True),
        ("47499.12", True),
    ],
)
def test_cash_is_compared_as_far_as_the_statement_says(cash: str, differs: bool) -> None:
    bench = stated_in_cents(opened(cash="50000"))
    order_id = bench.working("10")
    bench.executions(execution("10", order_id=order_id, at=bench.now, price=Price(Decimal("249.9875"))))
    bench.wait(60)
    assert bench.state.balances[PAPER, USD] == Decimal("47500.125")
    told = differences(bench, statement(bench.now, shares="110", cash=cash))
    assert told == ([("USD", Decimal("47500.125"), Decimal(cash))] if differs else [])


def test_what_a_statement_leaves_out_of_many_amounts_of_cash_does_not_add_up() -> None:
    bench = stated_in_cents(opened(cash="50000"))
    order_id = bench.working("10")
    for number in range(1, 11):
        part = execution("1", number, order_id=order_id, at=bench.now, price=Price(Decimal("250.009")))
        bench.executions(part)
        bench.wait(60)
        cash = cut(bench.state.balances[PAPER, USD], decimals=2)
        shown = statement(bench.now, shares=str(100 + number), cash=str(cash))
        assert differences(bench, shown) == []
    assert bench.state.balances[PAPER, USD] == Decimal("47499.91")
    assert differences(bench, statement(bench.now, shares="110", cash="47500")) == [
        ("USD", Decimal("47499.91"), Decimal(47_500))
    ]


def test_a_difference_of_cash_ends_when_less_than_the_statement_says_is_left_of_it() -> None:
    bench = stated_in_cents(opened(cash="50000.004"))
    bench.state_account(statement(bench.now, shares="100", cash="49000"))
    assert bench.alerts == ["books_diverged"]
    bench.wait(60)
    assert tags(bench.state_account(statement(bench.now, shares="100", cash="50000"))) == ["books_agreed"]
    assert bench.alerts == []


def test_shares_are_compared_exactly_where_cash_is_not() -> None:
    bench = stated_in_cents(opened())
    shown = statement(bench.now, shares="100.001", cash="50000")
    assert differences(bench, shown) == [("COIN", Decimal(100), Decimal("100.001"))]


def test_an_unknown_order_counts_as_working() -> None:
    bench = opened()
    bench.fill(1, "sell", "5")
    bench.restart()
    bench.wait(60)
    assert differences(bench, statement(bench.now, shares="105", cash="48750")) == []


# Orders.


def test_a_foreign_order_on_a_statement_is_booked_and_dropped_when_it_is_gone() -> None:
    bench = opened()
    shown = statement(bench.now, shares="100", cash="50000", open_orders=[report("fb-x")])
    assert tags(bench.state_account(shown)) == ["foreign_order_seen", "trading_halted"]
    assert bench.state_account(shown).events == ()
    assert tags(bench.state_account(statement(bench.now, shares="100", cash="50000"))) == ["foreign_order_seen"]
    assert (bench.state.foreign_orders, bench.alerts) == ({}, [])


def test_the_opening_statement_shows_foreign_orders_too() -> None:
    bench = Bench().resume()
    shown = statement(bench.now, open_orders=[report("fb-x")])
    assert tags(bench.state_account(shown))[0] == "foreign_order_seen"
    assert bench.state.opened != {}
    assert reconcile(bench.state, shown, bench.rules, bench.now) == ()


def test_our_working_orders_that_are_not_shown_are_asked_for_once_reads_have_caught_up() -> None:
    bench = opened()
    bench.fill(1, "sell", "5")
    order_id = bench.placed()[0].order_id
    bench.answer(order_id, accepted(bench.now))
    early, late = later(bench.now, seconds=LAG_S), later(bench.now, seconds=LAG_S + 1)
    assert missing_orders(bench.state, statement(early), bench.rules) == ()
    assert [order.order_id for order in missing_orders(bench.state, statement(late), bench.rules)] == [order_id]
    shown = statement(late, open_orders=[report(order_id, size="5")])
    assert missing_orders(bench.state, shown, bench.rules) == ()
    assert revived_orders(bench.state, shown, bench.rules) == ()
    bench.wait(60)
    assert effects(bench.state_account(statement(bench.now, shares="100", cash="50000"))) == ["find"]


# Units.


def test_a_statement_is_read_in_shares_of_the_underlying() -> None:
    bench = Bench()
    tens = msgspec.structs.replace(coin("1"), id=InstrumentId("COIN10/USD"), contract_size=Decimal(10))
    rules = msgspec.structs.replace(bench.rules, instruments={**bench.rules.instruments, tens.id: tens})
    shown = msgspec.structs.replace(
        statement(START),
        holdings=(Holding(instrument=STOCK, qty=qty("3")), Holding(instrument=tens.id, qty=qty("-0.5"))),
    )
    assert statement_balances(shown, rules) == {"COIN": Decimal(-2), "USD": Decimal(1_000_000)}


# Poison.


def lines(**changes: Any) -> AccountStatement:
    return msgspec.structs.replace(statement(START), **changes)


POISON: dict[str, AccountStatement] = {
    **{
        f"holding {name}": lines(holdings=(Holding(instrument=STOCK, qty=POISONED[name]),))
        for name in ("NaN", "sNaN", "infinity", "67 digits", "19 decimals")
    },
    **{
        f"balance {name}": lines(balances=(Balance(asset=USD, total=POISONED[name], available=qty("0")),))
        for name in ("NaN", "sNaN", "infinity", "67 digits", "19 decimals")
    },
    "order NaN": lines(open_orders=(report("fb-x", qty=POISONED["NaN"]),)),
    "asset": lines(balances=(Balance(asset=AssetId(""), total=qty("1"), available=qty("1")),)),
    "instrument": lines(holdings=(Holding(instrument=InstrumentId("\ud800"), qty=qty("1")),)),
    "instant": lines(stated_at=Instant(10**30)),
    "lines": lines(holdings=(Holding(instrument=STOCK, qty=qty("1")),) * 10_001),
}


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_statement_is_refused_whole_and_stops_its_account(name: str) -> None:
    bench = opened()
    before = dict(bench.state.balances)
    done = bench.state_account(POISON[name])
    assert tags(done)[:2] == ["report_refused", "trading_halted"]
    assert bench.halted == [("venue", "paper", "report_refused")]
    assert (bench.state.balances, bench.state.foreign_orders) == (before, {})
    assert bench.state_account(POISON[name]).events == ()
    bench.command("lift", halt_id=str(next(iter(bench.state.halts))))
    assert bench.alerts == []


def test_available_funds_are_not_compared() -> None:
    bench = opened()
    shown = lines(
        stated_at=bench.now,
        holdings=(Holding(instrument=STOCK, qty=qty("100")),),
        balances=(Balance(asset=USD, total=qty("50000"), available=Quantity(Decimal("NaN"))),),
    )
    assert bench.state_account(shown).events == ()


def test_another_account_is_not_touched() -> None:
    bench = opened()
    other = msgspec.structs.replace(statement(bench.now, shares="1"), account=AccountId("other"))
    rules = msgspec.structs.replace(bench.rules, cards={**bench.rules.cards, other.account: bench.rules.cards[PAPER]})
    earlier = msgspec.structs.replace(other, stated_at=later(other.stated_at, seconds=-10))
    folded(bench, reconcile(bench.state, other, rules, bench.now, earlier=earlier))
    assert bench.state.balances[PAPER, AssetId("COIN")] == 100
    assert bench.state.balances[AccountId("other"), AssetId("COIN/USD")] == 1


def funds(settled: str | None = "30000", **changes: Any) -> Funds:
    """Returns what the venue lets the paper account spend."""
    plain = Funds(asset=USD, settled=None if settled is None else qty(settled), instant=qty("0"))
    return msgspec.structs.replace(plain, **changes)


def test_funds_are_booked_when_they_differ_from_what_is_known() -> None:
    bench = opened().resume()
    first = bench.state_account(statement(bench.now, shares="100", cash="50000", funds=funds(good_faith=2)))
    assert [(event.settled, event.good_faith) for event in first.events if isinstance(event, FundsStated)] == [
        (Decimal(30_000), 2)
    ]
    again = bench.wait(60).state_account(statement(bench.now, shares="100", cash="50000", funds=funds(good_faith=2)))
    assert again.events == ()


def test_only_instruments_of_ours_are_kept_of_what_is_lent() -> None:
    bench = opened().resume()
    lent = funds(borrowable=(InstrumentId("TSLA/USD"), STOCK))
    bench.state_account(statement(bench.now, shares="100", cash="50000", funds=lent))
    assert bench.state.funds[PAPER].borrowable == (STOCK,)


def test_a_purchase_lowers_settled_cash_and_a_sale_does_not_raise_it() -> None:
    bench = opened().resume()
    bench.state_account(statement(bench.now, shares="100", cash="50000", funds=funds()))
    bench.fill(1, "sell", "10")
    order = bench.placed()[-1]
    bench.answer(order.order_id, accepted(bench.now))
    bench.executions(execution("10", order_id=order.order_id, at=bench.now))
    assert bench.state.funds[PAPER].spendable == 27_500
    assert bench.state.balances[PAPER, USD] == 47_500
    bench.executions(execution("4", 2, order_id=None, at=bench.now, side=Side.SELL))
    assert bench.state.funds[PAPER].spendable == 27_500


def test_a_statement_that_may_lack_our_newest_purchase_gives_no_cash_back() -> None:
    bench = opened().resume()
    bench.state_account(statement(bench.now, shares="100", cash="50000", funds=funds()))
    bench.fill(1, "sell", "10")
    order = bench.placed()[-1]
    bench.answer(order.order_id, accepted(bench.now))
    bench.executions(execution("10", order_id=order.order_id, at=bench.now))
    early = bench.state_account(statement(bench.now, shares="110", cash="47500", funds=funds()))
    assert [event for event in early.events if isinstance(event, FundsStated)] == []
    assert bench.state.funds[PAPER].spendable == 27_500


def test_a_buy_is_sized_by_settled_cash_and_not_by_the_balance() -> None:
    bench = opened(cash="50000").resume()
    bench.state_account(statement(bench.now, shares="100", cash="50000", funds=funds("1000")))
    bench.fill(1, "sell", "10")
    assert [str(order.qty) for order in bench.placed()] == ["3.960"]


@pytest.mark.parametrize("wrong", [POISONED["NaN"], POISONED["67 digits"]])
def test_funds_that_cannot_be_true_refuse_the_statement(wrong: Quantity) -> None:
    bench = opened().resume()
    done = bench.state_account(statement(bench.now, shares="100", cash="50000", funds=funds(instant=wrong)))
    assert "funds_stated" not in tags(done)
    assert bench.alerts == ["report_refused"]
