"""The line of one key to Binance: what it may still ask, what time it is there, and the signature of each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import ClockReading, NotSent
from flatbook.events.orders import NotSentReason
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.venues.binance.markets import HEADERS, WEIGHT
from flatbook.venues.binance.signing import KEY_HEADER, SIGNATURE, signature_of
from flatbook.venues.http import Carried, Http, Reply, Request, encoded
from flatbook.venues.rate_budget import Lane, RateBudget, Reading

READ_TIMEOUT_S = 10
RECV_WINDOW = "recvWindow"
OFFSET_MS_MAX = 500
COUNT_DIGITS_MAX = 12
REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)

Credentials = Callable[[], tuple[str, str]]


class BinanceKey:
    """A key with the time at Binance: it proves who sends a request. Nothing of the secret is kept.

    `offset_ns` is how far the clock of Binance is ahead of ours, as it was measured last.
    """

    def __init__(self, clock: Clock, credentials: Credentials) -> None:
        self._clock, self._credentials = clock, credentials
        self.offset_ns = 0

    def timestamp_ms(self) -> int:
        """Returns the present millisecond of Binance."""
        return (self._clock.now() + self.offset_ns) // NS_PER_MS

    def headers(self) -> dict[str, str]:
        """Returns the header that names the key."""
        return {KEY_HEADER: self._credentials()[0]}

    def sign(self, request: Request) -> Request:
        """Returns a request as it is sent: one that ends with a window is stamped and signed over what travels.

        Gives: the signature stands last, over the query as it is percent-encoded on the wire.
        """
        if not request.query or request.query[-1][0] != RECV_WINDOW:
            return request
        stamped = f"{encoded(request.query)}&timestamp={self.timestamp_ms()}"
        proof = signature_of(stamped, secret=self._credentials()[1])
        text = f"{stamped}&{SIGNATURE}={proof}" if proof.isalnum() else f"{stamped}&{encoded(((SIGNATURE, proof),))}"
        return msgspec.structs.replace(request, query_signed=text)

    def secret(self) -> str:
        """Returns the secret, for what is signed beside requests over HTTP."""
        return self._credentials()[1]

    def learn(self, reading: ClockReading) -> None:
        """Takes what the clock of Binance showed. The middle of asking and answering stands for its moment."""
        ours = (reading.asked_at + reading.answered_at) // 2
        self.offset_ns = (reading.earliest + reading.latest) // 2 - ours

    def is_apart(self) -> bool:
        """Returns whether the clocks are so far apart that no order may be sent."""
        return abs(self.offset_ns) > OFFSET_MS_MAX * NS_PER_MS


class BinanceLine:
    """Carries requests of one key within its budget.

    Needs: `http` signs with `key.sign` and names it with `key.headers`.
    """

    def __init__(self, http: Http, clock: Clock, key: BinanceKey, budget: RateBudget) -> None:
        self._http, self._clock = http, clock
        self.key, self.budget = key, budget

    async def ask(
        self, request: Request, lane: Lane, weight: int, timeout_s: int = READ_TIMEOUT_S, orders: tuple[str, ...] = ()
    ) -> Carried:
        """Carries a request when its lane has room.

        Units: seconds; `orders` are the gauges of which it takes one order each.
        Errors: NotSent where there is no room, or Binance asked to wait.
        """
        costs = {WEIGHT: weight, **dict.fromkeys(orders, 1)}
        if not self.budget.take(costs, lane, self._clock.now()):
            return REFUSED_LOCALLY
        reply = await self._http.send(request, later(self._clock.now(), seconds=timeout_s))
        if isinstance(reply, Reply):
            now = self._clock.now()
            self.budget.learn(readings_of(reply.headers), now)
            self.budget.learn_refusal(reply, now)
        return reply


def readings_of(headers: Mapping[str, str]) -> dict[str, Reading]:
    """Returns what the headers of a reply say was used; one that is no number says nothing."""
    return {
        gauge: Reading(used=int(headers[name]))
        for name, gauge in HEADERS.items()
        if name in headers and _is_count(headers[name])
    }


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= COUNT_DIGITS_MAX


def reading_of(server_ms: int, *, asked_at: Instant, answered_at: Instant) -> ClockReading:
    """Returns what a clock that states whole milliseconds showed."""
    shown = Instant(server_ms * NS_PER_MS)
    return ClockReading(asked_at=asked_at, answered_at=answered_at, earliest=shown, latest=later(shown, ms=1))
