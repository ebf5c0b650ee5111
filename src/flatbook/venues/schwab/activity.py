"""The stream of account activity of one login, which tells each of its accounts to ask at once.

Schwab allows a customer one stream: a second one ends the first. So one conversation serves all accounts of a login.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from flatbook.venues.http import Reply
from flatbook.venues.schwab.lanes import Lane
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.streamer import (
    Heard,
    StreamPlace,
    login_text,
    meaning_of,
    preference_answer,
    preference_request,
    subscription_text,
)
from flatbook.venues.silence import StreamEnd
from flatbook.venues.websocket import Hear

Ask = Callable[[], None]


class Socket(Protocol):
    """A way to hold a conversation."""

    async def converse(self, path: str, opening: tuple[str, ...], hear: Hear) -> StreamEnd:
        """Holds one conversation until it ends."""
        ...


class AccountActivity:
    """The stream of one login. `socket` makes the way to the host that Schwab names."""

    def __init__(self, line: SchwabLine, login: Login, *, socket: Callable[[str], Socket]) -> None:
        self._line, self._login, self._socket = line, login, socket
        self._asks: dict[str, Ask] = {}
        self._running: asyncio.Task[None] | None = None

    async def follow(self, number: str, ask: Ask) -> None:
        """Calls `ask` whenever something may have happened on an account, until the stream ends.

        Needs: one follower for each account number.
        Gives: returns where nobody is logged in, where Schwab does not say where its stream is, and when it ended.
        """
        self._asks[number] = ask
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        running = self._running
        try:
            await asyncio.shield(running)
        finally:
            self._asks.pop(number, None)
            if not self._asks:
                running.cancel()

    async def _run(self) -> None:
        reply = await self._line.ask(preference_request(), Lane.READ)
        place = preference_answer(reply) if isinstance(reply, Reply) else None
        tokens = self._login.tokens
        if isinstance(place, StreamPlace) and tokens is not None:
            opening = (login_text(place, tokens.access),)
            await self._socket(place.origin).converse(place.path, opening, lambda message: self._hear(place, message))

    def _hear(self, place: StreamPlace, message: bytes) -> tuple[str, ...]:
        heard = meaning_of(message)
        if heard is Heard.SHUT_OUT:
            self._login.doubt()
        if heard is Heard.ACTIVITY:
            for ask in tuple(self._asks.values()):
                ask()
        return (subscription_text(place),) if heard is Heard.LET_IN else ()
