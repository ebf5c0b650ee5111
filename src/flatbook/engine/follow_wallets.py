"""The task that looks after one wallet: its open calls while there are any, and its coin from time to time."""

from __future__ import annotations

from typing import Protocol

from flatbook.engine.call_reports import CoinSight
from flatbook.engine.inputs import CoinRead, Item, WalletDue
from flatbook.engine.ports import ChainSender, Clock
from flatbook.state.calls import WalletKey
from flatbook.state.desk import State
from flatbook.values.instants import Instant, later

CALL_POLL_S = 2
COIN_POLL_S = 300
COIN_POLL_OPEN_S = 30


class WalletHost(Protocol):
    """What the follower of a wallet needs of the engine."""

    state: State

    async def put(self, item: Item) -> bool:
        """Hands an input to the loop and returns once it is committed, or False when it could not be folded."""
        ...


async def follow_wallet(host: WalletHost, wallet: WalletKey, sender: ChainSender, clock: Clock) -> None:
    """Looks for what is open every CALL_POLL_S, by a timer of its own and not by what nodes push, for ever.

    Source: a wait for a receipt that hung on a lost heartbeat (EVM-04 of the fault catalogue).
    """
    read_at = Instant(0)
    while True:
        is_open = bool(host.state.calls_of(wallet))
        if is_open:
            await host.put(WalletDue(wallet=wallet))
        if clock.now() >= later(read_at, seconds=COIN_POLL_OPEN_S if is_open else COIN_POLL_S):
            read_at = clock.now()
            sight = await sender.coin()
            if isinstance(sight, CoinSight):
                await host.put(CoinRead(wallet=wallet, sight=sight))
        await clock.sleep_until(later(clock.now(), seconds=CALL_POLL_S))
