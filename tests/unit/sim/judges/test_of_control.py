"""Judges of operators: what breaks them, and what does not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events import control, orders
from flatbook.events.event import Event
from flatbook.sim.world import record as rec
from flatbook.values.ids import HaltId, OrderId
from flatbook.values.money import Quantity
from tests.unit.sim.judges.story import (
    EXPECTS,
    ORDER,
    accepted,
    at,
    before_end,
    broken,
    changed,
    filled,
    halt,
    intended,
    opened,
    over,
    replaced,
    requested,
    row,
    vault_filled,
    what,
)


def commanded(seconds: int, verb: str = "halt", key: str = "k1", **arguments: str) -> rec.Commanded:
    return rec.Commanded(
        at=at(seconds), process="desk", key=key, actor="ann", reason="planned", verb=verb, arguments=arguments
    )


def answered(seconds: int, key: str = "k1", seq: int | None = 9, *, repeated: bool = False) -> rec.CommandDone:
    return rec.CommandDone(at=at(seconds), process="desk", key=key, accepted=True, repeated=repeated, seq=seq, why=None)


def taken_command(verb: str = "halt", key: str = "k1", **arguments: str) -> control.CommandAccepted:
    return control.CommandAccepted(
        key=key, actor="ann", verb=verb, reason="planned", arguments=arguments, accepted_at=at(2)
    )


def cancel() -> orders.CancelIntended:
    return orders.CancelIntended(
        order_id=OrderId(ORDER), attempt=1, reason=orders.CancelReason.HALTED, because=None, decided_at=at(4)
    )


def halted_early(*events: Event, **halts: str) -> list[rec.Entry]:
    """A halt at second 1, and the place of the story, which leaves at second 3."""
    return changed(
        opening=(
            commanded(1, **halts),
            row(1, 2, *opened(), taken_command(**halts), halt(**halts), *events),
            answered(1, seq=5),
        ),
        intent=row(3, 6 + len(events), vault_filled(), intended()),
        accepted=row(4, 8 + len(events), accepted()),
        filled=row(6, 9 + len(events), filled()),
    )


def test_a_place_that_leaves_under_a_halt_is_found() -> None:
    assert what(halted_early(), "I15") == [f"{ORDER} was placed under halt-1"]


@pytest.mark.parametrize(
    ("scope", "target", "stops"),
    [
        ("owner", "desk", True),
        ("owner", "other", False),
        ("venue", "alpha", True),
        ("venue", "beta", False),
        ("instrument", "COIN@alpha", True),
        ("instrument", "NVDA@alpha", False),
    ],
)
def test_a_halt_stops_its_scope_and_nothing_else(scope: str, target: str, stops: bool) -> None:
    assert ("I15" in broken(halted_early(scope=scope, target=target))) is stops


def test_a_place_within_a_second_of_the_halt_was_on_its_way() -> None:
    slow = replaced(EXPECTS, places_within_halt=2_000_000_000)
    assert "I15" not in broken(halted_early(), slow)


def test_a_place_after_the_halt_was_lifted_may_leave() -> None:
    lifted = control.TradingLifted(halt_id=HaltId("halt-1"), reason="over", lifted_at=at(1))
    assert broken(halted_early(lifted)) == []


def test_an_order_that_only_reduces_may_leave_under_a_halt() -> None:
    told = [
        replaced(entry, events=(vault_filled(), intended(reduce_only=True)))
        if isinstance(entry, rec.Appended) and len(entry.events) == 2 and entry.at == at(3)
        else entry
        for entry in halted_early()
    ]
    assert broken(told) == []


def test_a_stop_that_was_answered_without_a_halt_is_found() -> None:
    told = before_end(commanded(20), row(20, 8, taken_command()), answered(20))
    assert what(told, "I15") == ["halt was answered yes and no halt stands"]


def test_a_place_after_a_stop_without_a_journal_is_found_until_the_process_starts_again() -> None:
    stopped = (commanded(1, "kill"), answered(1, seq=None))
    assert what(changed(block=(*stopped, changed()[5])), "I15") == [
        f"{ORDER} was placed after a stop without a journal"
    ]
    again = (*stopped, rec.LifeBegan(at=at(2), process="desk", life=1), changed()[5])
    assert broken(changed(block=again)) == []


def test_an_order_that_works_under_a_stop_is_canceled_in_time() -> None:
    def stopped(*events: Event, at_second: int = 5) -> list[rec.Entry]:
        return changed(
            executed=(commanded(4), row(4, 7, taken_command(), halt()), answered(4)),
            over=(row(at_second, 9, *events), over(8, "canceled")),
            filled=row(9, 9 + len(events), done()),
        )

    late = what(stopped(), "I15")
    assert late == [f"{ORDER} worked under a stop and no cancel followed in time"]
    assert what(stopped(cancel()), "I15") == []
    assert what(stopped(cancel(), at_second=7), "I15") == late


def test_a_cancel_in_time_that_had_to_be_asked_for_again_later_was_in_time() -> None:
    again = orders.CancelIntended(
        order_id=OrderId(ORDER), attempt=2, reason=orders.CancelReason.HALTED, because=None, decided_at=at(8)
    )
    told = changed(
        executed=(commanded(4), row(4, 7, taken_command(), halt()), answered(4)),
        over=(row(5, 9, cancel()), row(8, 10, again), over(9, "canceled")),
        filled=row(9, 11, done()),
    )
    assert what(told, "I15") == []


def done() -> orders.OrderDone:
    return orders.OrderDone(
        order_id=OrderId(ORDER),
        end=orders.OrderEnd.CANCELED,
        filled_qty=Quantity(Decimal(0)),
        happened_at=at(8),
        seen_at=at(9),
    )


def test_an_order_that_ends_by_itself_in_time_needs_no_cancel() -> None:
    told = changed(
        accepted=(row(4, 6, accepted()), commanded(4), row(4, 7, taken_command(), halt()), answered(4)),
        filled=row(6, 9, filled()),
    )
    assert broken(told) == []


def test_a_stop_without_a_journal_sends_cancels_all_the_same() -> None:
    def stopped(*entries: rec.Entry) -> list[rec.Entry]:
        return changed(
            executed=(commanded(4, "kill"), answered(4, seq=None), *entries),
            over=over(9, "canceled"),
            filled=row(10, 7, done()),
        )

    expects = replaced(EXPECTS, cancel_arrives_within=3_000_000_000)
    missing = [f"{ORDER} worked under a stop and no cancel followed in time"]
    assert what(stopped(), "I15", expects) == missing
    assert what(stopped(requested(4, 5, verb="cancel")), "I15", expects) == []
    assert what(stopped(requested(4, 8, verb="cancel")), "I15", expects) == missing
    assert what(stopped(), "I15") == []


def test_orders_that_work_are_canceled_when_the_journal_fails() -> None:
    failed = rec.AppendFailed(at=at(4), process="desk", life=1, epoch=7, why="the disk is full")

    def failing(*entries: rec.Entry) -> list[rec.Entry]:
        return changed(executed=(*entries,), over=over(9, "canceled"), filled=row(10, 7, done()))

    expects = replaced(EXPECTS, cancel_arrives_within=3_000_000_000)
    missing = [f"{ORDER} worked under a stop and no cancel followed in time"]
    ended = rec.LifeEnded(at=at(5), process="desk", life=1, how="the journal failed")
    assert what(failing(failed, ended), "I15", expects) == missing
    assert what(failing(failed, requested(4, 5, verb="cancel"), ended), "I15", expects) == []
    assert what(failing(replaced(failed, epoch=6), ended), "I15", expects) == []
    assert what(failing(failed, replaced(ended, how="killed")), "I15", expects) == []
    unheard = changed(accepted=failed, executed=ended, over=over(9, "canceled"), filled=row(10, 6, done()))
    assert what(unheard, "I15", expects) == missing


def test_a_process_that_dies_under_a_stop_owes_no_cancel() -> None:
    told = changed(
        executed=(
            commanded(4),
            row(4, 7, taken_command(), halt()),
            answered(4),
            rec.LifeEnded(at=at(5), process="desk", life=1, how="killed"),
        ),
        over=over(9, "canceled"),
        filled=row(10, 9, done()),
    )
    assert "I15" not in broken(told)


def test_a_command_that_nobody_gave_is_found() -> None:
    assert what(before_end(row(20, 8, taken_command("reconcile"))), "I17") == [
        "the command of key k1 was accepted and nobody gave it so"
    ]


def test_a_command_that_is_booked_with_another_actor_is_found() -> None:
    forged = replaced(taken_command("reconcile"), actor="bob")
    assert "I17" in broken(before_end(commanded(20, "reconcile"), row(20, 8, forged)))


def test_a_key_that_is_accepted_twice_is_found() -> None:
    twice = (taken_command("reconcile"), taken_command("reconcile"))
    assert broken(before_end(commanded(20, "reconcile"), row(20, 8, *twice), answered(20))) == ["I17"]


def test_a_repeated_command_is_booked_once() -> None:
    told = before_end(
        commanded(20, "reconcile"),
        row(20, 8, taken_command("reconcile")),
        answered(20),
        commanded(21, "reconcile"),
        answered(21, repeated=True),
    )
    assert broken(told) == []


def test_a_command_that_is_answered_before_it_is_journalled_is_found() -> None:
    told = before_end(commanded(20, "reconcile"), answered(20), row(20, 8, taken_command("reconcile")))
    assert broken(told) == ["I17"]
