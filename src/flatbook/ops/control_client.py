"""Asks a running engine over its control socket, once and in step. Imports nothing heavy: every verb uses it."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

ANSWER_BYTES_MAX = 16 * 1024 * 1024
PATH_BYTES_MAX = 107
CHUNK_BYTES = 64 * 1024
REQUEST_ID = "1"
LISTENING_S = 1


class ControlFault(Exception):
    """The engine was not asked, or did not answer."""


class NotRunning(ControlFault):
    """No engine listens on the socket."""


class AnswerMissing(ControlFault):
    """The request left, and no answer came: a command may have been taken."""


class RequestFailed(ControlFault):
    """The engine said why it does not answer. `error` is one of the faults of the protocol."""

    def __init__(self, error: str, text: str) -> None:
        self.error = error
        super().__init__(text)


def request(path: Path, payload: dict[str, Any], timeout_s: float) -> Any:
    """Sends one request and returns its answer.

    Needs: `payload` has `kind` and what the kind needs; the id is ours.
    Errors: NotRunning, AnswerMissing, RequestFailed.
    """
    deadline = time.monotonic() + timeout_s
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        _connect(connection, path, timeout_s)
        line = json.dumps({**payload, "id": REQUEST_ID}).encode() + b"\n"
        try:
            connection.sendall(line)
            answer = _line(connection, deadline)
        except TimeoutError:
            raise AnswerMissing(f"no answer within {timeout_s:g} s: {_MAY_HAVE}") from None
        except OSError as error:
            raise AnswerMissing(f"the connection broke ({error.strerror}): {_MAY_HAVE}") from None
    return answer_of(answer)


def is_listening(path: Path) -> bool:
    """Returns whether an engine listens on its socket, be it too busy to answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            _connect(connection, path, LISTENING_S)
        except NotRunning:
            return False
    return True


_MAY_HAVE = "a command may have been taken; give it again with the same key, or look with `flatbook events tail`"


def _connect(connection: socket.socket, path: Path, timeout_s: float) -> None:
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise NotRunning(f"{path} is longer than {PATH_BYTES_MAX} bytes: choose a shorter FLATBOOK_HOME")
    connection.settimeout(timeout_s)
    try:
        connection.connect(os.fspath(path))
    except FileNotFoundError:
        raise NotRunning(f"no engine is running: there is no {path}; start one with `flatbook run`") from None
    except ConnectionRefusedError:
        raise NotRunning(f"no engine is running: nobody listens on {path}; start one with `flatbook run`") from None
    except OSError as error:
        raise NotRunning(f"{path} cannot be used: {error.strerror or 'no answer'}") from None


def _line(connection: socket.socket, deadline: float) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(CHUNK_BYTES)
        if not chunk:
            raise AnswerMissing(f"the engine closed the connection without an answer: {_MAY_HAVE}")
        received += chunk
        if len(received) > ANSWER_BYTES_MAX:
            raise AnswerMissing(f"the answer is larger than {ANSWER_BYTES_MAX} bytes")
    return bytes(received)


def answer_of(line: bytes) -> Any:
    """Returns the answer in a line of the protocol.

    Errors: AnswerMissing, RequestFailed.
    """
    try:
        answer = json.loads(line)
    except ValueError:
        raise AnswerMissing("the answer is no JSON: another program listens on this socket") from None
    if not isinstance(answer, dict) or "ok" not in answer:
        raise AnswerMissing("the answer is none of ours: another program listens on this socket")
    if not answer["ok"]:
        raise RequestFailed(str(answer.get("error")), str(answer.get("text")))
    return answer.get("answer")
