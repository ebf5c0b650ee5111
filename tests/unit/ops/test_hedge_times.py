from __future__ import annotations

import pytest

from flatbook.events.event import Event
from flatbook.events.orders import NotSentReason, OrderAccepted, OrderFilled, OrderIntended, OrderNotSent, OrderStyle
from flatbook.events.refs import ref_of
from flatbook.ops import hedge_times
from flatbook.ops.hedge_times import HedgeTimes, Stage
from flatbook.values.ids import AccountId, AssetId, EventRef, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Product, Side
from flatbook.values.money import ONE, Price, Quantity
from tests.desk import COIN, OWNER, at, fill

ORDER = OrderId("fb1")
FILL = fill(1, "sell", "1", at=at(1))


def intended(seconds: int, because: EventRef | None, order_id: OrderId = ORDER) -> OrderIntended:
    return OrderIntended(
        order_id=order_id,
        owner=OWNER,
        account=AccountId("paper"),
        instrument=InstrumentId("COIN/USD"),
        underlying=COIN,
        side=Side.BUY,
        qty=Quantity(ONE),
        limit=Price(ONE),
        contract_size=ONE,
        reduce_only=False,
        style=OrderStyle.LIMIT,
        product=Product.SPOT,
        slot=None,
        together=None,
        because=because,
        evidence=None,
        decided_at=at(1, seconds),
        good_until=at(9),
    )


def accepted(when: Instant) -> OrderAccepted:
    return OrderAccepted(order_id=ORDER, venue_order_id=VenueOrderId("V1"), happened_at=when, seen_at=when)


def executed(when: Instant) -> OrderFilled:
    return OrderFilled(
        order_id=ORDER,
        owner=OWNER,
        account=AccountId("paper"),
        instrument=InstrumentId("COIN/USD"),
        underlying=COIN,
        execution_id=ExecutionId("X1"),
        side=Side.BUY,
        qty=Quantity(ONE),
        price=Price(ONE),
        quote=AssetId("USD"),
        contract_size=ONE,
        fees=(),
        product=Product.SPOT,
        realised=None,
        maker=None,
        happened_at=when,
        seen_at=when,
    )


def taken(*events: Event) -> list[tuple[Stage, float]]:
    times = HedgeTimes()
    return [timed for event in events for timed in times.take(event)]


def test_each_stage_of_a_hedge_is_timed_once() -> None:
    assert taken(
        FILL,
        intended(2, ref_of(FILL)),
        accepted(later(at(1, 2), ms=250)),
        accepted(at(1, 4)),
        executed(at(1, 10)),
        executed(at(1, 20)),
    ) == [
        (Stage.FILL_TO_INTENT, 2.0),
        (Stage.INTENT_TO_ACK, 0.25),
        (Stage.ACK_TO_FILL, 7.75),
        (Stage.FILL_TO_HEDGED, 10.0),
    ]


def test_an_order_without_a_fill_behind_it_has_its_own_stages_only() -> None:
    assert taken(intended(2, None), accepted(at(1, 3)), executed(at(1, 5))) == [
        (Stage.INTENT_TO_ACK, 1.0),
        (Stage.ACK_TO_FILL, 2.0),
    ]


def test_an_order_that_never_left_is_forgotten() -> None:
    not_sent = OrderNotSent(order_id=ORDER, attempt=0, reason=NotSentReason.HALTED, seen_at=at(1, 3))
    assert taken(intended(2, None), not_sent, executed(at(1, 5))) == []


def test_a_clock_that_steps_back_gives_no_negative_time() -> None:
    assert taken(intended(10, None), accepted(at(1, 3))) == [(Stage.INTENT_TO_ACK, 0.0)]


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedge_times, "FILLS_TIMED_MAX", 1)
    monkeypatch.setattr(hedge_times, "ORDERS_TIMED_MAX", 1)
    other = fill(2, "sell", "1", at=at(1))
    assert taken(
        FILL, other, intended(2, ref_of(FILL)), intended(3, ref_of(other), OrderId("fb2")), accepted(at(2))
    ) == [(Stage.FILL_TO_INTENT, 3.0)]
