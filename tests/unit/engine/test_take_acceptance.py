"""A statement accepted by an operator: balances become what it says, in the open, and only while nothing moves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events.control import BalanceStated, CommandRefused
from flatbook.values.ids import AssetId
from tests.desk import PAPER
from tests.unit.engine.scene import Bench, execution, one, report, statement, tags
from tests.unit.state.scene import USD

VERB = "account_accept_statement"


def differing() -> Bench:
    """Returns a desk whose account was opened with 100 shares and 50000, and has 90 and 40000."""
    bench = Bench().resume()
    bench.state_account(statement(bench.now, shares="100", cash="50000"))
    bench.wait(60).state_account(statement(bench.now, shares="90", cash="40000"))
    return bench.wait(60)


def refused(bench: Bench, account: str = "paper") -> str:
    return one(bench.command(VERB, f"k{bench.state.seq}{account}", account=account), CommandRefused).why


def test_accepting_a_statement_settles_every_difference_and_what_follows_agrees() -> None:
    bench = differing()
    assert bench.alerts == ["books_diverged", "books_diverged"]
    done = bench.command(VERB, account="paper")
    assert tags(done) == [
        "command_accepted", "balance_stated", "books_agreed", "balance_stated", "books_agreed",
    ]  # fmt: skip
    stated = [event for event in done.events if isinstance(event, BalanceStated)]
    assert [(event.asset, event.change, event.reason) for event in stated] == [
        ("COIN", Decimal(-10), "statement_accepted"),
        ("USD", Decimal(-10_000), "statement_accepted"),
    ]
    assert (bench.alerts, bench.state.divergences) == ([], {})
    bench.command("lift", "l", halt_id=next(iter(bench.state.halts)))
    order_id = bench.working("10")
    bench.executions(execution("10", order_id=order_id, at=bench.now))
    bench.wait(60)
    assert bench.state_account(statement(bench.now, shares="100", cash="37500")).events == ()
    assert bench.state.balances[PAPER, USD] == Decimal(37_500)
    assert bench.state.balances[PAPER, AssetId("COIN")] == Decimal(100)


def test_a_statement_is_not_accepted_where_none_differs_or_the_account_is_not_known() -> None:
    bench = Bench().resume()
    assert refused(bench, "other") == "'other' is no account of this desk; it has paper"
    assert refused(bench) == "no statement of paper differs from our books"


def test_a_statement_is_not_accepted_while_an_order_may_still_execute() -> None:
    bench = Bench()
    bench.resume()
    bench.state_account(statement(bench.now, shares="100", cash="50000"))
    bench.wait(60).state_account(statement(bench.now, shares="100", cash="40000"))
    bench.working("10")
    assert refused(bench) == "an order at paper is still open: cancel it or wait for its end"


def test_a_statement_is_not_accepted_while_an_order_that_is_not_ours_works() -> None:
    bench = differing()
    bench.report(report("fb-x"))
    assert refused(bench) == "an order that is not ours works at paper: cancel it there or wait for its end"


def test_a_statement_is_not_accepted_once_the_books_moved() -> None:
    bench = differing()
    bench.executions(execution("5", order_id=None, at=bench.now))
    assert refused(bench) == "our books of COIN, USD moved since: reconcile, and look at what differs then"
    bench.wait(60).state_account(statement(bench.now, shares="95", cash="38750"))
    assert "balance_stated" in tags(bench.command(VERB, "again", account="paper"))
    assert bench.state.balances[PAPER, USD] == Decimal(38_750)


@pytest.mark.parametrize("answers", [False, True])
def test_a_statement_is_not_accepted_while_its_venue_is_silent(answers: bool) -> None:
    bench = differing()
    bench.silence()
    if answers:
        bench.state_account(statement(bench.now, shares="90", cash="40000"))
        assert "balance_stated" in tags(bench.command(VERB, account="paper"))
    else:
        assert refused(bench) == "paper cannot be read: its newest statement is out of date"
