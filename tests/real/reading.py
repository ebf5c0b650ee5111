"""Reads a chain with the source of the product, over two ways to it."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import aiohttp

from flatbook.events.event import Event
from flatbook.ops.clock import SystemClock
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.http import SessionHttp
from flatbook.venues.raindex.tokens import RaindexConfig

READS_MAX = 1_000


class Read(NamedTuple):
    """What reading to the head of a chain gave: the events, where it stands, and from which block on it went back."""

    events: tuple[Event, ...]
    cursor: str
    removed_from: int | None


def read(
    url: str, config: RaindexConfig, cursor: str = "", *, upto: ReadUpTo | None = None, also: str | None = None
) -> Read:
    """Reads everything after a cursor with a source that remembers nothing else; `also` is the second way."""
    return asyncio.run(_read((url, also or url), config, cursor, upto or ReadUpTo(first_block=1, receipts=True)))


async def _read(urls: tuple[str, str], config: RaindexConfig, cursor: str, upto: ReadUpTo) -> Read:
    clock = SystemClock()
    https = [SessionHttp(url, clock, connect=aiohttp.TCPConnector, authorize=dict) for url in urls]
    nodes = [RpcNode(http, clock, name=f"way-{place}") for place, http in enumerate(https, 1)]
    source = EvmLogSource(nodes, config, clock, upto)
    events: tuple[Event, ...] = ()
    removed: int | None = None
    try:
        for _ in range(READS_MAX):
            found = await source.read(cursor)
            if found is None:
                return Read(events, cursor, removed)
            assert not found.trouble, found.trouble
            events, cursor = events + found.events, found.cursor
            removed = found.removed_from if removed is None else removed
    finally:
        for http in https:
            await http.close()
    raise AssertionError(f"the head of the chain was not reached in {READS_MAX} reads")
