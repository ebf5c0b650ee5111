"""Nodes that a source asks without a network, with their JSON as it would travel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from flatbook.engine.ports import ChainRead
from flatbook.events.event import Event
from flatbook.sim.evm.node import RpcError, SimulatedNode
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo
from flatbook.venues.evm.rpc import Call, Outcome, Unanswered, outcomes_of
from flatbook.venues.http import Reply
from tests.unit.sim.evm.scene import Chain, Faulty, Wall, contracts, node_of


def reply(content: object, status: int = 200) -> Reply:
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Reply(status=status, headers={}, body=body)


def result(value: object, number: int = 0) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "result": value}


class DirectNode:
    """A simulated node asked in this process. `asked` are all calls; `stated` and `change` are for tests.

    `stated` replaces the result of a method, `change` makes another result of the one that the node gave.
    """

    def __init__(self, name: str, node: SimulatedNode) -> None:
        self.name, self.node = name, node
        self.is_silent = False
        self.asked: list[Call] = []
        self.stated: dict[str, object] = {}
        self.change: Callable[[Call, Any], object] = lambda _call, found: found

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        self.asked += calls
        if self.is_silent:
            return (Unanswered(detail="no answer: timed_out"),) * len(calls)
        self.node.follow()
        answers = []
        for number, call in enumerate(calls):
            found = self.change(call, self.node.answer(call.method, list(call.params)))
            found = self.stated.get(call.method, found)
            answers.append(
                {"id": number, "error": msgspec.to_builtins(found)}
                if isinstance(found, RpcError)
                else result(found, number)
            )
        return outcomes_of(reply(answers), len(calls))


class Bench:
    """A chain, two nodes of it with their faults, and a source that reads them, with the cursor it left."""

    def __init__(self, *, ratios: Any = None, chain_ids: tuple[int, int] = (8453, 8453), **upto: Any) -> None:
        self.wall = Wall()
        self.chain = Chain(self.wall, ratios)
        self.faults = (Faulty(), Faulty())
        self.nodes = [
            DirectNode(f"node-{number}", node_of(self.chain, faults, chain_id=chain_id))
            for number, (faults, chain_id) in enumerate(zip(self.faults, chain_ids, strict=True), 1)
        ]
        self.upto = ReadUpTo(**{"first_block": 1, **upto})
        self.cursor = ""
        self.restart()

    def restart(self) -> None:
        """Makes a new source, which remembers nothing but the cursor."""
        self.source = EvmLogSource(self.nodes, contracts().config(), self.wall, self.upto)

    async def read(self) -> ChainRead | None:
        """Reads once and takes the cursor."""
        found = await self.source.read(self.cursor)
        if found is not None:
            self.cursor = found.cursor
        return found

    async def events(self) -> list[Event]:
        """Reads until nothing more comes, and returns all events."""
        events: list[Event] = []
        while (found := await self.read()) is not None:
            assert found.trouble is None
            events += found.events
        return events
