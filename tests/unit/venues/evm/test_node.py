"""One node over HTTP: batches, time-outs, and rests when it asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.values.instants import Instant, later
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.evm.rpc import Call, Outcome, Refused, RefusedFor, Result, Unanswered
from flatbook.venues.http import Carried, Request
from tests.unit.sim.evm.scene import START, Wall
from tests.unit.venues.evm.sample import reply, result

HEAD = Call(method="eth_blockNumber")


class Line:
    """A line that carries what a test lays on it, and answers everything else."""

    def __init__(self, *laid: Carried) -> None:
        self.laid = list(laid)
        self.sent: list[tuple[Request, Instant]] = []

    async def send(self, request: Request, timeout_at: Instant) -> Carried:
        self.sent.append((request, timeout_at))
        if self.laid:
            return self.laid.pop(0)
        return reply([result("0x1", each["id"]) for each in msgspec.json.decode(request.body)])


def ask(node: RpcNode, calls: Sequence[Call] = (HEAD,)) -> tuple[Outcome, ...]:
    return asyncio.run(node.ask(calls))


def test_many_calls_travel_in_batches() -> None:
    line = Line()
    outcomes = ask(RpcNode(line, Wall(), name="one", path="/key"), [HEAD] * 250)
    assert outcomes == (Result(value="0x1"),) * 250
    assert [len(msgspec.json.decode(request.body)) for request, _ in line.sent] == [100, 100, 50]
    assert [request.path for request, _ in line.sent] == ["/key"] * 3


def test_a_node_that_asks_for_it_gets_no_batch_more() -> None:
    line = Line(reply(b"", 429))
    outcomes = ask(RpcNode(line, Wall(), name="one"), [HEAD] * 500)
    paced, waiting = Refused(kind=RefusedFor.PACE, detail="HTTP 429"), Unanswered(detail="the node asked us to wait")
    assert outcomes == (*[paced] * 100, *[Result(value="0x1")] * 300, *[waiting] * 100)
    assert len(line.sent) == 4


def test_a_node_has_ten_seconds() -> None:
    line = Line(Unknown(reason=UnknownReason.TIMED_OUT), NotSent(reason=NotSentReason.NO_CONNECTION))
    node = RpcNode(line, Wall(), name="one")
    assert ask(node) == (Unanswered(detail="no answer: timed_out"),)
    assert ask(node) == (Unanswered(detail="no answer: no_connection"),)
    assert line.sent[0][1] == later(START, seconds=10)


def test_a_node_that_asks_for_it_is_left_alone_twice_as_long_each_time() -> None:
    wall, busy = Wall(), reply(b"", 429)
    line = Line(busy, busy, busy)
    node = RpcNode(line, wall, name="one")
    waiting = (Unanswered(detail="the node asked us to wait"),)
    for rest_s in (1, 2, 4):
        assert ask(node) == (Refused(kind=RefusedFor.PACE, detail="HTTP 429"),)
        wall.wait(rest_s - 1)
        assert ask(node) == waiting
        wall.wait(1)
    assert ask(node) == (Result(value="0x1"),)
    assert len(line.sent) == 4
    assert ask(node) == (Result(value="0x1"),)


def test_a_rest_has_a_bound() -> None:
    wall = Wall()
    node = RpcNode(Line(*[reply(b"", 429)] * 10), wall, name="one")
    for _ in range(10):
        ask(node)
        wall.wait(60)
    assert ask(node) == (Result(value="0x1"),)
