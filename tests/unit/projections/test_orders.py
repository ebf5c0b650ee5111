"""Orders as they were asked for and as they ended."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.projections.fold import Recorded
from flatbook.projections.orders import (
    OUTCOMES,
    OrderLine,
    Orders,
    Outcome,
    foreign_lines,
    order_lines,
    refused_lines,
)
from flatbook.state.orders import Status
from flatbook.values.ids import OrderId, OwnerId, Seq, VenueOrderId
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.unit.projections import scene
from tests.unit.projections.scene import (
    BROKER,
    COIN,
    ORDER,
    OWNER,
    STOCK,
    USD,
    accepted,
    at,
    d,
    executed,
    fill,
    intended,
)

BUY, SELL = Side.BUY, Side.SELL
SECOND = OrderId("fb" + "b" * 24)


def orders(*events: Event) -> Orders:
    found: Orders = scene.folded(Orders(), *events)
    return found


def line(*events: Event) -> OrderLine:
    found = orders(*events).line(ORDER)
    assert found is not None
    return found


def unknown(seconds: int) -> ev.OrderUnknown:
    return ev.OrderUnknown(order_id=ORDER, attempt=0, reason=ev.UnknownReason.TIMED_OUT, seen_at=at(seconds))


def test_requested_and_filled_stand_side_by_side() -> None:
    found = line(
        intended(BUY, "3", 10, price="255"),
        accepted(11),
        executed(BUY, "1", "255", 12, number=1, fees=[("USD", "0.65")]),
        executed(BUY, "1", "256", 14, number=2, fees=[("USD", "0.65")]),
    )
    assert (found.order.qty, found.order.filled, found.order.status) == (d(3), d(2), Status.PARTIALLY_FILLED)
    assert (found.cash, found.average_price, found.fees) == (d(511), d("255.5"), {USD: d("1.3")})
    assert (found.accepted_at, found.first_filled_at, found.last_filled_at) == (at(11), at(12), at(14))
    assert (found.executions, found.evidence) == (2, {"price": "255"})


def test_what_a_venue_says_is_dated_by_its_clock_and_by_ours() -> None:
    submitted = ev.OrderSubmitted(order_id=ORDER, venue_order_id=VenueOrderId("venue-77"), seen_at=at(11))
    told = ev.OrderAccepted(order_id=ORDER, venue_order_id=VenueOrderId("venue-77"), happened_at=at(12), seen_at=at(13))
    found = line(intended(BUY, "3", 10), submitted, told)
    assert (found.submitted_at, found.accepted_at, found.acknowledged_at) == (at(11), at(12), at(13))
    assert found.is_posted


def test_an_order_that_no_venue_is_known_to_have_had_is_not_posted() -> None:
    assert not line(intended(BUY, "3", 10), unknown(20)).is_posted


def test_slippage_is_against_the_price_of_the_decision_and_above_zero_when_worse() -> None:
    bought = line(intended(BUY, "3", 10, price="250"), accepted(11), executed(BUY, "2", "251", 12))
    assert (bought.slippage_usd, bought.slippage_bps) == (d(2), d(40))
    sold = line(intended(SELL, "3", 10, price="250"), accepted(11), executed(SELL, "2", "251", 12))
    assert (sold.slippage_usd, sold.slippage_bps) == (d(-2), d(-40))


def test_slippage_at_a_venue_of_another_currency_is_in_dollars() -> None:
    found = line(intended(BUY, "3", 10, price="250", quote_usd="1.25"), accepted(11), executed(BUY, "2", "201", 12))
    assert (found.slippage_usd, found.slippage_bps) == (d("2.5"), d(50))


def test_slippage_is_not_known_before_the_first_execution_or_without_a_price() -> None:
    asked = line(intended(BUY, "3", 10, price="250"), accepted(11))
    assert (asked.slippage_usd, asked.slippage_bps) == (None, None)
    for stated in (intended(BUY, "3", 10), intended(BUY, "3", 10, price="about 250")):
        found = line(stated, accepted(11), executed(BUY, "2", "251", 12))
        assert (found.slippage_usd, found.slippage_bps) == (None, None)


def test_every_state_of_an_order_has_its_outcome() -> None:
    assert list(OUTCOMES) == list(Status)
    assert line(intended(BUY, "3", 10), unknown(20)).outcome is Outcome.UNKNOWN


def test_an_order_without_executions_has_no_average_price() -> None:
    assert line(intended(BUY, "3", 10)).average_price is None


def test_an_unknown_order_says_since_when_until_it_is_known_again() -> None:
    assert line(intended(BUY, "3", 10), unknown(20)).unknown_since == at(20)
    found = ev.OrderFound(
        order_id=ORDER, venue_order_id=VenueOrderId("v"), filled_qty=Quantity(Decimal(0)), seen_at=at(30)
    )
    assert line(intended(BUY, "3", 10), unknown(20), found).unknown_since is None


def test_an_ended_order_says_when_and_why() -> None:
    rejected = ev.OrderRejected(
        order_id=ORDER,
        reason=ev.RejectReason.INSUFFICIENT_FUNDS,
        code="40310000",
        message="not enough cash",
        happened_at=at(12),
        seen_at=at(13),
    )
    found = line(intended(BUY, "3", 10), rejected)
    assert (found.order.status, found.ended_at, found.why) == (
        Status.REJECTED,
        at(13),
        "insufficient_funds: not enough cash",
    )


def test_an_order_that_never_left_says_why() -> None:
    not_sent = ev.OrderNotSent(order_id=ORDER, attempt=0, reason=ev.NotSentReason.HALTED, seen_at=at(12))
    assert line(intended(BUY, "3", 10), not_sent).why == "halted"


def test_a_late_execution_of_an_ended_order_is_in_its_line() -> None:
    done = ev.OrderDone(
        order_id=ORDER,
        end=ev.OrderEnd.CANCELED,
        filled_qty=Quantity(Decimal(1)),
        happened_at=at(20),
        seen_at=at(20),
    )
    found = line(intended(BUY, "3", 10), accepted(11), done, executed(BUY, "1", "255", 15))
    assert (found.order.status, found.order.filled, found.ended_at) == (Status.CANCELED, d(1), at(20))


def test_orders_are_listed_oldest_first_and_by_choice_only_the_open_ones() -> None:
    found = orders(
        intended(BUY, "3", 10), intended(SELL, "1", 5, order_id=SECOND), accepted(11), executed(BUY, "3", "255", 12)
    )
    assert [each.order.order_id for each in order_lines(found)] == [SECOND, ORDER]
    assert [each.order.order_id for each in order_lines(found, open_only=True)] == [SECOND]
    assert order_lines(found, owner=OwnerId("other")) == ()


def test_refused_intents_and_foreign_orders_are_listed_apart() -> None:
    refused = ev.IntentRefused(
        order_id=SECOND,
        owner=OWNER,
        account=BROKER,
        instrument=STOCK,
        underlying=COIN,
        side=BUY,
        qty=Quantity(Decimal(9)),
        rule=ev.RefusalRule.NOTIONAL_MAX,
        limit="1000",
        asked="2250",
        because=None,
        decided_at=at(3),
    )
    seen = ev.ForeignOrderSeen(
        account=BROKER,
        instrument=STOCK,
        underlying=COIN,
        venue_order_id=VenueOrderId("theirs"),
        side=SELL,
        qty=Quantity(Decimal(4)),
        filled_qty=Quantity(Decimal(1)),
        contract_size=Decimal(1),
        open=True,
        seen_at=at(4),
    )
    found = orders(refused, seen)
    assert [(each.rule, each.asked) for each in refused_lines(found)] == [(ev.RefusalRule.NOTIONAL_MAX, "2250")]
    assert [(each.venue_order_id, each.filled_qty) for each in foreign_lines(found)] == [("theirs", d(1))]
    assert order_lines(found) == ()


def test_events_of_an_order_that_was_never_intended_are_left_aside() -> None:
    assert order_lines(orders(fill(1, SELL, "1", "260", 0), accepted(5))) == ()


def test_orders_are_found_by_each_value_they_have_and_by_their_status_as_it_moves() -> None:
    found = orders(intended(BUY, "2", 0), intended(BUY, "1", 9, order_id=SECOND), accepted(5))
    first, second = (scene.at(0), ORDER), (scene.at(9), SECOND)
    assert found.keys_of("owner", "coin-hedge") == [first, second]
    assert found.keys_of("account", "nowhere") == ()
    assert (found.keys_of("status", "accepted"), found.keys_of("status", "intended")) == ([first], [second])


def test_an_order_that_is_intended_anew_stands_where_it_was_decided_anew() -> None:
    found = orders(intended(BUY, "2", 0), accepted(5), intended(BUY, "1", 9, order_id=SECOND), intended(BUY, "3", 20))
    keys = [(scene.at(9), SECOND), (scene.at(20), ORDER)]
    assert (found.keys, found.keys_of("status", "intended"), found.keys_of("status", "accepted")) == (keys, keys, [])


def test_a_copy_goes_its_own_way() -> None:
    found = orders(intended(BUY, "2", 0))
    copy = found.fork()
    copy.apply(Recorded(seq=Seq(2), at=scene.at(5), event=accepted(5)))
    assert (len(found.keys_of("status", "intended")), len(copy.keys_of("status", "intended"))) == (1, 0)
    line = found.line(ORDER)
    assert line is not None
    assert line.accepted_at is None
