"""What operators do by hand: cancel, hedge at once, order, tighten a limit; nothing passes a check that others must."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.engine.effects import Cancel
from flatbook.engine.inputs import STOPPING, Verb
from flatbook.events.control import CommandRefused
from flatbook.events.orders import CancelIntended, CancelReason
from flatbook.events.risk import RiskLimitSet
from flatbook.values.ids import OrderId
from tests.unit.engine.scene import Bench, effects, one, rejected, report, tags

NET = {"owner": "desk", "underlying": "COIN"}
BUY = {**NET, "side": "buy", "qty": "0.5", "limit": "250"}


def why(bench: Bench, verb: str, **arguments: str) -> str:
    """Returns why a command is refused."""
    return one(bench.command(verb, f"why-{len(bench.events)}", **arguments), CommandRefused).why


def short(shares: str = "0.5") -> Bench:
    """Returns a desk that sold so many shares onchain, which is below its threshold."""
    bench = Bench().resume()
    bench.fill(1, "sell", shares)
    return bench


def bought(bench: Bench) -> list[str]:
    """Returns the sizes of the buys that were intended so far."""
    return [f"{event.qty:f}".rstrip("0").rstrip(".") for event in bench.placed() if event.side.value == "buy"]


# Cancel.


def test_one_order_is_canceled_by_its_operator() -> None:
    bench = Bench()
    order_id = bench.working()
    done = bench.command("order_cancel", order_id=order_id)
    assert tags(done) == ["command_accepted", "cancel_intended"]
    assert one(done, CancelIntended).reason is CancelReason.OPERATOR
    assert [type(effect) for effect in done.effects] == [Cancel]


def test_a_second_cancel_asks_the_venue_again() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.command("order_cancel", order_id=order_id)
    done = bench.command("order_cancel", "again", order_id=order_id)
    assert tags(done) == ["command_accepted"]
    assert effects(done) == ["cancel"]


def test_an_order_that_nobody_knows_or_that_has_ended_is_not_canceled() -> None:
    bench = Bench()
    order_id = bench.working()
    assert why(bench, "order_cancel", order_id="fbnone") == "no order 'fbnone' is known"
    bench.wait(1).report(report(order_id, "canceled"))
    assert why(bench, "order_cancel", order_id=order_id) == f"order {order_id} has ended: canceled"


def test_a_cancel_stands_in_the_lane_of_what_stops() -> None:
    assert STOPPING == (Verb.HALT, Verb.KILL, Verb.ORDER_CANCEL)


# Hedge now.


def test_a_net_below_its_threshold_is_hedged_at_once() -> None:
    bench = short()
    assert bought(bench) == []
    done = bench.command("hedge_now", **NET)
    assert tags(done) == ["command_accepted", "order_intended"]
    assert bought(bench) == ["0.5"]
    assert not bench.placed()[0].reduce_only
    assert bench.placed()[0].limit == Decimal("252.5")


def test_the_order_stays_and_the_rest_is_left_to_the_threshold() -> None:
    bench = short()
    bench.command("hedge_now", **NET)
    bench.fill(2, "sell", "0.1")
    assert bought(bench) == ["0.5"]
    assert bench.status(bench.placed()[0].order_id) == "intended"


def test_what_a_venue_refused_a_moment_ago_is_tried_again() -> None:
    bench = Bench()
    bench.answer(bench.ordered("10"), rejected(bench.now))
    assert bought(bench) == ["10"]
    bench.command("hedge_now", **NET)
    assert bought(bench) == ["10", "10"]
    assert bench.placed()[0].order_id != bench.placed()[1].order_id


def test_a_hedge_that_cannot_be_made_now_says_why() -> None:
    bench = short()
    bench.now = bench.now.__class__(bench.now + 3_600_000_000_000)
    assert why(bench, "hedge_now", **NET) == "it cannot be hedged now: stale_quote"
    bench.quote()
    bench.command("halt", "h")
    assert why(bench, "hedge_now", **NET) == "it cannot be hedged now: halted"
    assert bought(bench) == []


def test_there_must_be_something_to_hedge_and_no_order_yet() -> None:
    bench = Bench().resume()
    assert why(bench, "hedge_now", **NET) == "nothing to hedge: the net is zero"
    bench.fill(1, "sell", "10")
    said = "an order of this net is still open: cancel it or wait for its end"
    assert why(bench, "hedge_now", **NET) == said
    assert why(bench, "hedge_now", owner="eve", underlying="COIN") == (
        "'eve' does not hedge 'COIN' on this desk: desk COIN"
    )


def test_nothing_is_ordered_by_hand_before_the_net_is_recovered() -> None:
    bench = Bench()
    said = "this net is not recovered yet: its venue is being asked"
    assert why(bench, "hedge_now", **NET) == said
    assert why(bench, "order_place", **BUY) == said


# Orders by hand.


def test_an_order_by_hand_has_the_size_and_limit_of_its_operator() -> None:
    bench = short()
    done = bench.command("order_place", **BUY, good_s="90")
    assert tags(done) == ["command_accepted", "order_intended"]
    assert effects(done) == ["place"]
    placed = bench.placed()[0]
    assert (placed.side.value, placed.qty, placed.limit) == ("buy", Decimal("0.5"), Decimal(250))
    assert placed.evidence == {"command": "k", "actor": "alice"}
    assert placed.good_until == bench.now + 90_000_000_000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"qty": "0.6"}, "risk refuses it: exceeds_net allows 0.5, 0.6 is asked"),
        ({"side": "sell"}, "risk refuses it: exceeds_net allows 0, 0.5 is asked"),
        ({"limit": "260"}, "risk refuses it: collar allows 253.76, 260 is asked"),
        ({"qty": "0.0005"}, "qty must be a multiple of 0.001, and at least 0.001"),
        ({"qty": "0"}, "qty must be a multiple of 0.001, and at least 0.001"),
        ({"limit": "250.001"}, "limit must be above zero and a multiple of 0.01"),
        ({"limit": "-1"}, "limit must be above zero and a multiple of 0.01"),
        ({"side": "hold"}, "side must be buy or sell"),
        ({"good_s": "0"}, "good_s must be a whole number of seconds from 1 to 3600"),
        ({"good_s": "3601"}, "good_s must be a whole number of seconds from 1 to 3600"),
        ({"account": "vault"}, "COIN of desk is hedged at paper: name one of them as account, or none"),
    ],
)
def test_an_order_by_hand_passes_what_every_hedge_must_pass(changes: dict[str, str], said: str) -> None:
    bench = short()
    assert why(bench, "order_place", **{**BUY, **changes}) == said
    assert bought(bench) == []


@pytest.mark.parametrize("text", ["", "x", "NaN", "1e99", "0x1"])
def test_a_text_that_is_no_number_is_no_size_and_no_limit(text: str) -> None:
    bench = short()
    for name in ("qty", "limit"):
        assert "number" in why(bench, "order_place", **{**BUY, name: text})
    assert bought(bench) == []


def test_an_order_by_hand_is_placed_once_under_its_key() -> None:
    bench = short()
    bench.command("order_place", **BUY)
    assert bench.command("order_place", **BUY).dropped == ("command_known",)
    assert bought(bench) == ["0.5"]


def test_a_halt_stands_before_orders_by_hand() -> None:
    bench = short()
    bench.command("halt", "h")
    assert why(bench, "order_place", **BUY).startswith("risk refuses it: halted allows no halt")


# Limits.


def test_a_tighter_limit_holds_from_the_next_decision_on() -> None:
    bench = Bench().resume()
    event = one(bench.command("limit_set", name="order_shares_max", to="3"), RiskLimitSet)
    assert (event.name, event.to, event.reason) == ("order_shares_max", Decimal(3), "because")
    bench.fill(1, "sell", "10")
    assert bought(bench) == ["3"]


def test_a_limit_goes_back_to_what_is_configured() -> None:
    bench = Bench().resume()
    bench.command("limit_set", "1", name="order_shares_max", to="3")
    assert one(bench.command("limit_set", "2", name="order_shares_max", to="configured"), RiskLimitSet).to is None
    assert bench.state.limits == {}
    bench.fill(1, "sell", "10")
    assert bought(bench) == ["10"]


def test_a_counted_limit_stops_the_next_order() -> None:
    bench = short()
    bench.command("limit_set", name="orders_per_minute_max", to="1")
    bench.command("hedge_now", "h", **NET)
    bench.answer(OrderId(bench.placed()[0].order_id), rejected(bench.now))
    assert why(bench, "hedge_now", **NET) == "risk refuses it: order_rate_max allows 1, 2 is asked"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "order_shares_max", "to": "1000001"}, "more needs a new start"),
        ({"name": "order_shares_max", "to": "0"}, "must be above zero"),
        ({"name": "order_shares_max", "to": "-1"}, "must be above zero"),
        ({"name": "open_orders_max", "to": "1.5"}, "it must be a whole number"),
        ({"name": "order_shares_max", "to": "many"}, "to must be a number, or configured"),
        ({"name": "order_shares_max", "to": "configured"}, "as it is configured already"),
        ({"name": "luck_max", "to": "1"}, "no limit is called 'luck_max'"),
        ({}, "no limit is called ''"),
    ],
)
def test_a_limit_is_never_loosened_beyond_its_configuration(arguments: dict[str, str], said: str) -> None:
    bench = Bench().resume()
    assert said in why(bench, "limit_set", **arguments)
    assert bench.state.limits == {}
