"""Judges of orders: what breaks them, and what does not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events import orders
from flatbook.sim.judges.expectation import AccountTerms
from flatbook.sim.world import record as rec
from flatbook.sim.world.record import SHARE
from flatbook.values.ids import OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_S
from flatbook.values.money import Quantity
from tests.unit.sim.judges.story import (
    EXPECTS,
    ORDER,
    OTHER,
    accepted,
    aloud,
    at,
    before_end,
    broken,
    changed,
    executed,
    filled,
    intended,
    over,
    replaced,
    requested,
    row,
    story,
    taken,
    vault_filled,
    what,
)

LOOSE = replaced(EXPECTS, accounts={"alpha": AccountTerms(id_rule="while_open")})


def unknown() -> orders.OrderUnknown:
    return orders.OrderUnknown(order_id=OrderId(ORDER), attempt=0, reason=orders.UnknownReason.TIMED_OUT, seen_at=at(4))


def resent(attempt: int = 1) -> orders.OrderResent:
    return orders.OrderResent(order_id=OrderId(ORDER), attempt=attempt, decided_at=at(4))


def rejected() -> orders.OrderRejected:
    return orders.OrderRejected(
        order_id=OrderId(ORDER), reason=orders.RejectReason.OTHER, code="", message="", happened_at=at(4), seen_at=at(4)
    )


def absent(*, proven: bool) -> orders.OrderAbsent:
    return orders.OrderAbsent(order_id=OrderId(ORDER), attempt=0, proven=proven, seen_at=at(30))


def not_sent() -> orders.OrderNotSent:
    return orders.OrderNotSent(order_id=OrderId(ORDER), attempt=0, reason=orders.NotSentReason.HALTED, seen_at=at(4))


def done(filled_qty: str, end: orders.OrderEnd = orders.OrderEnd.CANCELED) -> orders.OrderDone:
    return orders.OrderDone(
        order_id=OrderId(ORDER), end=end, filled_qty=Quantity(Decimal(filled_qty)), happened_at=at(6), seen_at=at(6)
    )


def test_a_world_in_which_all_goes_well_breaks_nothing() -> None:
    assert broken(list(story().values())) == []


def test_a_place_whose_intent_is_journalled_after_it_left_breaks_intent_first() -> None:
    assert "I1" in broken(
        changed(
            intent=None, request=(requested(), row(4, 4, vault_filled(), intended())), accepted=row(5, 6, accepted())
        )
    )


def test_a_place_without_an_id_breaks_intent_first() -> None:
    assert what(before_end(requested(10, 11, client_id=None)), "I1") == [
        "a place of None left without an intent before it"
    ]


def test_a_place_of_somebody_else_needs_no_intent() -> None:
    assert broken(before_end(requested(10, 11, client_id=None, process="stranger"))) == []


def test_a_second_send_needs_a_resend_in_the_journal() -> None:
    assert what(before_end(requested(10, 11)), "I1") == [f"{ORDER} was sent 2 times and resent 0"]


def test_a_second_send_after_its_resend_is_allowed() -> None:
    told = changed(
        request=(requested(), row(4, 6, unknown(), resent()), requested(4, 4)),
        accepted=row(4, 8, accepted()),
        filled=row(6, 9, filled()),
    )
    assert broken(aloud(told)) == []


def test_a_repetition_by_the_network_needs_no_resend() -> None:
    assert broken(before_end(requested(3, 11, copy=1))) == []


def test_a_second_order_of_an_id_that_is_refused_for_ever_breaks_at_most_one() -> None:
    twice = (requested(3, 8, copy=1), taken(8, venue_id="v2"), over(9, "canceled", venue_id="v2"))
    assert broken(before_end(*twice)) == ["I2"]


def test_a_second_order_of_an_id_is_explained_by_a_repetition_where_ids_come_again() -> None:
    twice = (requested(3, 8, copy=1), taken(8, venue_id="v2"), over(9, "canceled", venue_id="v2"))
    assert broken(before_end(*twice), LOOSE) == []


def test_a_second_order_of_an_id_that_nothing_repeated_breaks_at_most_one() -> None:
    assert broken(before_end(taken(8, venue_id="v2"), over(9, "canceled", venue_id="v2")), LOOSE) == ["I2"]


@pytest.mark.parametrize(
    ("rule", "window_s", "allowed"),
    [("for_ever", 0, True), ("while_open", 0, False), ("none", 0, False), ("window", 7, True), ("window", 6, False)],
)
def test_an_order_is_sent_again_only_while_its_venue_refuses_a_second_one(
    rule: str, window_s: int, allowed: bool
) -> None:
    terms = AccountTerms(id_rule=rule, id_window=window_s * NS_PER_S, request_window=5 * NS_PER_S)
    told = changed(accepted=row(4, 6, unknown(), resent()), filled=row(6, 8, filled()))
    found = what(told, "I2", replaced(EXPECTS, accounts={"alpha": terms}))
    assert found == ([] if allowed else [f"{ORDER} was sent again although its venue may take a second one"])


def test_an_order_beside_another_open_one_of_its_net_breaks_at_most_one() -> None:
    second = replaced(intended(), order_id=OrderId(OTHER))
    told = changed(
        accepted=(
            row(4, 6, accepted(), second),
            requested(4, 4, client_id=OTHER),
            taken(4, venue_id="v2", client_id=OTHER),
            over(5, "canceled", venue_id="v2", client_id=OTHER),
        ),
        filled=row(6, 8, filled(), replaced(done("0"), order_id=OrderId(OTHER))),
    )
    assert what(told, "I2") == [f"{OTHER} was taken while {ORDER} of the same net was open"]


def test_a_rejected_order_that_its_venue_took_ended_too_early() -> None:
    assert what(changed(accepted=row(4, 6, rejected())), "I7") == [
        f"{ORDER} ended by OrderRejected, yet its venue took it"
    ]


def test_a_rejection_is_true_where_its_venue_had_turned_the_order_down_untouched() -> None:
    told = changed(executed=None, over=None, filled=None, accepted=(over(4, "turned_down"), row(5, 6, rejected())))
    assert "I7" not in broken(told)
    early = changed(executed=None, over=None, filled=None, accepted=(row(4, 6, rejected()), over(5, "turned_down")))
    assert what(early, "I7") == [f"{ORDER} ended by OrderRejected, yet its venue took it"]
    done_too = changed(executed=None, over=over(5, "turned_down"), filled=row(6, 7, done("0")))
    assert "I7" not in broken(done_too)


def test_a_rejection_is_true_though_a_repetition_of_the_request_was_taken_later() -> None:
    told = changed(accepted=row(4, 6, rejected()), taken=(requested(3, 4, copy=1), taken()))
    assert "I7" not in broken(told)


def test_an_order_proven_absent_that_comes_all_the_same_ended_too_early() -> None:
    told = changed(accepted=row(4, 6, unknown(), absent(proven=True)), filled=row(6, 8, filled()))
    assert what(told, "I7") == [f"{ORDER} ended by OrderAbsent, yet its venue took it"]
    leaking = replaced(EXPECTS, accounts={"alpha": AccountTerms(fence_holds=False)})
    assert "I7" not in broken(told, leaking)


def test_an_absence_that_proves_nothing_ends_nothing() -> None:
    told = changed(accepted=row(4, 6, unknown(), absent(proven=False)), filled=row(6, 8, filled()))
    assert broken(aloud(told)) == []


def test_an_order_booked_as_not_sent_that_arrived_breaks_the_evidence() -> None:
    told = changed(taken=None, executed=None, over=None, filled=None, accepted=row(4, 6, not_sent()))
    assert what(told, "I7") == [f"{ORDER} ended as not sent, yet it arrived"]


def test_an_order_booked_as_canceled_with_less_than_it_executed_breaks_the_evidence() -> None:
    told = changed(over=over(5, "canceled"), filled=row(6, 7, done("1")))
    assert what(told, "I7") == [f"{ORDER} was booked as canceled with 1"]


def test_an_order_booked_as_canceled_while_it_is_open_breaks_the_evidence() -> None:
    told = changed(executed=None, over=None, filled=row(6, 7, done("0")))
    assert "I7" in broken(told)


def test_a_canceled_order_may_execute_later() -> None:
    told = changed(
        executed=None, over=over(5, "canceled"), filled=(row(6, 7, done("0")), executed(8), row(9, 8, filled()))
    )
    assert broken(told) == []


def test_an_event_of_an_order_that_was_never_intended_breaks_its_life() -> None:
    strange = orders.OrderAccepted(
        order_id=OrderId(OTHER), venue_order_id=VenueOrderId("v9"), happened_at=at(8), seen_at=at(8)
    )
    assert broken(before_end(row(8, 8, strange))) == ["I8"]


def test_an_order_that_is_unknown_again_after_its_acceptance_goes_backwards() -> None:
    told = changed(accepted=row(4, 6, accepted(), unknown()), filled=row(6, 8, filled()))
    assert what(told, "I8") == [f"OrderUnknown follows working in the life of {ORDER}"]


def test_a_resend_of_an_order_that_is_not_unknown_breaks_its_life() -> None:
    assert broken(before_end(row(8, 8, resent()))) == ["I8"]


def test_an_order_that_fills_more_than_ordered_is_told_so_in_the_same_row() -> None:
    more = {"qty": 2 * SHARE}
    booked = filled(qty=Quantity(Decimal(2)))
    surplus = orders.OrderOverfilled(
        order_id=OrderId(ORDER), ordered=Quantity(Decimal("1.5")), filled=Quantity(Decimal(2)), seen_at=at(6)
    )
    assert broken(changed(executed=executed(**more), filled=row(6, 7, booked))) == ["I8", "I20"]
    assert broken(aloud(changed(executed=executed(**more), filled=row(6, 7, booked, surplus)))) == []


def test_an_intent_that_comes_twice_breaks_the_life_of_its_order() -> None:
    assert "I8" in broken(before_end(row(8, 8, intended())))


def test_every_entry_of_the_story_is_one_of_the_record() -> None:
    assert all(isinstance(entry, rec.Entry) for entry in story().values())
