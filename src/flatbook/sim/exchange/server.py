"""A simulated exchange behind HTTP and WebSockets, over connections in memory as well as over TCP.

What is due in the books happens when its time comes, and not when somebody asks. Units: as in HttpBroker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.network.http_broker import Ask, BrokerFront, HttpBroker, Now, Rest, Told
from flatbook.sim.network.http_stream import Say, StreamDesk, Talk
from flatbook.values.instants import NS_PER_S, Instant


class ExchangeFront(BrokerFront, Protocol):
    """The front of an exchange in a protocol, with its streams."""

    @property
    def exchange(self) -> Exchange:
        """The exchange behind it."""

    @property
    def streams(self) -> StreamDesk:
        """Where its streams are opened."""


def _nothing() -> None:
    """Does nothing."""


def _nobody(_ask: Ask, _told: Told) -> None:
    """Tells nobody."""


class ExchangeServer(HttpBroker):
    """One exchange that is served. Implements the desks of HttpBroker by its front, and keeps its time.

    `acted` is called when something may have changed, before the answer that it led to is written; `told` is called
    with each request and what it is answered.
    """

    def __init__(self, front: ExchangeFront, *, now: Now, rest: Rest, fault_text: object) -> None:
        self.front, self.exchange = front, front.exchange
        self.acted: Callable[[], None] = _nothing
        self.told: Callable[[Ask, Told], None] = _nobody
        self._timer: asyncio.TimerHandle | None = None
        super().__init__(self, self.exchange.faults, now=now, rest=rest, fault_text=fault_text, streams=self)
        self.exchange.due_watchers.append(lambda _at: self._arm())

    def verb_of(self, ask: Ask) -> str:
        """Returns the name by which faults know a request."""
        return self.front.verb_of(ask)

    def ask(self, ask: Ask, now: Instant) -> Told:
        """Takes one request."""
        told = self.front.ask(ask, now)
        self._arm()
        self.acted()
        self.told(ask, told)
        return told

    def is_stream(self, ask: Ask) -> bool:
        """Whether a request asks for a stream."""
        return self.front.streams.is_stream(ask)

    def open(self, ask: Ask, say: Say, now: Instant) -> Talk:
        """Opens a stream."""
        self._arm()
        return self.front.streams.open(ask, say, now)

    def close(self) -> None:
        """Stops the clock of the books."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        """Sets the timer to the next thing that is due, where a loop runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        due = self.exchange.next_due()
        self.close()
        if due is not None:
            self._timer = loop.call_later(max(due - self._now(), 0) / NS_PER_S, self._tick)

    def _tick(self) -> None:
        self.exchange.advance(self._now())
        self._arm()
        self.acted()
