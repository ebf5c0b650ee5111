"""Judges of exposure: what breaks them, what does not, and the figures."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import control, orders
from flatbook.events.event import Event
from flatbook.sim.judges.expectation import NetBound
from flatbook.sim.world.record import SHARE, TOKEN, USDC
from flatbook.values.ids import ExecutionId, OrderId, OwnerId, Underlying
from flatbook.values.instants import NS_PER_S
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.unit.sim.judges.story import (
    EXPECTS,
    ORDER,
    OTHER,
    accepted,
    alert,
    at,
    before_end,
    block,
    broken,
    chain_fill,
    changed,
    executed,
    filled,
    halt,
    intended,
    judged,
    log_key,
    over,
    replaced,
    requested,
    row,
    taken,
    vault_filled,
    what,
)

NEXT_HASH = "0xb10d0000000000"


def unknown(order_id: str = ORDER) -> orders.OrderUnknown:
    return orders.OrderUnknown(
        order_id=OrderId(order_id), attempt=0, reason=orders.UnknownReason.TIMED_OUT, seen_at=at(4)
    )


def second_fill() -> tuple:
    made = block(20, 6, NEXT_HASH, chain_fill(tokens=2 * TOKEN, usdc=500 * USDC))
    booked = vault_filled(
        key=log_key(6, NEXT_HASH), token_amount=Quantity(Decimal(2)), usdc_amount=Decimal(500),
        shares=Quantity(Decimal(2)),
    )  # fmt: skip
    return made, booked


def test_a_net_beyond_its_bound_is_found_once_a_stretch() -> None:
    tight = replaced(
        EXPECTS, bounds={("desk", "COIN"): NetBound(threshold=SHARE, standing=0, order_max=4 * SHARE // 10)}
    )
    assert what(changed(), "I6", tight) == ["the net of desk:COIN is -1.5, the bound is 1.4"]
    wide = replaced(EXPECTS, bounds={("desk", "COIN"): NetBound(threshold=SHARE, standing=0, order_max=SHARE // 2)})
    assert broken(changed(), wide) == []


def test_two_unresolved_orders_widen_the_bound() -> None:
    bound = NetBound(threshold=SHARE, standing=0, order_max=SHARE // 4, venues=2)
    assert broken(changed(), replaced(EXPECTS, bounds={("desk", "COIN"): bound})) == []


def test_an_order_that_may_turn_the_net_over_breaks_the_bound() -> None:
    told = changed(intent=row(3, 4, vault_filled(), intended(qty=Quantity(Decimal("1.6")))))
    assert what(told, "I6") == [f"{ORDER} may turn over the net of desk:COIN"]


def test_an_order_beside_one_that_still_works_may_turn_the_net_over() -> None:
    told = changed(accepted=row(4, 6, accepted(), intended(order_id=OrderId(OTHER), qty=Quantity(Decimal("0.1")))))
    assert f"{OTHER} may turn over the net of desk:COIN" in what(told, "I6")


def test_an_order_of_a_net_whose_last_one_is_unknown_is_found() -> None:
    made, booked = second_fill()
    other = intended(order_id=OrderId(OTHER), qty=Quantity(Decimal("0.5")))
    told = changed(accepted=(row(4, 6, unknown()), made, row(21, 7, booked, other)))
    assert f"{OTHER} was intended while {ORDER} was unknown at alpha" in what(told, "I6")


def test_an_order_at_another_account_may_cover_what_the_unknown_one_cannot() -> None:
    made, booked = second_fill()
    other = intended(order_id=OrderId(OTHER), qty=Quantity(Decimal("0.5")), account="beta")
    told = changed(accepted=(row(4, 6, unknown()), made, row(21, 7, booked, other)))
    assert "I6" not in broken(told)


def test_a_resend_that_may_turn_the_net_over_is_found() -> None:
    back = vault_filled(
        key=log_key(6, NEXT_HASH), side=Side.BUY, token_amount=Quantity(Decimal(1)), shares=Quantity(Decimal(1))
    )
    resent = orders.OrderResent(order_id=OrderId(ORDER), attempt=1, decided_at=at(5))
    told = changed(accepted=row(4, 6, unknown(), back, resent))
    assert f"{ORDER} may turn over the net of desk:COIN" in what(told, "I6")
    assert "I6" not in broken(changed(accepted=row(4, 6, unknown(), resent)))


def test_orders_that_work_beyond_their_net_are_asked_to_cancel_in_time() -> None:
    back = vault_filled(
        key=log_key(6, NEXT_HASH), side=Side.BUY, token_amount=Quantity(Decimal(1)), shares=Quantity(Decimal(1))
    )
    cancel = orders.CancelIntended(
        order_id=OrderId(ORDER), attempt=1, reason=orders.CancelReason.EXCEEDS_NET, because=None, decided_at=at(5)
    )
    bounded = replaced(EXPECTS, excess_within=10 * NS_PER_S)

    def working(*events: Event, last: int = 16) -> list:
        return changed(
            executed=row(5, 7, back, *events), over=None, filled=row(last, 8 + len(events), cursors={"base": "9:c"})
        )

    beyond = "orders of desk:COIN worked beyond its net and no cancel was asked for"
    assert beyond in what([*working(), row(17, 8), row(30, 8)], "I6", bounded)
    assert beyond not in what([*working(), row(17, 8), row(25, 8)], "I6", bounded)
    assert beyond not in what([*working(cancel), row(17, 9), row(30, 9)], "I6", bounded)
    assert beyond not in what([*working(), row(17, 8), row(30, 8)], "I6")


def test_an_order_that_is_open_at_the_end_is_not_lively() -> None:
    told = changed(executed=None, over=None, filled=None)
    assert what(told, "I14") == [
        "order v1 is open at alpha at the end",
        f"order {ORDER} is working at the end",
        "the net of desk:COIN is -1.5 at the end and nothing says why",
    ]


def test_an_open_order_that_an_alert_tells_of_is_lively() -> None:
    told = changed(executed=None, over=None, filled=row(40, 7, alert("order_unknown", ORDER)))
    assert broken(told) == []


def test_an_order_of_a_stranger_may_be_open_at_the_end() -> None:
    assert broken(before_end(taken(20, venue_id="v7", client_id=None, ours=False))) == []


def test_a_net_above_its_threshold_at_the_end_needs_a_word() -> None:
    made, booked = second_fill()
    held = control.HedgeHeld(
        owner=OwnerId("desk"), underlying=Underlying("COIN"), reason=control.HoldReason.SESSION_CLOSED,
        net=Quantity(Decimal(-2)), decided_at=at(21),
    )  # fmt: skip
    assert broken(before_end(made, row(21, 8, booked))) == ["I14"]
    assert broken(before_end(made, row(21, 8, booked, held))) == []
    assert broken(before_end(made, row(21, 8, booked, held, replaced(held, reason=None)))) == ["I14"]
    assert broken(before_end(made, row(21, 8, booked, halt("instrument", "COIN@alpha")))) == []
    assert broken(before_end(made, row(21, 8, booked, halt("instrument", "NVDA@alpha")))) == ["I14"]
    assert broken(before_end(made, row(21, 8, booked, alert("exposure_held", "desk:COIN")))) == []


def test_figures_tell_how_long_a_net_stood_above_its_threshold() -> None:
    figures = judged(changed()).figures
    assert (figures.above, figures.unknown, figures.hedged) == ((3 * NS_PER_S,), (), (2 * NS_PER_S,))


def test_figures_tell_how_long_an_order_was_unknown() -> None:
    told = changed(accepted=row(4, 6, unknown()), filled=row(6, 7, accepted(), filled()))
    assert judged(told).figures.unknown == (2 * NS_PER_S,)


def test_what_is_open_at_the_end_is_counted_up_to_it() -> None:
    told = changed(accepted=row(4, 6, unknown()), executed=None, over=None, filled=None)
    figures = judged(told).figures
    assert (figures.above, figures.unknown) == ((98 * NS_PER_S,), (96 * NS_PER_S,))


def test_a_part_that_is_still_owed_counts_as_working() -> None:
    half = filled(qty=Quantity(Decimal(1)), execution_id=ExecutionId("x1"))
    told = changed(
        executed=executed(qty=SHARE), over=over(5, "canceled"),
        filled=row(6, 7, half, intended(order_id=OrderId(OTHER), qty=Quantity(Decimal("0.5")))),
    )  # fmt: skip
    assert f"{OTHER} may turn over the net of desk:COIN" in what(told, "I6")


def test_a_place_of_the_story_is_the_first_send() -> None:
    assert requested().copy == 0
