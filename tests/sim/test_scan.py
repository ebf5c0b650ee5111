"""The scan of the nets: a safety net under the wakes that finds nothing while the wakes are right."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from flatbook.engine.inputs import Item, Scanned
from flatbook.engine.run import Engine, Parts
from flatbook.engine.wakes import Wakes
from flatbook.events.control import AlertRaised
from flatbook.events.orders import OrderIntended
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Wake
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import Quantity
from tests.desk import COIN, OWNER, Setting, at, desk_of, fill, journalled
from tests.lives import SIMULATED_PACE, Life

SOLD = (ScriptedBlocks(at=at(1), events=(fill(1, "sell", "3", at=at(1)),)),)
DAY = (
    *SOLD,
    ScriptedBlocks(at=at(6), events=(fill(2, "sell", "2.25", at=at(6)),)),
    ScriptedBlocks(at=at(9), events=(), removed_from=1002),
    ScriptedBlocks(at=at(14), events=(fill(3, "buy", "9.5", at=at(14)),)),
)
FAULTS = FaultPlan(
    faults=(
        Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER, number=1),
        Fault(verb=Verb.PLACE, kind=FaultKind.DROP_REQUEST, number=2),
        Fault(verb=Verb.PLACE, kind=FaultKind.REJECT, number=3),
        Fault(verb=Verb.PLACE, kind=FaultKind.PARTIAL, number=4, share=Decimal("0.5")),
    )
)


FIRST = Instant(0)


class DeafWakes(Wakes):
    """Wakes that forget what they are told."""

    def put(self, key: NetKey, wake: Wake, asked_at: Instant = FIRST) -> None:
        """Keeps that the net has resumed, and nothing else."""
        super().put(key, Wake(on=()), asked_at)


class DeafEngine(Engine):
    """An engine whose wakes are lost."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.wakes = DeafWakes()


class CountingEngine(Engine):
    """An engine that counts the scans it was handed."""

    scans = 0

    def _enqueue(self, item: Item, waiter: Any) -> None:
        super()._enqueue(item, waiter)
        type(self).scans += isinstance(item, Scanned)


def test_a_desk_whose_wakes_are_lost_hedges_within_a_scan_and_says_so() -> None:
    desk = desk_of(Setting(), SOLD)
    asyncio.run(Life(desk, engine_of=DeafEngine).run(at(10)))
    events = journalled(desk)
    (intended,) = [event for event in events if isinstance(event, OrderIntended)]
    assert 0 < intended.decided_at - at(1) < (SIMULATED_PACE.scan_s + 12) * NS_PER_S
    assert [event.name.value for event in events if isinstance(event, AlertRaised)] == ["wake_missed"]


def test_scans_find_nothing_on_a_day_with_faults() -> None:
    desk = desk_of(Setting(lot="0.001", fill_qty_max=Quantity(Decimal(2)), plan=FAULTS), DAY)
    CountingEngine.scans = 0
    life = Life(desk, engine_of=CountingEngine)
    asyncio.run(life.run(at(40)))
    assert CountingEngine.scans > 30
    assert len([event for event in journalled(desk) if isinstance(event, OrderIntended)]) > 3
    assert "wake_missed" not in [event.name.value for event in journalled(desk) if isinstance(event, AlertRaised)]
    assert life.engine.state.positions.net(OWNER, COIN).known == 0
