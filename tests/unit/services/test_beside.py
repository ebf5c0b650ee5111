"""Processes beside an engine: started again when they end, and ended with it."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from flatbook.services.beside import Beside
from tests.unit.services.test_alerts import quiet

CHILD = """
import pathlib, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect(sys.argv[1])
    line.sendall(b"started")
    if pathlib.Path(sys.argv[2]).exists():
        sys.stdin.read()
        line.sendall(b" ended")
    pathlib.Path(sys.argv[2]).touch()
"""


def test_a_process_beside_an_engine_is_started_again_and_its_input_ends_with_the_engine(tmp_path: Path) -> None:
    """The first one ends by itself; the second one says when its input ended."""
    came: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def run(place: str) -> list[bytes]:
        beside = Beside((sys.executable, "-c", CHILD, f"{place}/line", f"{place}/second"), "not_told", again_s=0)
        async with await asyncio.start_unix_server(
            lambda reader, writer: came.put_nowait((reader, writer)), f"{place}/line"
        ):
            keeping = asyncio.create_task(beside.keep(quiet()))
            reader, first_writer = await came.get()
            first = await reader.read()
            second, second_writer = await came.get()
            begun = await second.readexactly(len(b"started"))
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            rest = await second.read()
            assert beside.process is not None
            beside.process.wait(30)
            first_writer.close()
            second_writer.close()
        return [first, begun, rest]

    with tempfile.TemporaryDirectory(prefix="fb-") as place:
        assert asyncio.run(asyncio.wait_for(run(place), 60)) == [b"started", b"started", b" ended"]


def test_a_program_that_cannot_be_started_stops_nothing(tmp_path: Path) -> None:
    async def run() -> bool:
        keeping = asyncio.create_task(Beside((str(tmp_path / "no-such-program"),), "not_told", again_s=0).keep(quiet()))
        for _ in range(20):
            await asyncio.sleep(0)
        alive = not keeping.done()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        return alive

    assert asyncio.run(run())
