"""All routes that only read."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from flatbook.api import reads_desk
from flatbook.api.stream import stream

READS: tuple[ControllerRouterHandler, ...] = (*reads_desk.ROUTES, stream)
