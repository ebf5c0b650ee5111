"""The switch of a venue is armed again long before it acts, for ever, also after it was not armed."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from flatbook.engine.follow_switch import COUNTDOWN_S, RENEW_S, follow_switch
from flatbook.engine.rest import JITTER_PERCENT_MAX
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AccountId
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text

START = instant_of_text("2026-11-28T12:00:00Z")


class Switch:
    """A switch that is not armed at the second time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.armed: list[tuple[Instant, int]] = []
        self._loop = loop

    async def arm(self, seconds: int) -> bool:
        self.armed.append((self._loop.instant, seconds))
        return len(self.armed) != 2


def test_a_switch_is_armed_several_times_before_it_would_act() -> None:
    loop = VirtualLoop(START)
    switch = Switch(loop)

    async def followed() -> None:
        clock = LoopClock(loop)
        following = asyncio.create_task(follow_switch(AccountId("binance"), switch, clock))
        await clock.sleep_until(Instant(START + 600 * NS_PER_S))
        following.cancel()

    loop.run_until_complete(followed())
    instants = [at for at, _ in switch.armed]
    gaps_s = [(later - earlier) / NS_PER_S for earlier, later in pairwise(instants)]
    assert {seconds for _, seconds in switch.armed} == {60}
    assert instants[0] == START
    assert len(instants) > 35
    assert max(gaps_s) <= RENEW_S * (100 + JITTER_PERCENT_MAX) / 100
    assert max(gaps_s) * 3 < COUNTDOWN_S
