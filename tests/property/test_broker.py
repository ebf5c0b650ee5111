"""Laws of the paper broker: it conserves money and shares, keeps its word, and repeats itself exactly."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.ledger import BrokerExecution, BrokerOrder
from flatbook.sim.broker.spec import FeeSchedule
from flatbook.sim.broker.wire import Verb
from flatbook.sim.chance import digest, draw
from flatbook.sim.tapes.bars import Bar, Bars
from flatbook.values.instants import NS_PER_S, Instant, later, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Price
from flatbook.values.sessions import SessionKind, session_at
from tests.unit.sim.scene import ask, at, order_fields, spec

START = at("20:20:00")  # forty minutes before the close of a Tuesday
FEES = FeeSchedule(
    commission_per_order=Money(Decimal("0.35")),
    commission_per_share=Money(Decimal("0.0035")),
    sell_notional_rate=Decimal("0.0000278"),
    sell_per_share=Money(Decimal("0.000166")),
)


def thin_market(seed: str) -> Bars:
    """Returns an hour before and the hour after a night; a third of the minutes have no bar."""
    bars = []
    for start in (at("20:00:00"), at("14:30:00", "2025-12-03")):
        for minute in range(60):
            key = f"{start}:{minute}"
            if draw(seed, "absent", key, below=3):
                price = Price(Decimal(9_800 + draw(seed, "open", key, below=400)) * Decimal("0.01"))
                bars.append(Bar(starts_at=later(start, seconds=60 * minute), open=price, close=price))
    return Bars(bars)


PRICES = st.integers(9_700, 10_300).map(lambda cents: str(Decimal(cents) * Decimal("0.01")))
QTYS = st.integers(1, 20_000).map(lambda lots: str(Decimal(lots) * Decimal("0.001")))
PLACES = st.fixed_dictionaries(
    {
        "op": st.just("place"),
        "id": st.sampled_from([f"order{number}" for number in range(8)]),
        "side": st.sampled_from(["buy", "sell"]),
        "qty": QTYS,
        "limit_price": PRICES,
        "extended_hours": st.booleans(),
        "good_for_s": st.none() | st.integers(0, 80_000),
    }
)
CANCELS = st.fixed_dictionaries({"op": st.just("cancel"), "id": st.sampled_from(["P-1", "P-2", "P-3"])})
WAITS = st.fixed_dictionaries({"op": st.just("wait"), "s": st.sampled_from([1, 20, 61, 700, 64_000])})
DAYS = st.lists(PLACES | PLACES | CANCELS | WAITS, min_size=3, max_size=14)
SETTINGS: dict[str, Any] = {
    "fees": FEES,
    "extended_hours": True,
    "partial_bps": 3_000,
    "fill_qty_max": Decimal(15),
    "cancel_ms": 1_500,
    "cash": "3000",
    "shares": "20",
}


def act(broker: Broker, now: Instant, op: dict[str, Any]) -> None:
    """Sends what an operation says."""
    if op["op"] == "cancel":
        ask(broker, now, "cancel", order_id=op["id"], client_order_id=None)
    if op["op"] == "place":
        good_for = op["good_for_s"]
        good_until = None if good_for is None else text_of_instant(later(now, seconds=good_for))
        wanted = {name: op[name] for name in ("side", "qty", "limit_price", "extended_hours")}
        ask(broker, now, "place", **order_fields(op["id"], good_until=good_until, **wanted))


def play(broker: Broker, day: list[dict[str, Any]], *, step_s: int | None = None) -> None:
    """Plays a day, a second between operations; with `step_s` the broker is told of time in between as well."""
    now = START
    for op in day:
        until = later(now, seconds=op["s"] if op["op"] == "wait" else 1)
        while step_s is not None and (now := later(now, seconds=step_s)) < until:
            broker.advance(now)
        now = until
        act(broker, now, op)
    broker.advance(later(now, seconds=90_000))


def played(day: list[dict[str, Any]], seed: str, *faults: Fault, path: Path | None = None) -> Broker:
    broker = Broker(spec(seed=seed, **SETTINGS), {"COIN": thin_market(seed)}, plan=FaultPlan(faults=faults), path=path)
    play(broker, day)
    return broker


def truth_of(broker: Broker) -> tuple[object, ...]:
    ledger = broker.truth
    return ledger.orders(), ledger.executions(), ledger.postings(), ledger.balances_at("main", broker.now)


def executions_of(broker: Broker, order: BrokerOrder) -> list[BrokerExecution]:
    return [execution for execution in broker.truth.executions() if execution.order_id == order.id]


@given(DAYS, st.text("abc", max_size=3))
def test_money_and_shares_are_conserved(day: list[dict[str, Any]], seed: str) -> None:
    broker = played(day, seed)
    cash, shares = Decimal(3000), Decimal(20)
    for execution in broker.truth.executions():
        assert (execution.symbol, execution.account) == ("COIN", "main")
        shares += execution.side.sign * execution.qty
        cash -= execution.side.sign * execution.qty * execution.price + execution.commission + execution.regulatory
    balances = broker.truth.balances_at("main", broker.now)
    assert balances == {"COIN": shares, "USD": cash}
    posted: dict[str, Decimal] = {}
    for _, asset, amount in broker.truth.postings():
        posted[asset] = posted.get(asset, ZERO) + amount
    assert posted == balances
    assert shares >= 0
    assert cash >= 0


@given(DAYS, st.text("abc", max_size=3))
def test_no_order_executes_beyond_what_it_asked_for(day: list[dict[str, Any]], seed: str) -> None:
    broker = played(day, seed)
    market = {bar.starts_at: bar.open for bar in thin_market(seed)}
    for order in broker.truth.orders():
        executions = executions_of(broker, order)
        assert sum((execution.qty for execution in executions), ZERO) == order.filled <= order.qty
        for execution in executions:
            assert execution.price == market[execution.at]
            assert order.limit is not None
            assert execution.price <= order.limit if order.side is Side.BUY else execution.price >= order.limit
            assert order.placed_at < execution.at
            assert order.works_from <= execution.at < order.works_until
            assert order.ended_at is None or execution.at <= order.ended_at
            session = session_at(execution.at)
            assert session.kind is SessionKind.REGULAR
            assert session.trade_date == session_at(order.works_from).trade_date


@given(DAYS, st.text("abc", max_size=3))
def test_every_order_ends_once_and_no_client_id_is_taken_twice(day: list[dict[str, Any]], seed: str) -> None:
    broker = played(day, seed)
    orders = broker.truth.orders()
    assert all(order.ended_at is not None and order.ending is not None for order in orders)
    assert len({order.client_id for order in orders}) == len(orders)
    instants = [execution.at for execution in broker.truth.executions()]
    assert instants == sorted(instants)
    assert broker.next_due() is None


@given(DAYS, st.text("abc", max_size=3), st.sampled_from([1, 7, 45, 60]))
@settings(max_examples=30)
def test_it_does_not_matter_how_often_the_broker_is_told_the_time(
    day: list[dict[str, Any]], seed: str, step_s: int
) -> None:
    short = [op | {"s": min(op["s"], 700)} if op["op"] == "wait" else op for op in day]
    stepped = Broker(spec(seed=seed, **SETTINGS), {"COIN": thin_market(seed)})
    play(stepped, short, step_s=step_s)
    assert truth_of(stepped) == truth_of(played(short, seed))


@given(DAYS, st.text("abc", max_size=3), st.sampled_from([FaultKind.OVERFILL, FaultKind.LATE_FILL, FaultKind.PARTIAL]))
def test_only_a_planned_fault_breaks_the_bounds_and_money_is_conserved_even_then(
    day: list[dict[str, Any]], seed: str, kind: FaultKind
) -> None:
    broker = played(day, seed, Fault(verb=Verb.PLACE, number=1, kind=kind, share=Decimal("0.4"), delay_ms=30_000))
    shares = Decimal(20)
    for execution in broker.truth.executions():
        shares += execution.side.sign * execution.qty
    assert broker.truth.balance("main", "COIN") == shares
    for order in broker.truth.orders():
        late = [row for row in executions_of(broker, order) if order.ended_at is not None and row.at > order.ended_at]
        assert order.filled <= order.qty or (kind is FaultKind.OVERFILL and order.number == 1)
        assert not late or (kind is FaultKind.LATE_FILL and order.number == 1)


@given(DAYS)
@settings(max_examples=10)
def test_closing_and_opening_the_file_between_requests_changes_nothing(day: list[dict[str, Any]]) -> None:
    path = Path(os.environ["FLATBOOK_HOME"]).parent / f"{digest(repr(day)).hex()}.sqlite"
    path.unlink(missing_ok=True)
    now = START
    for op in day:
        broker = Broker(spec(seed="s", **SETTINGS), {"COIN": thin_market("s")}, path=path)
        now = later(now, seconds=op["s"] if op["op"] == "wait" else 1)
        act(broker, now, op)
        broker.close()
    broker = Broker(spec(seed="s", **SETTINGS), {"COIN": thin_market("s")}, path=path)
    broker.advance(later(now, seconds=90_000))
    assert truth_of(broker) == truth_of(played(day, "s"))
    broker.close()


def digest_of_a_day() -> str:
    """Plays a fixed busy day and returns a hash of everything the broker said and holds."""
    broker = Broker(spec(seed="day", latency_jitter_ms=500, **SETTINGS), {"COIN": thin_market("day")})
    said = hashlib.sha256()
    broker.listen(said.update)
    for number in range(40):
        now = Instant(START + number * 55 * NS_PER_S)
        side, cents = ("buy", "sell")[number % 2], 9_900 + 7 * number
        fields = order_fields(f"order{number}", side=side, qty="3.7", limit_price=str(Decimal(cents) * Decimal("0.01")))
        said.update(repr(ask(broker, now, "place", **fields)).encode())
        said.update(repr(ask(broker, now, "statement")).encode())
    said.update(repr(truth_of(broker)).encode())
    return said.hexdigest()


@pytest.mark.real
def test_two_hash_seeds_give_the_same_day() -> None:
    def in_process(hash_seed: str) -> str:
        code = "from tests.property.test_broker import digest_of_a_day; print(digest_of_a_day())"
        root = str(Path(__file__).parents[2])
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert in_process("1") == in_process("2") == digest_of_a_day()
