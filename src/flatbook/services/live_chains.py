"""The chains of a desk that are read from nodes."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from flatbook.engine.ports import Clock
from flatbook.ops.config import Loaded, places_of, problem_at
from flatbook.ops.config_chains import HedgeAt, NodesChain
from flatbook.ops.config_live import HTTP_SCHEMES, SOCKET_SCHEMES
from flatbook.ops.config_read import ConfigRefused, Key
from flatbook.ops.config_rules import raindex_of
from flatbook.ops.config_urls import flaw_of_address
from flatbook.ops.secret_value import Places, Secret
from flatbook.ops.secrets import PREFIX, resolve
from flatbook.venues.evm.heads import Heads
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo, Tag
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.http import SessionHttp, tls_connector
from flatbook.venues.raindex.tokens import RaindexConfig
from flatbook.venues.websocket import SessionSocket

TAGS = {
    HedgeAt.PRECONFIRMED: Tag.PENDING,
    HedgeAt.HEAD: Tag.LATEST,
    HedgeAt.SAFE: Tag.SAFE,
    HedgeAt.FINALIZED: Tag.FINALIZED,
}


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """A node and what carries calls to it, and where it tells of new blocks. `host` holds no secret."""

    node: RpcNode
    host: str
    http: SessionHttp
    heads: Heads | None = None


def wires_of(loaded: Loaded, chain: str, stated: NodesChain, clock: Clock) -> tuple[Wire, ...]:
    """Returns the nodes of a chain by the names of the configuration, their addresses read from secrets where they are.

    Errors: SecretRefused; ConfigRefused for an address that may not be connected to. None of them shows an address.
    """
    places = places_of(loaded)

    def address(name: str, field: str, stated: str, schemes: tuple[str, str]) -> Secret:
        return _address(loaded, ("chains", chain, "nodes", name, field), stated, places, schemes)

    return tuple(
        Wire(
            node=RpcNode(http, clock, name=name, path=path),
            host=host,
            http=http,
            heads=None if node.heads is None else _heads(address(name, "heads", node.heads, SOCKET_SCHEMES), clock),
        )
        for name, node in stated.nodes.items()
        for http, host, path in (_way(address(name, "url", node.url, HTTP_SCHEMES), clock),)
    )


def _address(loaded: Loaded, key: Key, stated: str, places: Places, schemes: tuple[str, str]) -> Secret:
    address = resolve(places, stated) if stated.startswith(PREFIX) else Secret(stated)
    flaw = flaw_of_address(address.reveal(), schemes)
    if flaw is not None:
        raise ConfigRefused((problem_at(loaded, key, flaw),))
    return address


def _way(address: Secret, clock: Clock) -> tuple[SessionHttp, str, str]:
    host, path = _host_and_path(address)
    shown = urlsplit(host).netloc.rpartition("@")[2]
    return SessionHttp(host, clock, connect=tls_connector, authorize=dict), shown, path


def _heads(address: Secret, clock: Clock) -> Heads:
    host, path = _host_and_path(address)
    return Heads(SessionSocket(host, clock, connect=tls_connector), path)


def _host_and_path(address: Secret) -> tuple[str, str]:
    parts = urlsplit(address.reveal())
    return f"{parts.scheme}://{parts.netloc}", f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def source_over(loaded: Loaded, chain: str, stated: NodesChain, wires: tuple[Wire, ...], clock: Clock) -> EvmLogSource:
    """Returns the source of a chain over its nodes.

    Errors: ConfigRefused.
    """
    upto = ReadUpTo(
        first_block=stated.first_block,
        tag=TAGS[stated.hedge_at],
        lag=stated.lag_blocks,
        range_max=stated.range_blocks,
        receipts=stated.receipts,
    )
    return EvmLogSource([wire.node for wire in wires], raindex_of(loaded, chain, RaindexConfig), clock, upto)
