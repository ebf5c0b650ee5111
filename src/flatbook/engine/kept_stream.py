"""A stream that is listened to for ever, and opened anew when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class KeptStream:
    """One stream of the outside. `keep` listens to it, and must let go of all that it holds when it is cancelled."""

    def __init__(self, keep: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._keep = keep
        self._listening: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Listens until the stream ends by itself, which it may never do; anew each time that it was closed.

        Errors: what listening raises.
        """
        while True:
            self._listening = asyncio.create_task(self._keep())
            try:
                return await self._listening
            except asyncio.CancelledError:
                if _is_being_cancelled():
                    raise

    def reconnect(self) -> None:
        """Closes the stream; once it is closed it is opened anew. One that is over stays over."""
        if self._listening is not None:
            self._listening.cancel()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
