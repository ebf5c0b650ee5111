"""Bad input through the whole engine: refused or recorded, the loop lives, cancels go on, and nothing good is lost.

Hypothesis: no log, answer or fault of our own stops the loop, doubles a hedge, or takes good input down with it.
Mechanism: bytes are judged at the edge, reports against what can be true, and an input that cannot be folded is set
aside under a halt.
Premise: the bad input really came, and good input came with it and after it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.engine import step as steps
from flatbook.engine.inputs import Command, ExecutionsRead, FindAnswered, Item, PlaceAnswered, Stated, TimeCame, Woken
from flatbook.engine.inputs import Verb as Steer
from flatbook.engine.ports import ChainRead
from flatbook.events.chain import VaultFilled
from flatbook.events.control import AlertName, AlertRaised, HaltCause, HaltScope, TradingHalted
from flatbook.events.event import Event
from flatbook.events.orders import OrderFilled
from flatbook.journal.memory import MemoryJournal
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.ids import SourceId, halt_id_of
from flatbook.values.instants import Instant, later
from flatbook.values.money import Quantity
from tests.desk import COIN, HEDGE, OWNER, PAPER, Setting, at, desk_of, fill, journalled, live
from tests.lives import Desk, Life

END = at(60)
INVARIANT_HALT = halt_id_of(HaltScope.ALL.value, "", HaltCause.INVARIANT.value)
POISONS_IN_49_MINUTES = 2_500
SETTING = Setting(lot="0.001", fill_qty_max=Quantity(Decimal(2)))
UNANSWERED = msgspec.structs.replace(
    SETTING, plan=FaultPlan(faults=(Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER, number=1),))
)
DAY = (
    ScriptedBlocks(at=at(1), events=(fill(1, "sell", "5", at=at(1)),)),
    ScriptedBlocks(at=at(4), events=(fill(2, "sell", "3", at=at(4)), fill(3, "buy", "1", at=at(4)))),
    ScriptedBlocks(at=at(20), events=(fill(4, "sell", "2", at=at(20)),)),
)


class Poison:
    """Lets the taking of inputs of one kind raise while the clock stands in a window."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        kind: type[Item],
        *,
        start: Instant,
        until: Instant,
        only: Callable[[Any], bool] = lambda _: True,
    ) -> None:
        self.raised = 0
        take: Callable[[Any, Any], None] = steps._TAKES[kind]

        def poisoned(turn: Any, item: Any) -> None:
            take(turn, item)
            if start <= turn.now < until and only(item):
                self.raised += 1
                raise ArithmeticError("planted")

        monkeypatch.setitem(steps._TAKES, kind, poisoned)


def play(desk: Desk, *commands: tuple[Instant, Steer, dict[str, str]]) -> Life:
    """Plays a desk to its end, with an operator's commands at their instants."""
    life = Life(desk)

    async def operate() -> None:
        for number, (when, verb, arguments) in enumerate(commands):
            await desk.clock.sleep_until(when)
            command = Command(key=f"{verb.value}{number}", actor="test", reason="test", verb=verb, arguments=arguments)
            answer = await life.engine.command(command)
            assert answer.accepted, answer.why

    async def both() -> None:
        operating = asyncio.create_task(operate())
        assert await life.run(END)
        await operating

    asyncio.run(both())
    return life


def truth_of(desk: Desk) -> Any:
    assert isinstance(desk.broker, Broker)
    return desk.broker.truth


def halts_of(desk: Desk) -> list[TradingHalted]:
    return [event for event in journalled(desk) if isinstance(event, TradingHalted)]


def fills_booked(desk: Desk) -> list[int]:
    """Returns the blocks of the fills that stand in the journal, in order."""
    return [event.key.block for event in journalled(desk) if isinstance(event, VaultFilled)]


def assert_flat_and_whole(desk: Desk, life: Life) -> None:
    """Passes when everything is hedged, every execution of the broker is booked once, and no alert stands."""
    executions = Counter(event.execution_id for event in journalled(desk) if isinstance(event, OrderFilled))
    assert executions == Counter(f"X-{execution.id}" for execution in truth_of(desk).executions())
    assert abs(life.engine.state.positions.net(OWNER, COIN).known) < 1
    assert truth_of(desk).open_at(PAPER, END) == ()
    assert not life.engine.state.open_orders
    assert not life.engine.state.alerts


