"""What the sessions of independent clients share: their interpreters, and our servers over TCP on this machine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from flatbook.values.instants import Instant

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / ".venv-clients"
SESSION_S_MAX = 60
MS = 0.001


def client_python(name: str) -> str:
    """Returns the interpreter that has a client, or skips."""
    program = CLIENTS / name / "bin" / "python"
    if not program.exists():
        pytest.skip(f"no client {name}: make clients")
    return str(program)


def clock_from(start: Instant) -> Callable[[], Instant]:
    """Returns a clock that stood at an instant when it was made."""
    began = time.monotonic_ns()
    return lambda: Instant(start + time.monotonic_ns() - began)


async def rest(ms: int) -> None:
    """Lets time pass."""
    await asyncio.sleep(ms * MS)


def session_of(name: str, script: str, serving: Callable[[], web.ServerRunner], *arguments: str) -> Any:
    """Serves on a free port, runs a script with the client's interpreter, and returns what it printed as JSON.

    Needs: `serving` makes the runner of the server. The script gets its address, then the arguments.
    """
    python = client_python(name)

    async def scene() -> tuple[int | None, bytes, bytes]:
        runner = serving()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            python, str(HERE / script), url, *arguments, stdout=pipe, stderr=pipe
        )
        try:
            out, err = await asyncio.wait_for(child.communicate(), SESSION_S_MAX)
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
            await runner.cleanup()
        return child.returncode, out, err

    code, out, err = asyncio.run(scene())
    assert code == 0, err.decode()[-4000:]
    return json.loads(out)
