"""Cuts a scripted day before and after every append and every send, starts it again, and compares with the uncut run.

Hypothesis: whatever survives a cut (journal and broker) is enough to end in the same truth.
Mechanism: intents are durable before they are sent; unknown orders are asked for by id, never sent blindly.
Premise: each cut really happens, and at least one of them falls between a send and its answer.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from flatbook.engine.ports import IdRule
from flatbook.events.orders import OrderFilled, OrderIntended
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from flatbook.sim.process import CrashPoint, Cut
from flatbook.sim.script import ScriptedBlocks
from flatbook.values.money import Quantity
from tests.desk import COIN, OWNER, PAPER, Setting, at, desk_of, fill, journalled, live
from tests.lives import Desk

END = at(25)

DAY = (
    ScriptedBlocks(at=at(1), events=(fill(1, "sell", "1.5", at=at(1)),)),
    ScriptedBlocks(at=at(3), events=(fill(2, "sell", "0.75", at=at(3)), fill(3, "sell", "3", at=at(3)))),
    ScriptedBlocks(at=at(6), events=(fill(4, "sell", "2", at=at(6)),)),
    ScriptedBlocks(at=at(9), events=(), removed_from=1004),
    ScriptedBlocks(at=at(10), events=(fill(4, "sell", "2", at=at(10), block_hash="0xbb"),)),
    ScriptedBlocks(at=at(14), events=(fill(5, "buy", "9.5", at=at(14)), fill(3, "sell", "3", at=at(3)))),
)
QUIET = Setting(lot="0.001", fill_qty_max=Quantity(Decimal(2)))
NOISY = Setting(
    lot="0.001",
    fill_qty_max=Quantity(Decimal(2)),
    plan=FaultPlan(
        faults=(
            Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER, number=1),
            Fault(verb=Verb.PLACE, kind=FaultKind.DROP_REQUEST, number=2),
            Fault(verb=Verb.PLACE, kind=FaultKind.PARTIAL, number=4, share=Decimal("0.5")),
        )
    ),
)
WHILE_OPEN = Setting(lot="0.001", id_rule=IdRule.WHILE_OPEN)


def broker_of(desk: Desk) -> Broker:
    assert isinstance(desk.broker, Broker)
    return desk.broker


def truth(desk: Desk) -> tuple[Decimal, int]:
    """Returns the shares and the number of open orders that the broker's own ledger shows at the end."""
    ledger = broker_of(desk).truth
    held = ledger.balances_at(PAPER, END).get("COIN", Decimal(0))
    return held, len(ledger.open_at(PAPER, END))


def assert_same_truth(desk: Desk, uncut: tuple[Decimal, int]) -> None:
    """Every fill hedged exactly once: the broker's shares, its executions in our journal, one order per intent."""
    assert truth(desk) == uncut
    events = journalled(desk)
    booked = Counter(event.execution_id for event in events if isinstance(event, OrderFilled))
    executions = broker_of(desk).truth.executions_after(PAPER, 0, until=END, count_max=10_000)
    assert booked == Counter(f"X-{execution.id}" for execution in executions)
    intents = Counter(event.order_id for event in events if isinstance(event, OrderIntended))
    assert set(intents.values()) <= {1}


# The noisy day is cut at every point; the others at each append and at every third send.
@pytest.mark.parametrize(
    ("setting", "send_stride"), [(QUIET, 3), (NOISY, 1), (WHILE_OPEN, 3)], ids=["quiet", "noisy", "ids_while_open"]
)
def test_a_cut_anywhere_ends_in_the_same_truth(setting: Setting, send_stride: int) -> None:
    first = desk_of(setting, DAY)
    life = live(first, END)
    uncut = truth(first)
    assert uncut == (Decimal("9997.75"), 0)
    assert life.engine.state.positions.net(OWNER, COIN).known == 0
    assert_same_truth(first, uncut)
    points = [
        CrashPoint(cut=cut, number=number)
        for cut, count, stride in (
            (Cut.BEFORE_APPEND, life.scissors.appends, 1),
            (Cut.AFTER_APPEND, life.scissors.appends, 1),
            (Cut.BEFORE_SEND, life.scissors.sends, send_stride),
            (Cut.AFTER_SEND, life.scissors.sends, send_stride),
        )
        for number in range(1, count + 1, stride)
    ]
    for point in points:
        desk = desk_of(setting, DAY)
        cut_life = live(desk, END, crash_at=point)
        assert cut_life.scissors.is_cut, point
        live(desk, END)
        try:
            assert_same_truth(desk, uncut)
        except AssertionError as error:
            raise AssertionError(f"cut at {point}") from error