LIFT = (at(51), Steer.LIFT, {"halt_id": str(INVARIANT_HALT)})


@pytest.mark.parametrize("kind", [ChainRead, ExecutionsRead, FindAnswered, Stated, PlaceAnswered, TimeCame])
def test_an_input_that_cannot_be_folded_halts_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, kind: type[Item]
) -> None:
    poison = Poison(monkeypatch, kind, start=at(1), until=at(50))
    desk = desk_of(UNANSWERED, DAY)
    life = play(desk, LIFT)
    (halt,) = halts_of(desk)
    assert halt.cause is HaltCause.INVARIANT
    assert halt.reason == f"{kind.__name__} could not be folded: ArithmeticError: planted"
    alerts = [event for event in journalled(desk) if isinstance(event, AlertRaised)]
    assert [(each.name, each.subject) for each in alerts if each.name is AlertName.INPUT_POISONED] == [
        (AlertName.INPUT_POISONED, kind.__name__)
    ]
    assert 0 < poison.raised < POISONS_IN_49_MINUTES
    placed = [order.placed_at for order in truth_of(desk).orders()]
    assert not [when for when in placed if halt.halted_at < when < at(51)]
    assert truth_of(desk).open_at(PAPER, later(halt.halted_at, seconds=60)) == ()
    assert fills_booked(desk) == [1001, 1002, 1003, 1004]
    if kind is not ChainRead:
        assert booked_by(desk, at(21), VaultFilled) == 4
    assert_flat_and_whole(desk, life)


def booked_by(desk: Desk, when: Instant, kind: type[Event]) -> int:
    """Returns how many events of a kind were committed by an instant."""
    rows = [row for row in MemoryJournal(desk.store).read() if row.at <= when]
    return sum(isinstance(event, kind) for row in rows for event in row.events)


def test_a_wake_that_cannot_be_decided_comes_once_and_not_with_every_price(monkeypatch: pytest.MonkeyPatch) -> None:
    poison = Poison(monkeypatch, Woken, start=at(1), until=END)
    hedge = msgspec.structs.replace(HEDGE, second_source=SourceId("silent"))
    desk = desk_of(msgspec.structs.replace(SETTING, hedge=hedge), DAY)
    life = play(desk)
    assert poison.raised == 1
    assert [halt.cause for halt in halts_of(desk)] == [HaltCause.INVARIANT]
    assert fills_booked(desk) == [1001, 1002, 1003, 1004]
    assert life.engine.state.positions.net(OWNER, COIN).known == -9


def test_one_fill_that_cannot_be_folded_does_not_take_the_others_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fill of block 1003 is booked although that of 1002, in the same read, waits for fifty minutes."""
    poison = Poison(monkeypatch, ChainRead, start=at(1), until=at(50), only=holds_block(1002))
    desk = desk_of(SETTING, DAY)
    life = play(desk, LIFT)
    assert poison.raised > 0
    assert booked_by(desk, at(5), VaultFilled) == 2
    assert fills_booked(desk) == [1001, 1003, 1002, 1004]
    assert_flat_and_whole(desk, life)


def holds_block(number: int) -> Callable[[Any], bool]:
    return lambda read: any(isinstance(event, VaultFilled) and event.key.block == number for event in read.events)


def test_one_execution_that_cannot_be_folded_does_not_take_the_others_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three executions happen while no process runs; the second one cannot be folded, from whatever report."""
    desk = desk_of(SETTING, DAY)
    live(desk, at(1, 10))
    assert booked_by(desk, END, OrderFilled) == 0
    asyncio.run(desk.clock.run_until(at(5)))
    pages = Poison(
        monkeypatch, ExecutionsRead, start=at(5), until=at(50), only=lambda page: has_second(page.executions)
    )
    finds = Poison(monkeypatch, FindAnswered, start=at(5), until=at(50), only=lambda found: has_second(found.answer))
    life = play(desk, LIFT)
    assert pages.raised > 0
    assert finds.raised > 0
    assert booked_by(desk, at(10), OrderFilled) == 2
    assert_flat_and_whole(desk, life)


def has_second(report: Any) -> bool:
    executions = getattr(report, "executions", report if isinstance(report, tuple) else ())
    return any(execution.execution_id == "X-2" for execution in executions)
