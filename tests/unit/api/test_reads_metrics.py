"""The metrics of an engine over the API, beside one that runs, and where none does."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from flatbook.ops.control_socket import ControlServer, Doors
from tests.unit.api.door_scene import opened
from tests.unit.api.test_live import refused

TEXT = "flatbook_up 1\n"


def test_what_the_engine_counts_is_told_as_text_to_who_may_read(demo: Path, tmp_path: Path) -> None:
    home = tmp_path / "desk"
    shutil.copytree(demo, home, ignore=shutil.ignore_patterns("run"))
    with opened(home) as door, tempfile.TemporaryDirectory(prefix="fb-") as place:
        reader = door.token("collector", "read")
        silent = door.client.get("/metrics", headers=reader)
        assert (silent.status_code, silent.json()["code"]) == (503, "engine_not_running")
        door.site.live.path = Path(place) / "engine.sock"
        server = ControlServer(
            door.site.live.path, Doors(on_command=refused, status=lambda: {"pid": 7}, metrics=lambda: TEXT)
        )
        with door.client.portal() as portal:
            portal.call(server.start)
            for path in ("/metrics", "/api/v1/metrics"):
                told = door.client.get(path, headers=reader | {"accept": "text/plain;version=0.0.4;q=0.3,*/*;q=0.1"})
                assert (told.status_code, told.text) == (200, TEXT)
                assert told.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert door.client.get("/metrics").status_code == 401
            portal.call(server.close)
