from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flatbook.ops import control_client, control_wire
from flatbook.ops.control_client import AnswerMissing, NotRunning, RequestFailed, is_listening, request


@pytest.fixture
def path() -> Iterator[Path]:
    folder = tempfile.mkdtemp(prefix="fb-")
    yield Path(folder) / "engine.sock"
    shutil.rmtree(folder)


def served(path: Path, answer: Callable[[socket.socket, bytes], None]) -> threading.Thread:
    """Answers one connection on a socket with the given function."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen(1)

    def serve() -> None:
        with listening, listening.accept()[0] as connection:
            line = b""
            while not line.endswith(b"\n") and (chunk := connection.recv(4096)):
                line += chunk
            answer(connection, line)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_request_is_one_line_and_its_answer_is_returned(path: Path) -> None:
    seen: list[bytes] = []

    def answer(connection: socket.socket, line: bytes) -> None:
        seen.append(line)
        connection.sendall(b'{"id":"1","ok":true,')
        connection.sendall(b'"answer":{"seq":7}}\n')

    thread = served(path, answer)
    assert request(path, {"kind": "status"}, 5) == {"seq": 7}
    thread.join()
    assert seen == [b'{"kind": "status", "id": "1"}\n']


def test_no_engine_is_said_plainly(path: Path) -> None:
    with pytest.raises(NotRunning) as missing:
        request(path, {"kind": "ping"}, 5)
    assert str(missing.value) == f"no engine is running: there is no {path}; start one with `flatbook run`"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    with pytest.raises(NotRunning, match="nobody listens on"):
        request(path, {"kind": "ping"}, 5)


def test_a_path_that_no_socket_can_have_is_said_plainly(path: Path) -> None:
    with pytest.raises(NotRunning, match="is longer than 107 bytes: choose a shorter FLATBOOK_HOME"):
        request(path / ("x" * 100), {"kind": "ping"}, 5)


def test_a_fault_is_raised_with_its_name(path: Path) -> None:
    thread = served(path, lambda connection, _line: connection.sendall(b'{"ok":false,"error":"busy","text":"later"}\n'))
    with pytest.raises(RequestFailed, match="later") as failed:
        request(path, {"kind": "ping"}, 5)
    thread.join()
    assert failed.value.error == "busy"


def test_no_answer_leaves_the_fate_of_a_command_open(path: Path) -> None:
    waits = threading.Event()

    def wait(_connection: socket.socket, _line: bytes) -> None:
        waits.wait(5)

    thread = served(path, wait)
    with pytest.raises(AnswerMissing, match=r"no answer within 0\.1 s: a command may have been taken"):
        request(path, {"kind": "ping"}, 0.1)
    waits.set()
    thread.join()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the engine closed the connection without an answer: a command may have been taken"),
        (b"half an ans", "the engine closed the connection without an answer"),
        (b"hello\n", "the answer is no JSON: another program listens"),
        (b"[1]\n", "the answer is none of ours"),
    ],
)
def test_an_answer_that_cannot_be_read_is_said_plainly(path: Path, content: bytes, said: str) -> None:
    thread = served(path, lambda connection, _line: connection.sendall(content))
    with pytest.raises(AnswerMissing, match=said):
        request(path, {"kind": "ping"}, 5)
    thread.join()


def test_an_answer_without_end_is_cut_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_client, "ANSWER_BYTES_MAX", 100)
    thread = served(path, lambda connection, _line: connection.sendall(b"x" * 1000))
    with pytest.raises(AnswerMissing, match="larger than 100 bytes"):
        request(path, {"kind": "ping"}, 5)
    thread.join()


def test_both_ends_agree_on_the_bounds() -> None:
    assert control_client.ANSWER_BYTES_MAX == control_wire.ANSWER_BYTES_MAX
    assert control_client.PATH_BYTES_MAX == control_wire.PATH_BYTES_MAX


@pytest.mark.real
def test_asking_imports_nothing_heavy() -> None:
    code = "import sys, flatbook.ops.control_client; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert sorted({"msgspec", "asyncio", "structlog", "prometheus_client", "flatbook.engine"} & set(loaded)) == []


def test_whether_an_engine_listens_is_known_without_asking_it(path: Path) -> None:
    assert not is_listening(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        assert not is_listening(path)
        listening.listen(1)
        assert is_listening(path)
