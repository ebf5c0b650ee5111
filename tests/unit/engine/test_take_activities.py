"""What a venue books besides executions: once, before its cash is compared, and never silently."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.reports import AccountStatement, Activity
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.values.ids import ActivityId, AssetId, OrderId
from flatbook.values.instants import Instant, later
from flatbook.values.money import Quantity
from tests.desk import PAPER
from tests.unit.engine.scene import POISONED, START, Bench, statement

USD = AssetId("USD")


def activity(number: int, amount: str, at: Instant, *, kind: ActivityKind = ActivityKind.FEE) -> Activity:
    return Activity(
        activity_id=ActivityId(f"a{number}"),
        kind=kind,
        venue_kind="FEE TAF",
        asset=USD,
        amount=Quantity(Decimal(amount)),
        instrument=None,
        order_id=None,
        detail="of 3 trades",
        happened_at=at,
    )


def stated(at: Instant, cash: str, *activities: Activity) -> AccountStatement:
    return msgspec.structs.replace(statement(at, cash=cash), activities=activities)


def opened() -> Bench:
    bench = Bench().resume()
    bench.state_account(statement(bench.now))
    return bench.wait(120)


def booked(bench: Bench) -> list[AccountActivityBooked]:
    return [event for event in bench.events if isinstance(event, AccountActivityBooked)]


def test_a_fee_is_booked_once_with_its_owner_and_the_cash_agrees() -> None:
    bench = opened()
    fee = activity(1, "-0.02", later(bench.now, seconds=-60))
    bench.state_account(stated(bench.now, "999999.98", fee))
    bench.wait(120).state_account(stated(bench.now, "999999.98", fee))
    assert [(event.owner, event.amount, event.happened_at) for event in booked(bench)] == [
        ("desk", Decimal("-0.02"), fee.happened_at)
    ]
    assert bench.state.balances[PAPER, USD] == Decimal("999999.98")
    assert bench.alerts == []


def test_without_the_fee_the_books_would_differ() -> None:
    bench = opened()
    bench.state_account(stated(bench.now, "999999.98"))
    assert bench.alerts == ["books_diverged"]


def test_what_the_opening_balance_holds_is_not_booked_again() -> None:
    bench = Bench().resume()
    old = activity(1, "-5", later(START, seconds=-3_600))
    bench.state_account(stated(bench.now, "1000000", old))
    bench.wait(120).state_account(stated(bench.now, "1000000", old))
    assert booked(bench) == []
    assert bench.alerts == []


def test_an_activity_that_is_not_known_is_booked_and_told() -> None:
    bench = opened()
    split = activity(1, "0", later(bench.now, seconds=-60), kind=ActivityKind.OTHER)
    bench.state_account(stated(bench.now, "1000000", split))
    assert [event.kind for event in booked(bench)] == [ActivityKind.OTHER]
    assert bench.alerts == ["activity_unknown"]


@pytest.mark.parametrize("kind", [ActivityKind.DIVIDEND, ActivityKind.INTEREST, ActivityKind.TRANSFER])
def test_other_money_is_booked_without_an_alert(kind: ActivityKind) -> None:
    bench = opened()
    bench.state_account(stated(bench.now, "1000012.5", activity(1, "12.5", later(bench.now, seconds=-60), kind=kind)))
    assert [(event.kind, event.amount) for event in booked(bench)] == [(kind, Decimal("12.5"))]
    assert bench.alerts == []


def test_a_fee_of_an_order_is_borne_by_its_owner() -> None:
    bench = opened()
    bench.fill(1, "sell", "10")
    order_id = bench.placed()[-1].order_id
    of_order = msgspec.structs.replace(activity(1, "-1", bench.now), order_id=order_id)
    of_none = msgspec.structs.replace(activity(2, "-1", bench.now), order_id=OrderId("unknown"))
    bench.state_account(stated(bench.now, "1000000", of_order, of_none))
    assert [(event.owner, event.order_id) for event in booked(bench)] == [("desk", order_id), ("desk", "unknown")]


@pytest.mark.parametrize("poison", [name for name in POISONED if name not in ("negative", "zero", "38 digits")])
def test_an_amount_that_is_none_refuses_the_statement(poison: str) -> None:
    bench = opened()
    bad = msgspec.structs.replace(activity(1, "-1", bench.now), amount=POISONED[poison])
    bench.state_account(stated(bench.now, "1000000", bad))
    assert booked(bench) == []
    assert bench.alerts == ["report_refused"]
