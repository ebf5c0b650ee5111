"""Secrets that a program prints, such as a password manager: no shell, bounded in time and size."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping

from flatbook.ops.secret_files import SECRET_BYTES_MAX, text_of
from flatbook.ops.secret_value import SecretRefused

PROGRAM_TIMEOUT_S = 10
CHUNK_BYTES = 4096


def run_program(command: str, environment: Mapping[str, str], *, timeout_s: float = PROGRAM_TIMEOUT_S) -> str:
    """Returns what a program writes to standard output, without its last end of line.

    The words are split as a shell would, and nothing else of a shell is done. What the program says on standard
    error is thrown away: it may hold the secret.

    Errors: SecretRefused when it cannot start, fails, prints too much or takes too long.
    """
    words = _words(command)
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "a bad argument"
        raise SecretRefused(f"exec:{words[0]} cannot be started: {why}") from None
    try:
        printed = _output(process, words[0], time.monotonic() + timeout_s)
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        raise SecretRefused(f"exec:{words[0]} closed its output and did not end") from None
    finally:
        _end(process)
    if code != 0:
        raise SecretRefused(f"exec:{words[0]} failed with exit code {code}")
    return text_of(printed, f"the output of exec:{words[0]}")


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise SecretRefused("exec: is no command line: its quotes do not match, or it is empty")
    return words


def _output(process: subprocess.Popen[bytes], name: str, deadline: float) -> bytes:
    assert process.stdout is not None
    descriptor, printed = process.stdout.fileno(), b""
    os.set_blocking(descriptor, False)
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while len(printed) <= SECRET_BYTES_MAX:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise SecretRefused(f"exec:{name} took too long")
            chunk = os.read(descriptor, CHUNK_BYTES)
            if not chunk:
                return printed
            printed += chunk
    raise SecretRefused(f"exec:{name} printed more than {SECRET_BYTES_MAX} bytes")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and all it has started, unless it ended by itself and was waited for."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
