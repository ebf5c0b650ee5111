"""New blocks as a node tells them over a WebSocket: a hint to look, and nothing else.

What it says of a block is not read: the poll finds out from all nodes. A node that falls silent, tells too much or
nonsense changes when a chain is looked at, and never what is taken. Source: geth, JSON-RPC PubSub: `eth_subscribe` with
`newHeads`; each head comes as a notification of the method `eth_subscription`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from flatbook.engine.ports import Clock
from flatbook.values.instants import later
from flatbook.venues.websocket import SessionSocket

SUBSCRIBE = '{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}'
RETRY_S = 10


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    method: str = ""


class Heads:
    """The heads of one node. `told` counts them. Needs: `path` with whatever key the address holds."""

    def __init__(self, socket: SessionSocket, path: str) -> None:
        self.told = 0
        self._socket, self._path = socket, path

    async def follow(self, hint: Callable[[], None], clock: Clock) -> None:
        """Gives a hint at each head, for ever; RETRY_S after a conversation ended it connects again."""

        def hear(message: bytes) -> tuple[str, ...]:
            if _is_head(message):
                self.told += 1
                hint()
            return ()

        while True:
            await self._socket.converse(self._path, (SUBSCRIBE,), hear)
            hint()
            await clock.sleep_until(later(clock.now(), seconds=RETRY_S))


def _is_head(message: bytes) -> bool:
    try:
        return msgspec.json.decode(message, type=_Told).method == "eth_subscription"
    except (msgspec.MsgspecError, RecursionError):
        return False
