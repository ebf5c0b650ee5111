"""What a halt stops, and which orders it wants gone."""

from __future__ import annotations

import msgspec
import pytest

from flatbook.events.control import HaltCause, HaltScope
from flatbook.state.halts import Halt, halt_over, kill_over, must_cancel
from flatbook.state.orders import order_of_intent
from flatbook.values.ids import AccountId, HaltId, InstrumentId, OwnerId
from tests.unit.state.scene import OWNER, PAPER, STOCK, at, intended


def halt(scope: str, target: str = "", cause: HaltCause = HaltCause.OPERATOR, seconds: int = 0) -> Halt:
    return Halt(
        halt_id=HaltId(f"halt-{scope}"),
        scope=HaltScope(scope),
        target=target,
        cause=cause,
        reason="",
        halted_at=at(seconds),
    )


@pytest.mark.parametrize(
    ("scope", "target", "covered"),
    [
        ("all", "", True),
        ("owner", "desk", True),
        ("owner", "other", False),
        ("venue", "paper", True),
        ("venue", "other", False),
        ("instrument", "COIN/USD", True),
        ("instrument", "paper", False),
        ("instrument", "", False),
    ],
)
def test_a_halt_covers_its_scope_and_nothing_else(scope: str, target: str, covered: bool) -> None:
    assert halt(scope, target).covers(OWNER, PAPER, STOCK) is covered


def test_the_first_standing_halt_that_covers_is_found() -> None:
    other, ours = halt("venue", "other"), halt("instrument", STOCK)
    halts = {other.halt_id: other, ours.halt_id: ours}
    assert halt_over(halts, OWNER, PAPER, STOCK) is ours
    assert halt_over(halts, OwnerId("x"), AccountId("y"), InstrumentId("z")) is None


def test_a_halt_wants_gone_what_may_add_risk_and_a_kill_whatever_came_before_it() -> None:
    adding = order_of_intent(intended(decided_at=at(5)))
    reducing = msgspec.structs.replace(adding, reduce_only=True)
    stopped = {HaltId("halt-all"): halt("all", seconds=9)}
    killed = {HaltId("halt-all"): halt("all", cause=HaltCause.KILLED, seconds=9)}
    killed_before = {HaltId("halt-all"): halt("all", cause=HaltCause.KILLED, seconds=4)}
    assert must_cancel(stopped, adding)
    assert not must_cancel(stopped, reducing)
    assert must_cancel(killed, reducing)
    assert not must_cancel(killed_before, reducing)
    assert must_cancel(killed_before, adding)
    assert not must_cancel({HaltId("halt-venue"): halt("venue", "other")}, adding)


def test_a_kill_that_covers_is_found_beside_other_halts_and_no_other_halt_is_one() -> None:
    other, killed = halt("all"), halt("owner", OWNER, cause=HaltCause.KILLED)
    assert kill_over({other.halt_id: other}, OWNER, PAPER, STOCK) is None
    assert kill_over({other.halt_id: other, killed.halt_id: killed}, OWNER, PAPER, STOCK) is killed
    assert kill_over({killed.halt_id: killed}, OwnerId("x"), PAPER, STOCK) is None
