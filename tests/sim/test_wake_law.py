"""A strategy asked on every input and observation decides what it decides when asked on its wakes, byte for byte.

Hypothesis: the wake that the hedge states names every moment at which its answer can change.
Mechanism: one engine asks on wakes; the other also after each input and each observation, in the same turn of time.
Premise: the second one really asks more often.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.engine.inputs import Command, Item, Verb, Woken
from flatbook.engine.run import Engine
from flatbook.events.codec import encode_events
from flatbook.market.quotes import Quote
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb as Request
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.strategies.hedge_terms import CloseRamp
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import Quantity
from tests.depth import examples
from tests.desk import HEDGE, LIMITS, Setting, desk_of, fill, journalled
from tests.lives import Life

EXAMPLES = 25
RAMP = CloseRamp(before_close_s=900, threshold_shares=Decimal("0.3"), collar_bps_max=400, reprice_s=60)
NEAR_CLOSE = instant_of_text("2025-11-28T17:30:00Z")
MINUTES = 50


class AskedOnEverything(Engine):
    """Asks every resumed strategy after each input and each observation, besides its wakes."""

    asked = 0

    def _enqueue(self, item: Item, waiter: Any) -> None:
        super()._enqueue(item, waiter)
        if not isinstance(item, Woken):
            self.ask()

    def observe(self, underlying: Underlying, source: SourceId, quote: Quote) -> bool:
        news = super().observe(underlying, source, quote)
        self.ask()
        return news

    def ask(self) -> None:
        for key in self.wakes.resumed():
            type(self).asked += 1
            super()._enqueue(Woken(key=key), None)


def faults(draw: st.DrawFn) -> FaultPlan:
    kinds = st.sampled_from([FaultKind.DROP_ANSWER, FaultKind.DROP_REQUEST, FaultKind.REJECT, FaultKind.PARTIAL])
    planned = [
        Fault(verb=Request.PLACE, kind=draw(kinds), number=number, share=Decimal("0.5"))
        for number in draw(st.sets(st.integers(1, 6), max_size=3))
    ]
    return FaultPlan(faults=tuple(sorted(planned, key=lambda fault: fault.number or 0)))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Setting, tuple[ScriptedBlocks, ...], Instant | None]:
    """Returns a desk near the close of a half day, a script of fills, and when an operator halts, if he does."""
    count = draw(st.integers(1, 8))
    script = []
    for number in range(1, count + 1):
        at = later(NEAR_CLOSE, seconds=draw(st.integers(1, MINUTES * 60)))
        side, shares = draw(st.sampled_from(["buy", "sell"])), draw(st.sampled_from(["0.4", "1", "1.7", "3.25"]))
        script.append(ScriptedBlocks(at=at, events=(fill(number, side, shares, at=at),)))
    script.sort(key=lambda blocks: blocks.at)
    setting = Setting(
        hedge=msgspec.structs.replace(HEDGE, ramp=draw(st.sampled_from([None, RAMP]))),
        limits=msgspec.structs.replace(LIMITS, collar_bps_max=500),
        start=NEAR_CLOSE,
        minutes=MINUTES,
        lot=draw(st.sampled_from(["1", "0.01"])),
        plan=faults(draw),
        fill_qty_max=draw(st.sampled_from([None, Quantity(Decimal(1))])),
        shares=draw(st.sampled_from(["10000", "2"])),
    )
    halted = later(NEAR_CLOSE, seconds=draw(st.integers(1, 1800))) if draw(st.booleans()) else None
    return setting, tuple(script), halted


def run(scene: tuple[Setting, tuple[ScriptedBlocks, ...], Instant | None], engine_of: type[Engine]) -> bytes:
    setting, script, halted = scene
    desk = desk_of(setting, script)
    life = Life(desk, engine_of=engine_of)

    async def live() -> None:
        halting = asyncio.create_task(halt_and_lift(life, halted)) if halted is not None else None
        await life.run(later(NEAR_CLOSE, seconds=MINUTES * 60 + 7200))
        if halting is not None:
            halting.cancel()

    asyncio.run(live())
    assert not life.engine.poisons
    return encode_events(journalled(desk))


async def halt_and_lift(life: Life, at: Instant) -> None:
    clock = life.desk.clock
    await clock.sleep_until(at)
    await life.engine.command(Command(key="h", actor="op", reason="look", verb=Verb.HALT, arguments={}))
    await clock.sleep_until(later(at, seconds=400))
    (halt_id,) = life.engine.state.halts
    arguments = {"halt_id": str(halt_id)}
    await life.engine.command(Command(key="l", actor="op", reason="seen", verb=Verb.LIFT, arguments=arguments))


@settings(max_examples=examples(EXAMPLES), deadline=None)
@given(scene=scenes())
def test_asked_on_everything_the_hedge_decides_as_on_its_wakes(
    scene: tuple[Setting, tuple[ScriptedBlocks, ...], Instant | None],
) -> None:
    AskedOnEverything.asked = 0
    on_wakes = run(scene, Engine)
    on_everything = run(scene, AskedOnEverything)
    assert AskedOnEverything.asked > len(scene[1])
    assert on_wakes == on_everything
