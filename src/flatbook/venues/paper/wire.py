"""Bytes to and from the paper broker: the requests, and the ways to carry them.

JSON, protocol version 1. A request is an object with `v`, `verb`, `account`, `sent_at` and the fields of its verb:
place, cancel, find, executions, statement, quote, clock. An answer is `{v, at, ok: {...}}` or
`{v, at, error: {code, message}}`; a push is `{v, at, execution: {...}}`. Numbers are texts, instants RFC 3339. On a
socket each message follows its length in four bytes, highest first; one connection carries one request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from flatbook.engine.ports import ApprovedOrder, Clock
from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.values.ids import AccountId, OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, Instant, text_of_instant
from flatbook.values.money import plain

VERSION = 1
LENGTH_BYTES = 4
MESSAGE_BYTES_MAX = 4_194_304
FLYING_MAX = 1_024

Sent = bytes | Unknown | NotSent
Push = Callable[[bytes], None]

_TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
_DISCONNECTED = Unknown(reason=UnknownReason.DISCONNECTED)
_NO_CONNECTION = NotSent(reason=NotSentReason.NO_CONNECTION)


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and how long after the request it arrives. Units: nanoseconds."""

    body: bytes
    after_ns: int


class Server(Protocol):
    """The far end: a paper broker in this process. It lives in time by being asked and moved on."""

    def serve(self, body: bytes, now: Instant) -> Served | None:
        """Answers a request that arrives at `now`; None when request or answer is lost."""
        ...

    def listen(self, listener: Push) -> Callable[[], None]:
        """Pushes the bytes of later executions to a listener. Returns what ends that."""
        ...

    def next_due(self) -> Instant | None:
        """Returns when something happens next without a request; None when nothing does."""
        ...

    def advance(self, to: Instant) -> None:
        """Lets everything happen that happens until `to`, included."""
        ...


class Transport(Protocol):
    """One way to carry a request."""

    async def send(self, request: bytes, timeout_at: Instant) -> Sent:
        """Carries the request once and returns the answer, or what is known of its fate at `timeout_at`.

        Errors: Unknown when the request may have arrived, NotSent when it provably did not; never raises for them.
        """
        ...

    async def watch(self, push: Push) -> bool:
        """Carries pushes until they end, then returns True; False at once where the transport carries none."""
        ...


class InProcessTransport:
    """Carries requests to a broker object; flights last as long on the engine's clock as the broker says.

    Units: `outward_ms` is how long a request flies. A request on its way is not called back by a time-out.
    """

    def __init__(self, server: Server, clock: Clock, *, outward_ms: int = 0) -> None:
        self._server = server
        self._clock = clock
        self._outward_ms = outward_ms
        self._flying: dict[asyncio.Task[None], None] = {}
        self._stirred = asyncio.Event()

    async def send(self, request: bytes, timeout_at: Instant) -> Sent:
        """Carries the request to the broker object and returns its answer, or Unknown at the time-out.

        Errors: NotSent when FLYING_MAX requests are on their way. Raises only what the broker object itself raises,
        when its own ledger is lost.
        """
        if len(self._flying) >= FLYING_MAX:
            return _NO_CONNECTION
        answer: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        flight = asyncio.create_task(self._fly(request, answer))
        self._flying[flight] = None
        flight.add_done_callback(partial(self._landed, answer))
        return await _first(answer, _time_out(self._clock, timeout_at, answer))

    def _landed(self, answer: asyncio.Future[Sent], flight: asyncio.Task[None]) -> None:
        self._flying.pop(flight, None)
        fault = None if flight.cancelled() else flight.exception()
        if fault is not None and not answer.done():
            answer.set_exception(fault)

    async def _fly(self, request: bytes, answer: asyncio.Future[Sent]) -> None:
        await self._clock.sleep_until(Instant(self._clock.now() + self._outward_ms * NS_PER_MS))
        served = self._server.serve(request, self._clock.now())
        self._stirred.set()
        if served is None:
            return
        await self._clock.sleep_until(Instant(self._clock.now() + served.after_ns))
        _settle(answer, served.body)

    async def watch(self, push: Push) -> bool:
        """Carries the pushes of the broker object and moves it on when something is due, until it is cancelled."""
        stop = self._server.listen(push)
        try:
            while True:
                due = self._server.next_due()
                if due is not None and due <= self._clock.now():
                    self._server.advance(self._clock.now())
                else:
                    await self._until_due(due)
        finally:
            stop()

    async def _until_due(self, due: Instant | None) -> None:
        """Returns at an instant, or before it once a request may have changed what is due."""
        self._stirred.clear()
        timer = None if due is None else asyncio.create_task(self._stir_at(due))
        try:
            await self._stirred.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _stir_at(self, at: Instant) -> None:
        await self._clock.sleep_until(at)
        self._stirred.set()


