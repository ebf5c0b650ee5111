"""The task that lets the risk monitors look: once a second, and the loop hears of it only where something changes."""

from __future__ import annotations

from flatbook.engine.follow import Host
from flatbook.engine.ports import Clock
from flatbook.engine.rules import Rules
from flatbook.engine.take_risk import CalmSince, monitors_due
from flatbook.market.quotes import Market
from flatbook.values.instants import later

LOOK_S = 1


async def follow_risk(host: Host, market: Market, rules: Rules, clock: Clock) -> None:
    """Looks at every monitor each LOOK_S, for ever."""
    for name, monitor in rules.monitors.items():
        market.candles.watch(name, monitor.watch)
    calm_since: CalmSince = {}
    while True:
        now = clock.now()
        for due in monitors_due(host.state, market, rules, calm_since, host.wakes.began_at or now, now):
            await host.put(due)
        await clock.sleep_until(later(clock.now(), seconds=LOOK_S))
