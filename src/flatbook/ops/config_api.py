"""What a configuration says of the API and the console."""

from __future__ import annotations

from typing import Annotated

from flatbook.ops.config_fields import said, whole
from flatbook.ops.config_section import Section

PORT = 8787
PORT_MOST = 65_535


class ApiSection(Section, frozen=True, kw_only=True):
    """Whether `flatbook run` serves programs and the console too, in a process of its own on this machine only."""

    beside: Annotated[bool, said("Whether it is served beside the engine.")] = False
    port: Annotated[int, whole("Where it listens, on 127.0.0.1.", unit="port", least=1, most=PORT_MOST)] = PORT
