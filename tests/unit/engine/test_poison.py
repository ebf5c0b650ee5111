"""What is booked of an input that cannot be folded, and how it is split."""

from __future__ import annotations

import pytest

from flatbook.engine.inputs import ExecutionsRead, Item, TimeCame, Woken
from flatbook.engine.poison import detail_of, events_of, parts_of, still
from flatbook.engine.ports import ChainRead
from flatbook.engine.wakes import Wakes
from flatbook.events.control import AlertName, AlertRaised, HaltCause, HaltScope, TradingHalted
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.strategies.decision import Trigger, Wake
from flatbook.values.ids import SourceId
from tests.desk import CHAIN, COIN, OWNER, PAPER, at, fill

KEY = (OWNER, COIN)
FILLS = (fill(1, "sell", "1", at=at(1)), fill(2, "buy", "1", at=at(1)))


def test_a_read_of_several_fills_is_taken_one_by_one_behind_its_cursor() -> None:
    read = ChainRead(source=CHAIN, events=FILLS, cursor="2", removed_from=7)
    parts = parts_of(read, {CHAIN: "1"})
    assert parts == (
        ChainRead(source=CHAIN, events=(), cursor="1", removed_from=7),
        ChainRead(source=CHAIN, events=FILLS[:1], cursor="1"),
        ChainRead(source=CHAIN, events=FILLS[1:], cursor="1"),
    )


@pytest.mark.parametrize(
    "item",
    [
        ChainRead(source=CHAIN, events=FILLS[:1], cursor="2"),
        ChainRead(source=CHAIN, events=(), cursor="2", removed_from=7),
        ExecutionsRead(account=PAPER, executions=(), cursor="X-1"),
        TimeCame(),
    ],
)
def test_what_holds_one_report_is_not_split(item: Item) -> None:
    assert parts_of(item, {}) == ()


def test_a_first_failure_halts_everything_and_alerts_and_the_next_of_its_kind_is_silent() -> None:
    state, detail = State(), detail_of(TimeCame(), ArithmeticError("planted"))
    assert detail == "TimeCame could not be folded: ArithmeticError: planted"
    halted, raised = events_of(state, TimeCame(), detail, at(1))
    assert isinstance(halted, TradingHalted)
    assert (halted.scope, halted.cause, halted.reason) == (HaltScope.ALL, HaltCause.INVARIANT, detail)
    assert isinstance(raised, AlertRaised)
    assert (raised.name, raised.subject) == (AlertName.INPUT_POISONED, "TimeCame")
    for event in (halted, raised):
        apply(state, event)
    assert events_of(state, TimeCame(), detail, at(2)) == ()
    (other,) = events_of(state, Woken(key=KEY), detail, at(2))
    assert isinstance(other, AlertRaised)
    assert other.subject == "Woken"


def test_what_is_told_of_an_error_is_cut() -> None:
    assert len(detail_of(TimeCame(), ValueError("x" * 10_000))) == 512


@pytest.mark.parametrize("item", [Woken(key=KEY), TimeCame()])
def test_a_wake_that_failed_waits_for_events_only(item: Item) -> None:
    wakes = Wakes()
    wakes.put(KEY, Wake(on=(Trigger.FILL_SEEN,), at=at(1), observed=(SourceId("bars"),)))
    assert still(wakes, item, at(1)) == (KEY,)
    assert wakes.observing(COIN, SourceId("bars")) == ()
    assert wakes.next_at() is None
    assert wakes.wants(KEY, Trigger.HALT_CHANGED)


def test_other_inputs_leave_wakes_alone() -> None:
    wakes = Wakes()
    wakes.put(KEY, Wake(on=(), at=at(5)))
    assert still(wakes, ChainRead(source=CHAIN, events=(), cursor=""), at(6)) == ()
    assert still(wakes, TimeCame(), at(4)) == ()
    assert wakes.next_at() == at(5)
