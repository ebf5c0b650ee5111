"""One node of an EVM chain: calls in batches over HTTP, given up in time, and held back while the node asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from flatbook.engine.ports import Clock
from flatbook.values.instants import Instant, later
from flatbook.venues.evm.rpc import CALLS_MAX, Call, Outcome, Refused, RefusedFor, Unanswered, outcomes_of, request_of
from flatbook.venues.http import Http, Reply

READ_TIMEOUT_S = 10
REST_S_MAX = 60
BATCHES_AT_ONCE = 4


class Node(Protocol):
    """What answers calls about one chain. `name` is what people know it by; it holds no secret."""

    name: str

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        """Asks all calls and returns what became of each, in their order; never raises for what a node does."""
        ...


class RpcNode:
    """A node that speaks JSON-RPC over HTTP. Calls travel in batches of at most CALLS_MAX, BATCHES_AT_ONCE at a time.

    Needs: `path` with whatever key the address holds: it stands in no text that is told.
    """

    def __init__(
        self, http: Http, clock: Clock, *, name: str, path: str = "/", timeout_s: int = READ_TIMEOUT_S
    ) -> None:
        self.name = name
        self._http, self._clock, self._path, self._timeout_s = http, clock, path, timeout_s
        self._rests_s = 0
        self._rests_until = Instant(0)

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        """Asks all calls and returns what became of each, in their order.

        Errors: Unanswered for what got no answer in time or none that can be read, and without asking while the node
        wants us to wait.
        """
        batches = [calls[start : start + CALLS_MAX] for start in range(0, len(calls), CALLS_MAX)]
        outcomes: tuple[Outcome, ...] = ()
        for start in range(0, len(batches), BATCHES_AT_ONCE):
            outcomes += await self._ask_together(batches[start : start + BATCHES_AT_ONCE])
        return outcomes

    async def _ask_together(self, batches: Sequence[Sequence[Call]]) -> tuple[Outcome, ...]:
        if self._clock.now() < self._rests_until:
            return (Unanswered(detail="the node asked us to wait"),) * sum(map(len, batches))
        answered = await asyncio.gather(*(self._ask_batch(batch) for batch in batches))
        outcomes = tuple(outcome for batch in answered for outcome in batch)
        self._pace(outcomes)
        return outcomes

    async def _ask_batch(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        timeout_at = later(self._clock.now(), seconds=self._timeout_s)
        reply = await self._http.send(request_of(calls, self._path), timeout_at)
        if not isinstance(reply, Reply):
            return (Unanswered(detail=f"no answer: {reply.reason.value}"),) * len(calls)
        return outcomes_of(reply, len(calls))

    def _pace(self, outcomes: Sequence[Outcome]) -> None:
        """Rests twice as long after each answer that asks for it, up to REST_S_MAX, and not at all after any other."""
        if not any(isinstance(each, Refused) and each.kind is RefusedFor.PACE for each in outcomes):
            self._rests_s = 0
            return
        self._rests_s = min(max(1, 2 * self._rests_s), REST_S_MAX)
        self._rests_until = later(self._clock.now(), seconds=self._rests_s)
