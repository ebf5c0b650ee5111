"""The ways to carry a request: in this process, and over a unix socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.ops.clock import SystemClock
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.server import BrokerServer
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.clock import TapeClock
from flatbook.values.ids import AccountId, OrderId
from flatbook.values.instants import Instant, later
from flatbook.venues.paper import wire
from flatbook.venues.paper.wire import InProcessTransport, Push, Sent, Served, UnixTransport
from tests.unit.sim.scene import at, minutes, spec

MAIN = AccountId("main")
BARS = {"COIN": minutes("14:30", "100")}


class Lost:
    """A server whose own disk is gone."""

    def serve(self, body: bytes, now: Instant) -> Served | None:
        raise OSError("disk")

    def listen(self, listener: Push) -> Callable[[], None]:
        raise OSError("disk")

    def next_due(self) -> Instant | None:
        raise OSError("disk")

    def advance(self, to: Instant) -> None:
        raise OSError("disk")


def test_a_broker_that_lost_its_ledger_is_no_answer_but_a_failure() -> None:
    async def scene() -> None:
        clock = TapeClock(at("15:00:00"))
        with pytest.raises(OSError, match="disk"):
            await InProcessTransport(Lost(), clock).send(b"{}", later(clock.now(), seconds=1))

    asyncio.run(scene())


def test_requests_on_their_way_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "FLYING_MAX", 1)

    async def scene() -> list[Sent]:
        clock = TapeClock(at("15:00:00"))
        transport = InProcessTransport(Broker(spec(), BARS), clock)
        first = asyncio.create_task(transport.send(b"?", later(clock.now(), seconds=1)))
        await asyncio.sleep(0)
        second = await transport.send(b"?", later(clock.now(), seconds=1))
        await clock.run_until(later(clock.now(), seconds=2))
        return [await first, second]

    first, second = asyncio.run(scene())
    assert isinstance(first, bytes)
    assert json.loads(first)["error"]["code"] == "malformed"
    assert second == NotSent(reason=NotSentReason.NO_CONNECTION)


async def over_socket(path: Path, *faults: Fault, timeout_ms: int = 5_000) -> Sent:
    clock = SystemClock()
    server = BrokerServer(Broker(spec(), BARS, plan=FaultPlan(faults=faults)), clock)
    await server.start(path)
    request = wire.find_request(MAIN, order_id=OrderId("fbone"), sent_at=clock.now())
    sent = await UnixTransport(path, clock).send(request, later(clock.now(), ms=timeout_ms))
    await server.close()
    return sent


@pytest.mark.real
def test_a_broker_behind_a_socket_answers(tmp_path: Path) -> None:
    sent = asyncio.run(over_socket(tmp_path / "broker.sock"))
    assert isinstance(sent, bytes)
    assert json.loads(sent)["error"]["code"] == "unknown_order"


@pytest.mark.real
def test_silence_behind_a_socket_is_a_time_out(tmp_path: Path) -> None:
    fault = Fault(verb=Verb.FIND, number=1, kind=FaultKind.DROP_ANSWER)
    sent = asyncio.run(over_socket(tmp_path / "broker.sock", fault, timeout_ms=50))
    assert sent == Unknown(reason=UnknownReason.TIMED_OUT)


@pytest.mark.real
def test_only_this_user_may_use_the_socket(tmp_path: Path) -> None:
    async def scene() -> int:
        server = BrokerServer(Broker(spec(), BARS), SystemClock())
        await server.start(tmp_path / "broker.sock")
        mode = (tmp_path / "broker.sock").stat().st_mode
        await server.close()
        return mode & 0o777

    assert asyncio.run(scene()) == 0o600


@pytest.mark.real
def test_a_socket_without_a_broker_was_never_sent_to(tmp_path: Path) -> None:
    async def scene() -> Sent:
        clock = SystemClock()
        return await UnixTransport(tmp_path / "none.sock", clock).send(b"{}", later(clock.now(), seconds=5))

    assert asyncio.run(scene()) == NotSent(reason=NotSentReason.NO_CONNECTION)


@pytest.mark.real
def test_a_connection_that_breaks_leaves_the_request_unknown(tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.close()

    async def scene() -> Sent:
        clock = SystemClock()
        server = await asyncio.start_unix_server(hang_up, str(tmp_path / "broker.sock"))
        sent = await UnixTransport(tmp_path / "broker.sock", clock).send(b"{}", later(clock.now(), seconds=5))
        server.close()
        await server.wait_closed()
        return sent

    assert asyncio.run(scene()) == Unknown(reason=UnknownReason.DISCONNECTED)


def test_a_message_with_an_absurd_length_is_not_read() -> None:
    async def scene() -> list[bytes | None]:
        answers = []
        for head in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x05abc", b"\x00"):
            reader = asyncio.StreamReader()
            reader.feed_data(head)
            reader.feed_eof()
            answers.append(await wire.read_message(reader))
        return answers

    assert asyncio.run(scene()) == [None, None, None]
