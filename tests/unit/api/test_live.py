"""What only a running engine knows: of itself, of its markets, and that it is gone."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from flatbook.api.answers.market import MarketBody, PriceBody
from flatbook.api.live import ASKING_MAX, Live
from flatbook.engine.inputs import Command
from flatbook.engine.run import CommandAnswer
from flatbook.ops.clock import SystemClock
from flatbook.ops.control_client import NotRunning, RequestFailed
from flatbook.ops.control_socket import ControlServer, Doors
from flatbook.values.ids import Seq

SEEN = MarketBody(
    now="2025-12-02T15:00:00Z",
    books=[],
    prices=[PriceBody(underlying="COIN", source="bars", price="250", happened_at=None, seen_at=None, age_s_max=300)],
    instruments=["COIN/USD@paper"],
)


HALT = {"key": "k", "actor": "ann", "reason": "because", "verb": "halt", "arguments": {}}

Take = Callable[[Command], Awaitable[CommandAnswer]]


async def refused(_command: Command) -> CommandAnswer:
    """Takes no command."""
    raise AssertionError("no command is given here")


def beside_engine(meet: Any, take: Take = refused) -> Any:
    """Returns what a test meets beside an engine that answers on its socket, and once it has gone."""

    return asyncio.run(asyncio.wait_for(served(meet, take), 30))


async def served(meet: Any, take: Take) -> Any:
    with tempfile.TemporaryDirectory(prefix="fb-") as place:
        path = Path(place) / "run" / "engine.sock"
        doors = Doors(on_command=take, status=lambda: {"pid": 7}, metrics=lambda: "", market=lambda: SEEN)
        server, live = ControlServer(path, doors), Live(path, SystemClock())
        await server.start()
        met = await meet(live)
        await server.close()
        await live.look()
        return met, live


def test_an_engine_is_asked_how_it_stands_and_what_it_sees() -> None:
    async def meet(live: Live) -> tuple[Any, ...]:
        await live.look()
        return live.status.running, live.status.own, live.market["prices"][0]["price"], live.answers

    met, live = beside_engine(meet)
    assert met == (True, {"pid": 7}, "250", True)
    assert (live.status.running, live.market, live.answers) == (False, {}, False)


def test_a_request_that_is_none_is_refused_and_nobody_behind_a_socket_is_said() -> None:
    async def meet(live: Live) -> str:
        with pytest.raises(RequestFailed) as failed:
            await live.ask({"kind": "nonsense"}, 2)
        return failed.value.error

    met, live = beside_engine(meet)
    assert met == "malformed"
    with pytest.raises(NotRunning):
        asyncio.run(live.ask({"kind": "ping"}, 1))


def test_however_many_halts_come_at_once_each_is_taken() -> None:
    taken: list[str] = []

    async def take(command: Command) -> CommandAnswer:
        await asyncio.sleep(0)
        taken.append(command.key)
        return CommandAnswer(seq=Seq(len(taken)), accepted=True, repeated=False, why=None)

    async def meet(live: Live) -> list[bool]:
        halts = [{"kind": "command", "command": {**HALT, "key": f"k{number}"}} for number in range(200)]
        answers = await asyncio.gather(*(live.ask(each, 20, stops=True) for each in halts))
        return [each["accepted"] for each in answers]

    met, _ = beside_engine(meet, take)
    assert met == [True] * 200
    assert sorted(taken) == sorted(f"k{number}" for number in range(200))


def test_a_halt_waits_for_nothing_that_does_not_stop_and_what_has_no_turn_was_not_sent() -> None:
    taken: list[str] = []

    async def scene() -> None:
        release, arrivals = asyncio.Event(), asyncio.Semaphore(0)

        async def take(command: Command) -> CommandAnswer:
            taken.append(command.verb.value)
            if command.verb.value != "halt":
                arrivals.release()
                await release.wait()
            return CommandAnswer(seq=Seq(1), accepted=True, repeated=False, why=None)

        async def meet(live: Live) -> None:
            flatten = {"kind": "command", "command": {**HALT, "verb": "flatten"}}
            waiting = [asyncio.create_task(live.ask(flatten, 20)) for _ in range(ASKING_MAX)]
            for _ in waiting:
                await arrivals.acquire()
            with pytest.raises(RequestFailed, match="nothing was done") as failed:
                await live.ask(flatten, 0.05)
            assert failed.value.error == "busy"
            assert (await live.ask({"kind": "command", "command": HALT}, 20, stops=True))["accepted"] is True
            release.set()
            await asyncio.gather(*waiting)

        await served(meet, take)

    asyncio.run(asyncio.wait_for(scene(), 30))
    assert taken == [*["flatten"] * ASKING_MAX, "halt"]
