"""Faults made in a running paper desk because an operator asks: lost answers, stalled prices, replaced blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from flatbook.engine.inputs import Command, Verb
from flatbook.engine.ports import ChainRead, ChainSource, Clock
from flatbook.engine.run import CommandAnswer
from flatbook.engine.take_chaos import DROP, REORG, STALL
from flatbook.market.quotes import Quote
from flatbook.services.prices import Observe
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant, later
from flatbook.venues.paper.wire import Push, Served, Server

CURSORS_MAX = 256
PLACE = "place"


class LossyServer:
    """A paper broker whose answers to orders get lost while it is told so: it acts, and nobody hears of it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.to_lose = 0

    def serve(self, body: bytes, now: Instant) -> Served | None:
        """Answers a request; None when the answer is lost."""
        served = self._server.serve(body, now)
        if self.to_lose and msgspec.json.decode(body).get("verb") == PLACE:
            self.to_lose -= 1
            return None
        return served

    def listen(self, listener: Push) -> Callable[[], None]:
        """Pushes executions, also those of orders whose answer was lost."""
        return self._server.listen(listener)

    def next_due(self) -> Instant | None:
        """Returns when something happens next without a request."""
        return self._server.next_due()

    def advance(self, to: Instant) -> None:
        """Lets everything happen that happens until `to`."""
        self._server.advance(to)


class ShakenSource:
    """A chain source whose newest blocks are replaced once when it is told so, and then stand again as they were.

    Needs: CURSORS_MAX cursors are remembered; before the oldest of them it reads on from the beginning, and what is
    known is dropped by its identity.
    """

    def __init__(self, source: ChainSource) -> None:
        self._source = source
        self._cursors: deque[str] = deque(maxlen=CURSORS_MAX)
        self.depth = 0

    @property
    def source(self) -> SourceId:
        """The name under which the cursor is stored."""
        return self._source.source

    async def read(self, cursor: str) -> ChainRead | None:
        """Returns what follows the cursor, or that blocks behind it were replaced."""
        if self.depth and cursor:
            removed_from, self.depth = max(0, _number_of(cursor) - self.depth + 1), 0
            while self._cursors and _number_of(self._cursors[-1]) >= removed_from:
                self._cursors.pop()
            earlier = self._cursors[-1] if self._cursors else ""
            return ChainRead(source=self.source, events=(), cursor=earlier, removed_from=removed_from)
        read = await self._source.read(cursor)
        if read is not None and read.cursor:
            self._cursors.append(read.cursor)
        return read


class Chaos:
    """What an operator can break on one desk."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._servers: dict[str, LossyServer] = {}
        self._sources: list[ShakenSource] = []
        self._stalled_until: Instant | None = None

    def lossy(self, account: str, server: Server) -> LossyServer:
        """Returns a broker whose answers can be lost."""
        self._servers[account] = LossyServer(server)
        return self._servers[account]

    def shaken(self, source: ChainSource) -> ShakenSource:
        """Returns a source whose blocks can be replaced."""
        self._sources.append(ShakenSource(source))
        return self._sources[-1]

    def observing(self, observe: Observe) -> Observe:
        """Returns what takes prices, unless they are stalled."""

        def observed(underlying: Underlying, source: SourceId, quote: Quote) -> bool:
            if self._stalled_until is not None and self._clock.now() < self._stalled_until:
                return False
            return observe(underlying, source, quote)

        return observed

    def hear(self, command: Command, answer: CommandAnswer) -> None:
        """Makes the fault of a command that was accepted just now; one that is repeated is not made again."""
        if command.verb is not Verb.CHAOS or not answer.accepted or answer.repeated:
            return
        arguments = command.arguments
        fault = arguments["fault"]
        if fault == DROP:
            self._servers[arguments["account"]].to_lose += int(arguments["count"])
        elif fault == STALL:
            self._stalled_until = later(self._clock.now(), seconds=int(arguments["seconds"]))
        elif fault == REORG:
            for source in self._sources:
                source.depth = int(arguments["depth"])


def _number_of(cursor: str) -> int:
    return int(cursor.partition(":")[0])