class UnixTransport:
    """Carries requests to a broker in another process over its unix socket."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    async def send(self, request: bytes, timeout_at: Instant) -> Sent:
        """Carries the request over a connection of its own.

        Errors: NotSent when nobody listens on the socket; Unknown after a time-out or a broken connection.
        """
        answer: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        exchange = asyncio.create_task(self._exchange(request, answer))
        try:
            return await _first(answer, _time_out(self._clock, timeout_at, answer))
        finally:
            exchange.cancel()

    async def _exchange(self, request: bytes, answer: asyncio.Future[Sent]) -> None:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._path))
        except OSError:
            _settle(answer, _NO_CONNECTION)
            return
        try:
            await write_message(writer, request)
            body = await read_message(reader)
            _settle(answer, _DISCONNECTED if body is None else body)
        except OSError:
            _settle(answer, _DISCONNECTED)
        finally:
            writer.close()

    async def watch(self, push: Push) -> bool:  # noqa: ARG002
        """Carries no pushes."""
        return False


async def _first(answer: asyncio.Future[Sent], time_out: Coroutine[None, None, None]) -> Sent:
    timer = asyncio.create_task(time_out)
    try:
        return await answer
    finally:
        timer.cancel()


async def _time_out(clock: Clock, at: Instant, answer: asyncio.Future[Sent]) -> None:
    await clock.sleep_until(at)
    _settle(answer, _TIMED_OUT)


def _settle(answer: asyncio.Future[Sent], sent: Sent) -> None:
    if not answer.done():
        answer.set_result(sent)


async def write_message(writer: asyncio.StreamWriter, body: bytes) -> None:
    """Writes one message with its length before it.

    Errors: OSError when the connection broke.
    """
    writer.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    await writer.drain()


async def read_message(reader: asyncio.StreamReader) -> bytes | None:
    """Reads one message; None when the connection ends before its end, or it states a length above the bound.

    Errors: OSError when the connection broke.
    """
    try:
        length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
        return None if length > MESSAGE_BYTES_MAX else await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None


def _request(verb: str, account: AccountId, sent_at: Instant, **fields: object) -> bytes:
    return msgspec.json.encode(
        {"verb": verb, "v": VERSION, "account": account, "sent_at": text_of_instant(sent_at), **fields}
    )


def place_request(order: ApprovedOrder, *, symbol: str, extended_hours: bool, sent_at: Instant) -> bytes:
    """Returns the request that places an order as a DAY order which ends at its good_until at the latest.

    Gives: an order without limit never asks for extended hours; brokers refuse that.
    """
    return _request(
        "place",
        order.account,
        sent_at,
        client_order_id=order.order_id,
        symbol=symbol,
        side=order.side.value,
        qty=plain(order.qty),
        limit_price=None if order.limit is None else plain(order.limit),
        time_in_force="day",
        extended_hours=extended_hours and order.limit is not None,
        good_until=text_of_instant(order.good_until),
    )


def cancel_request(
    account: AccountId, *, order_id: OrderId, venue_order_id: VenueOrderId | None, sent_at: Instant
) -> bytes:
    """Returns the request that cancels an order by the venue's id where we know it, else by ours."""
    by_ours = order_id if venue_order_id is None else None
    return _request("cancel", account, sent_at, order_id=venue_order_id, client_order_id=by_ours)


def find_request(account: AccountId, *, order_id: OrderId, sent_at: Instant) -> bytes:
    """Returns the request that asks for an order by our client id."""
    return _request("find", account, sent_at, client_order_id=order_id)


def executions_request(account: AccountId, *, cursor: str, sent_at: Instant) -> bytes:
    """Returns the request for the executions after a cursor."""
    return _request("executions", account, sent_at, after=cursor)


def statement_request(account: AccountId, *, sent_at: Instant) -> bytes:
    """Returns the request for open orders, holdings and balances."""
    return _request("statement", account, sent_at)


def quote_request(account: AccountId, *, symbol: str, sent_at: Instant) -> bytes:
    """Returns the request for the price of a symbol."""
    return _request("quote", account, sent_at, symbol=symbol)
