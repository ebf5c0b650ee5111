"""Nodes from a file: what nodes of a chain once answered, so that the same questions can be asked without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from flatbook.venues.evm.node import Node
from flatbook.venues.evm.rpc import Call, Outcome, Refused, RefusedFor, Result, Unanswered

FILE_BYTES_MAX = 1 << 26


class AnswersRefused(ValueError):
    """A file holds no recorded answers of nodes. Says what to do."""


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A call and its answer: a result, or for what it was refused."""

    method: str
    params: tuple[object, ...]
    result: object = None
    refused: RefusedFor | None = None
    detail: str = ""

    def outcome(self) -> Outcome:
        """Returns what became of the call."""
        refused = self.refused
        return Result(value=self.result) if refused is None else Refused(kind=refused, detail=self.detail)


class RecordedNode:
    """Answers what it was recorded with, and nothing else."""

    def __init__(self, name: str, said: Sequence[Said]) -> None:
        self.name = name
        self._said = {_key(each.method, each.params): each for each in said}

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        """Returns the recorded answer to each call; Unanswered where there is none."""
        return tuple(self._answer(call) for call in calls)

    def _answer(self, call: Call) -> Outcome:
        said = self._said.get(_key(call.method, call.params))
        return Unanswered(detail="the recording does not hold this call") if said is None else said.outcome()


class RecordingNode:
    """Asks a node and keeps what it answered."""

    def __init__(self, node: Node) -> None:
        self.name = node.name
        self.said: list[Said] = []
        self._node = node

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        """Asks all calls of the node behind it, and returns what became of each."""
        outcomes = await self._node.ask(calls)
        for call, outcome in zip(calls, outcomes, strict=True):
            if isinstance(outcome, Result):
                self.said.append(Said(method=call.method, params=call.params, result=outcome.value))
            elif isinstance(outcome, Refused):
                self.said.append(
                    Said(method=call.method, params=call.params, refused=outcome.kind, detail=outcome.detail)
                )
        return outcomes


def _key(method: str, params: Sequence[object]) -> bytes:
    return msgspec.json.encode((method, params), order="sorted")


def read_answers(path: Path) -> tuple[RecordedNode, ...]:
    """Returns the nodes of a file that `write_answers` wrote.

    Errors: AnswersRefused; OSError when it cannot be opened.
    """
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise AnswersRefused(f"{path.name} is above {FILE_BYTES_MAX} bytes: it holds no recorded answers")
    try:
        stated = msgspec.json.decode(content, type=dict[str, list[Said]])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise AnswersRefused(f"{path.name} holds no recorded answers ({error}): record them again") from error
    return tuple(RecordedNode(name, said) for name, said in stated.items())


def write_answers(path: Path, nodes: Sequence[RecordingNode]) -> None:
    """Writes what some nodes answered, a list for each of them.

    Errors: OSError.
    """
    content = msgspec.json.encode({node.name: node.said for node in nodes})
    path.write_bytes(msgspec.json.format(content, indent=1) + b"\n")
