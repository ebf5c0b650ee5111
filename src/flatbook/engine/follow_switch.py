"""The task that keeps a venue from canceling our orders by itself: it does once we are gone.

What is open when the desk ends, is killed or hangs is canceled by the venue within COUNTDOWN_S.
"""

from __future__ import annotations

from flatbook.engine.ports import Clock, DeadMansSwitch
from flatbook.engine.rest import rest_until
from flatbook.values.ids import AccountId

COUNTDOWN_S = 60
RENEW_S = 15


async def follow_switch(account: AccountId, switch: DeadMansSwitch, clock: Clock) -> None:
    """Arms the switch of an account again and again, for ever; one that was not armed is armed with the next turn."""
    while True:
        await switch.arm(COUNTDOWN_S)
        await clock.sleep_until(rest_until(clock.now(), RENEW_S, "switch", account))
