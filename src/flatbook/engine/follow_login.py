"""The task that looks from time to time until when the login of an account lasts."""

from __future__ import annotations

from typing import Protocol

from flatbook.engine.inputs import Item, LoginSeen
from flatbook.engine.ports import Clock, LoginClock
from flatbook.values.ids import AccountId
from flatbook.values.instants import later

LOGIN_LOOK_S = 15


class LoginHost(Protocol):
    """What the follower of a login needs of the engine."""

    async def put(self, item: Item) -> bool:
        """Hands an input to the loop and returns once it is committed, or False when it could not be folded."""
        ...


async def follow_login(host: LoginHost, account: AccountId, login: LoginClock, clock: Clock) -> None:
    """Looks every LOGIN_LOOK_S, for ever: a login that a person made is seen without a start."""
    while True:
        await host.put(LoginSeen(account=account, ends_at=login.ends_at()))
        await clock.sleep_until(later(clock.now(), seconds=LOGIN_LOOK_S))
