"""A side that is stopped: for whom, against which orders, and until when."""

from __future__ import annotations

import pytest

from flatbook.events.control import HaltCause, HaltScope
from flatbook.events.risk import RiskCleared, RiskRaised, StopProven
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.state.fold import apply
from flatbook.state.halts import Halt
from flatbook.state.orders import order_of_intent
from flatbook.state.stops import is_stopped, must_go, stop_over
from flatbook.values.ids import HaltId, OwnerId
from flatbook.values.instruments import Side
from tests.unit.state.scene import OWNER, PAPER, STOCK, at, intended


def raised(side: Side, *, monitor: str = "majors", owner: OwnerId = OWNER) -> RiskRaised:
    return RiskRaised(
        monitor=monitor, side=side, owners=(owner,), accounts=(PAPER,), abnormal=(STOCK,), evidence={}, raised_at=at(1)
    )


def stopped(*events: RiskRaised) -> State:
    state = State()
    for event in events:
        apply(state, event)
    return state


def test_a_side_is_stopped_for_the_owners_of_the_monitor_and_for_nobody_else() -> None:
    state = stopped(raised(Side.BUY))
    assert stop_over(state.stops, OWNER, Side.BUY) is state.stops["majors", Side.BUY]
    assert stop_over(state.stops, OWNER, Side.SELL) is None
    assert stop_over(state.stops, OwnerId("other"), Side.BUY) is None


def test_a_side_is_free_when_every_monitor_of_it_has_cleared() -> None:
    state = stopped(raised(Side.BUY), raised(Side.BUY, monitor="minors"))
    for monitor, left in (("majors", True), ("minors", False)):
        apply(state, RiskCleared(monitor=monitor, side=Side.BUY, normal=(STOCK,), evidence={}, cleared_at=at(9)))
        assert (stop_over(state.stops, OWNER, Side.BUY) is not None) is left


STOPS = ((), (Side.BUY,), (Side.SELL,), (Side.BUY, Side.SELL))


@pytest.mark.parametrize("stops", STOPS)
@pytest.mark.parametrize("cause", [None, *HaltCause])
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("reduce_only", [False, True])
def test_every_order_under_every_stop_and_halt(
    stops: tuple[Side, ...], cause: HaltCause | None, side: Side, reduce_only: bool
) -> None:
    state = stopped(*(raised(each) for each in stops))
    if cause is not None:
        halt = Halt(halt_id=HaltId("h"), scope=HaltScope.OWNER, target=OWNER, cause=cause, reason="", halted_at=at(9))
        state.halts[halt.halt_id] = halt
    order = order_of_intent(intended(side.value, reduce_only=reduce_only))
    kept_back = cause is not None or side in stops
    assert is_stopped(state, OWNER, PAPER, STOCK, side) is kept_back
    assert must_go(state, order) is (kept_back if not reduce_only else cause is HaltCause.KILLED)


def test_a_stop_survives_a_dump_with_what_was_proven() -> None:
    state = stopped(raised(Side.SELL))
    apply(state, StopProven(monitor="majors", side=Side.SELL, account=PAPER, stated_at=at(2), seen_at=at(3)))
    kept = state_from_bytes(state_bytes(state))
    assert kept.stops == state.stops
    assert kept.stops["majors", Side.SELL].unproven == ()


def test_a_proof_of_a_stop_that_has_cleared_changes_nothing() -> None:
    state = State()
    apply(state, StopProven(monitor="majors", side=Side.SELL, account=PAPER, stated_at=at(2), seen_at=at(3)))
    assert state.stops == {}
