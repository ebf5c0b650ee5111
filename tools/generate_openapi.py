"""Writes docs/openapi.json, which describes all routes of the API: `make api-schema`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from flatbook.api.app import openapi_json
from flatbook.api.door import guarded_app, open_door
from flatbook.api.reads import READS
from flatbook.api.serve import HOST
from flatbook.api.site import Site
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load
from flatbook.ops.config_api import PORT
from flatbook.services.demo_home import make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape

PATH = Path(__file__).parents[1] / "docs" / "openapi.json"


def written() -> bytes:
    """Returns the description as it is of the code that stands here."""
    with TemporaryDirectory() as folder:
        make_home(Path(folder, "home"), load_demo_tape())
        site = Site(load(Path(folder, "home"), environment={}), SystemClock())
        access = open_door(site, site.clock, HOST, PORT)
        try:
            return openapi_json(guarded_app(site, access, READS)[1])
        finally:
            access.close()


if __name__ == "__main__":
    PATH.write_bytes(written())
