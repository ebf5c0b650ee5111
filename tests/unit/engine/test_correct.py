"""Small differences at an exchange: doubted once, corrected the second time, proven by the next; large ones halt."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.effects import ReadStatement
from flatbook.engine.inputs import Stated
from flatbook.engine.reports import AccountStatement
from flatbook.engine.step import Step
from flatbook.events.risk import BooksCorrected, BooksDoubted
from flatbook.values.ids import UNASSIGNED, AssetId, OrderId, OwnerId
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from tests.desk import OWNER, PAPER
from tests.unit.engine.scene import KEY, Bench, accepted, effects, execution, one, report, statement, tags
from tests.unit.engine.test_take_clock import reading
from tests.unit.risk.test_corrections import RULES
from tests.unit.state.scene import STOCK

DAY_S = 86_400


def held(shares: str = "100", **changes: Any) -> Bench:
    """Returns a desk at an exchange whose owner bought shares at 250; the account was opened before."""
    bench = Bench()
    terms = msgspec.structs.replace(RULES, grace_s=0, **changes)
    bench.rules = msgspec.structs.replace(bench.rules, corrections={PAPER: terms})
    bench.state_account(statement(bench.now))
    order_id = bench.wait(60).working(shares)
    bench.executions(execution(shares, order_id=order_id, at=bench.now))
    return bench.wait(60)


def shown(bench: Bench, shares: str, cash: str = "975000", **more: Any) -> AccountStatement:
    return statement(bench.now, shares=shares, cash=cash, **more)


def twice(bench: Bench, shares: str) -> Step:
    """Lets two statements in a row show the same."""
    bench.state_account(shown(bench, shares))
    return bench.wait(60).state_account(shown(bench, shares))


def resting_order(bench: Bench) -> OrderId:
    """Lets the desk sell onchain, and its hedge of 7 rest at the venue."""
    bench.fill(901, "sell", "7")
    order_id = bench.placed()[-1].order_id
    bench.answer(order_id, accepted(bench.now))
    return order_id


def position(bench: Bench) -> Decimal:
    return bench.state.positions.rows[OWNER, PAPER, STOCK].qty


def test_what_is_found_once_is_doubted_and_what_is_found_twice_is_corrected() -> None:
    bench = held()
    done = bench.state_account(shown(bench, "100.5"))
    assert (tags(done), one(done, BooksDoubted).difference) == (["books_doubted"], Decimal("0.5"))
    assert position(bench) == 100
    done = bench.wait(60).state_account(shown(bench, "100.5"))
    event = one(done, BooksCorrected)
    assert (event.owner, event.qty, event.usd, event.price) == (OWNER, Decimal("0.5"), 125, 250)
    assert position(bench) == bench.state.balances[PAPER, AssetId(event.subject)] == Decimal("100.5")
    assert any(isinstance(effect, ReadStatement) for effect in done.effects)
    assert "books_corrected" in bench.alerts
    assert bench.halted == []


def test_the_owner_of_a_corrected_position_decides_anew() -> None:
    bench = held()
    twice(bench, "100.5")
    assert bench.net == Decimal("0.5")
    twice(held("100"), "99.5")
    assert bench.placed()[-1].side is Side.BUY


def test_the_correction_is_proven_by_the_next_statement_or_halts() -> None:
    bench = held()
    twice(bench, "100.5")
    done = bench.wait(60).state_account(shown(bench, "100.5"))
    assert tags(done) == ["books_agreed"]
    assert not bench.state.corrected[PAPER, "COIN"].unproven
    other = held()
    twice(other, "100.5")
    assert tags(twice(other.wait(60), "101"))[:2] == ["books_diverged", "trading_halted"]
    assert other.halted == [("instrument", STOCK, "diverged")]
    assert position(other) == Decimal("100.5")


def test_five_percent_and_more_is_a_halt_and_no_correction() -> None:
    bench = held()
    assert tags(twice(bench, "95"))[:2] == ["books_diverged", "trading_halted"]
    assert position(bench) == 100
    assert tags(twice(bench.wait(60), "100")) == ["books_agreed"] or bench.state.divergences == {}
    assert bench.halted == [("instrument", STOCK, "diverged")]


def test_a_short_is_treated_as_a_long() -> None:
    bench = held()
    bench.executions(execution("200", 2, order_id=None, at=bench.now, side=Side.SELL))
    bench.state.positions.move((OWNER, PAPER, STOCK), KEY[1], Decimal(-200), Decimal(1))
    bench.state.positions.rows.pop((UNASSIGNED, PAPER, STOCK))
    bench.wait(60)
    first = bench.state_account(shown(bench, "-100.5", "1025000"))
    assert one(first, BooksDoubted).difference == Decimal("-0.5")
    done = bench.wait(60).state_account(shown(bench, "-100.5", "1025000"))
    assert one(done, BooksCorrected).qty == Decimal("-0.5")


def test_a_difference_that_changes_is_doubted_anew_and_one_that_goes_is_forgotten() -> None:
    bench = held()
    for shares, tag in (("100.5", "books_doubted"), ("100.6", "books_doubted"), ("100", "books_agreed")):
        assert tags(bench.wait(60).state_account(shown(bench, shares))) == [tag]
    assert bench.state.doubts == {}
    assert tags(bench.wait(60).state_account(shown(bench, "100"))) == []


def test_a_leak_is_stopped_by_the_count_and_by_the_sum_of_a_day() -> None:
    bench = held(notional_day_percent_max=Decimal(100))
    for number in range(1, 4):
        assert "books_corrected" in tags(twice(bench.wait(60), str(100 + number)))
        bench.wait(60).state_account(shown(bench, str(100 + number)))
    assert tags(twice(bench.wait(60), "104"))[:2] == ["books_diverged", "trading_halted"]
    summed = held()
    assert "books_corrected" in tags(twice(summed, "100.9"))
    summed.wait(60).state_account(shown(summed, "100.9"))
    assert tags(twice(summed.wait(60), "101.1"))[0] == "books_diverged"


def test_what_a_day_corrected_before_counts_in_money_too_however_often_that_was() -> None:
    bench = held(notional_day_percent_max=Decimal(0), usd_day_floor=Decimal(200))
    for shares in ("100.3", "100.6"):
        assert "books_corrected" in tags(twice(bench.wait(60), shares))
        bench.wait(60).state_account(shown(bench, shares))
    assert tags(twice(bench.wait(60), "100.9"))[0] == "books_diverged"


def test_another_day_begins_anew() -> None:
    bench = held()
    assert "books_corrected" in tags(twice(bench, "100.9"))
    bench.wait(60).state_account(shown(bench, "100.9"))
    assert "books_corrected" in tags(twice(bench.wait(DAY_S), "101.8"))


def test_executions_come_before_corrections() -> None:
    bench = held()
    bench.state_account(shown(bench, "99.5"))
    bench.executions(execution("0.5", 7, order_id=None, at=bench.now, side=Side.SELL))
    done = bench.wait(60).state_account(shown(bench, "99.5", "975125"))
    assert "books_corrected" not in tags(done)
    assert bench.state.doubts == {}


def test_cash_is_never_corrected_and_never_halts() -> None:
    bench = held()
    for tag in ("books_doubted", "books_diverged"):
        assert tags(bench.wait(60).state_account(shown(bench, "100", "974999"))) == [tag]
    assert bench.halted == []


def test_a_position_of_several_owners_is_left_to_a_person() -> None:
    bench = held()
    bench.state.positions.move((OwnerId("other"), PAPER, STOCK), KEY[1], Decimal(5), Decimal(1))
    assert tags(twice(bench, "100.5"))[0] == "books_diverged"


def test_an_order_that_rests_as_we_know_it_explains_no_difference() -> None:
    bench = held()
    order_id = resting_order(bench)
    resting = shown(bench.wait(60), "100.5", open_orders=(report(order_id, size="7"),))
    assert tags(bench.state_account(resting)) == ["books_doubted"]
    unseen = shown(bench.wait(60), "100.5", open_orders=(report(order_id, size="7", filled="0.5"),))
    assert tags(bench.state_account(unseen)) == []


def test_an_order_of_ours_is_asked_for_when_two_statements_miss_it() -> None:
    bench = held()
    resting_order(bench)
    first = shown(bench.wait(60), "100")
    assert "find" not in effects(bench.take(Stated(statement=first)))
    second = shown(bench.wait(60), "100")
    assert "find" in effects(bench.take(Stated(statement=second, earlier=first)))
    young = msgspec.structs.replace(first, stated_at=later(bench.now, seconds=-200))
    assert "find" not in effects(bench.take(Stated(statement=second, earlier=young)))


def test_an_order_that_is_not_ours_is_told_and_stops_nothing() -> None:
    bench = held()
    manual = report("web_abc", size="3")
    done = bench.state_account(shown(bench, "100", open_orders=(manual,)))
    assert (tags(done), bench.halted) == (["foreign_order_seen"], [])
    assert "foreign_activity" in bench.alerts
    assert effects(done) == []


def test_nothing_is_corrected_while_the_clocks_differ_for_what_was_executed_then_is_told_by_nobody() -> None:
    bench = held()
    bench.state_account(shown(bench, "100.5"))
    behind = msgspec.structs.replace(shown(bench.wait(60), "100.5"), clock=reading(bench.now, by_ms=20_000))
    assert "books_corrected" not in (told := tags(bench.state_account(behind)))
    assert "books_diverged" in told
    assert position(bench) == 100


def test_books_are_compared_while_risk_is_on() -> None:
    bench = held()
    bench.command("halt", "h", scope="owner", target=OWNER)
    assert "books_corrected" in tags(twice(bench, "100.5"))
