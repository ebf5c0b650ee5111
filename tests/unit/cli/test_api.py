"""What `flatbook api` says where it cannot serve."""

from __future__ import annotations

import socket
from pathlib import Path

from flatbook.ops.config_example import EXAMPLE
from tests.unit.cli.scene import call


def test_a_taken_port_is_told_with_what_names_another(tmp_path: Path) -> None:
    (tmp_path / "flatbook.toml").write_text(EXAMPLE)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = ("api", "--home", str(tmp_path), "--port", str(taken.getsockname()[1]))
        alone, beside = call(*words), call(*words, "--beside")
    assert alone.code == beside.code == 1
    assert alone.err.endswith("end what listens there, or name another --port\n")
    assert beside.err.endswith("end what listens there, or state another [api].port\n")
