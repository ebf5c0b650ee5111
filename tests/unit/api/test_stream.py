"""The stream: the full state, then numbered deltas, and what a client is told that was away or is slow."""

from __future__ import annotations

from typing import Any

from litestar.testing import TestClient


def test_a_client_is_told_the_whole_state_first(api: TestClient[Any]) -> None:
    with api.websocket_connect("/api/v1/stream") as socket:
        told = socket.receive_json(timeout=5)
    assert told["type"] == "snapshot"
    assert told["state"]["status"]["as_of"]["seq"] == api.get("/api/v1/status").json()["as_of"]["seq"]
    assert told["state"]["status"]["flat"] is True
    assert told["state"]["events"][-1]["type"] == "engine_stopped"
