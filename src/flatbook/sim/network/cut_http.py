"""HTTP of a process that can be cut around each request."""

from __future__ import annotations

from flatbook.sim.world.process import Cut, Scissors
from flatbook.values.instants import Instant
from flatbook.venues.http import Carried, Http, Request


class CutHttp:
    """Carries requests, and counts each as a send of its life: cut before it leaves, or when its answer is there."""

    def __init__(self, inner: Http, scissors: Scissors) -> None:
        self._inner, self._scissors = inner, scissors

    async def send(self, request: Request, timeout_at: Instant) -> Carried:
        """Carries the request once."""
        number = self._scissors.send()
        self._scissors.reach(Cut.BEFORE_SEND, number)
        carried = await self._inner.send(request, timeout_at)
        self._scissors.reach(Cut.AFTER_SEND, number)
        return carried
