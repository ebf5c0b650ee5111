"""What a configuration says of the API and the console."""

from __future__ import annotations

from typing import Annotated

from flatbook.ops.config_fields import said, text, whole
from flatbook.ops.config_section import Section

PORT = 8787
PORT_MOST = 65_535
RATE_MOST = 10_000
STOPS_LEAST = 10  # whatever is configured, an operator who stops is let through
STREAMS_MOST = 1_024


class ApiSection(Section, frozen=True, kw_only=True):
    """Whether `flatbook run` serves programs and the console too, in a process of its own on this machine only."""

    beside: Annotated[bool, said("Whether it is served beside the engine.")] = False
    port: Annotated[int, whole("Where it listens, on 127.0.0.1.", unit="port", least=1, most=PORT_MOST)] = PORT
    reads_per_s: Annotated[
        int, whole("How often each actor may ask; twice that at once.", unit="a second", least=1, most=RATE_MOST)
    ] = 300
    commands_per_s: Annotated[
        int, whole("How often each actor may command; four times that at once.", unit="a second", least=1, most=100)
    ] = 5
    stops_per_s: Annotated[
        int,
        whole(
            "How often each actor may halt, kill and cancel; three times that at once.",
            unit="a second",
            least=STOPS_LEAST,
            most=RATE_MOST,
        ),
    ] = 20
    streams_max: Annotated[
        int, whole("How many streams are told at once.", unit="streams", least=1, most=STREAMS_MOST)
    ] = 256
    grafana: Annotated[
        str | None, text("Where the metrics of this desk are drawn; the console links there. Left out: nowhere.")
    ] = None
