"""A verb of ours in a process of its own, bounded in time and in words, behind the engine and the API."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from flatbook.api.courtesy import NICE_OF_VERBS, step_back
from flatbook.ops.home import BY_LINES, PROGRESS_VARIABLE

ERROR = "flatbook.error.v1"
OUTPUT_BYTES_MAX = 4 * 1024 * 1024
LINE_BYTES_MAX = 64 * 1024
SAID_LINES_MAX = 20
END_S = 5


class SaidTooMuch(Exception):
    """A process said more than is kept. Says how much that is."""


class Ran(NamedTuple):
    """How a process ended, and all that it answered."""

    exit_code: int
    output: bytes


async def run_verb(words: Sequence[str], most_s: int, said: list[str], fed: bytes = b"") -> Ran:
    """Runs a verb to its end; it is ended with whoever waits for it. `said` gets its last lines on standard error.

    `fed` is all that stands on its standard input: what nobody may read in its words.

    Errors: TimeoutError after `most_s` seconds; SaidTooMuch; OSError where it cannot be started.
    """
    process = await _started(words)
    try:
        async with asyncio.timeout(most_s):
            outputs = _whole(process.stdout), _listen(process.stderr, said), _feed(process.stdin, fed)
            output, _, _ = await asyncio.gather(*outputs)
            return Ran(await process.wait(), output)
    finally:
        await _ended(process)


async def _started(words: Sequence[str]) -> asyncio.subprocess.Process:
    """Starts a process that stands behind all others, in a group of its own."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flatbook", *words),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env={**os.environ, PROGRESS_VARIABLE: BY_LINES},
        start_new_session=True,
        limit=LINE_BYTES_MAX,
    )
    step_back(process.pid, NICE_OF_VERBS)
    return process


async def _feed(stream: asyncio.StreamWriter | None, fed: bytes) -> None:
    """Writes all that a process may read; one that ends before it has read that says why itself."""
    assert stream is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(fed)
        await stream.drain()
        stream.close()
        await stream.wait_closed()


async def _whole(stream: asyncio.StreamReader | None) -> bytes:
    """Returns all that a process says.

    Errors: SaidTooMuch.
    """
    assert stream is not None
    output = bytearray()
    while part := await stream.read(LINE_BYTES_MAX):
        output += part
        if len(output) > OUTPUT_BYTES_MAX:
            raise SaidTooMuch(f"it said more than {OUTPUT_BYTES_MAX} bytes")
    return bytes(output)


async def _listen(stream: asyncio.StreamReader | None, said: list[str]) -> None:
    """Keeps the last lines that a process says beside its answer; a line that never ends is cut."""
    assert stream is not None
    rest = b""
    while part := await stream.read(LINE_BYTES_MAX):
        *lines, rest = (rest + part).replace(b"\r", b"\n").split(b"\n")
        rest = rest[:LINE_BYTES_MAX]
        said += [text for line in lines if (text := _printable(line))]
        del said[:-SAID_LINES_MAX]
    if text := _printable(rest):
        said.append(text)


def _printable(line: bytes) -> str:
    return "".join(each for each in line.decode("utf-8", "replace") if each.isprintable()).strip()


def failure_of(answer: Mapping[str, Any]) -> str | None:
    """Returns in one line what a verb says of its failure; None where its answer is none."""
    if answer.get("schema") != ERROR:
        return None
    return "; ".join(str(answer[name]) for name in ("what", "do") if answer.get(name)) or "it failed"


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Ends a process that still runs, with all that it has begun: they are asked to, and after END_S killed."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
