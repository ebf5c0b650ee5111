"""What only a running engine knows: of itself, of its markets, and that it is gone."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest

from flatbook.api.answers.market import MarketBody, PriceBody
from flatbook.api.live import Live
from flatbook.engine.inputs import Command
from flatbook.engine.run import CommandAnswer
from flatbook.ops.clock import SystemClock
from flatbook.ops.control_client import NotRunning, RequestFailed
from flatbook.ops.control_socket import ControlServer, Doors

SEEN = MarketBody(
    now="2025-12-02T15:00:00Z",
    books=[],
    prices=[PriceBody(underlying="COIN", source="bars", price="250", happened_at=None, seen_at=None, age_s_max=300)],
    instruments=["COIN/USD@paper"],
)


async def refused(_command: Command) -> CommandAnswer:
    """Takes no command."""
    raise AssertionError("no command is given here")


def beside_engine(meet: Any) -> Any:
    """Returns what a test meets beside an engine that answers on its socket, and once it has gone."""

    async def scene(place: Path) -> Any:
        path = place / "run" / "engine.sock"
        doors = Doors(on_command=refused, status=lambda: {"pid": 7}, metrics=lambda: "", market=lambda: SEEN)
        server, live = ControlServer(path, doors), Live(path, SystemClock())
        await server.start()
        met = await meet(live)
        await server.close()
        await live.look()
        return met, live

    with tempfile.TemporaryDirectory(prefix="fb-") as place:
        return asyncio.run(asyncio.wait_for(scene(Path(place)), 30))


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
