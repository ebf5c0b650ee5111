"""The chains of a desk that are read from nodes."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from flatbook.engine.ports import Clock
from flatbook.ops.config import Loaded, places_of, problem_at
from flatbook.ops.config_chains import HedgeAt, NodesChain
from flatbook.ops.config_live import HTTP_SCHEMES
from flatbook.ops.config_read import ConfigRefused, Key
from flatbook.ops.config_rules import raindex_of
from flatbook.ops.config_urls import flaw_of_address
from flatbook.ops.secret_value import Places, Secret
from flatbook.ops.secrets import PREFIX, resolve
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo, Tag
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.http import SessionHttp, tls_connector
from flatbook.venues.raindex.tokens import RaindexConfig

TAGS = {
    HedgeAt.PRECONFIRMED: Tag.PENDING,
    HedgeAt.HEAD: Tag.LATEST,
    HedgeAt.SAFE: Tag.SAFE,
    HedgeAt.FINALIZED: Tag.FINALIZED,
}


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """A node and what carries calls to it."""

    node: RpcNode
    http: SessionHttp


def wires_of(loaded: Loaded, chain: str, stated: NodesChain, clock: Clock) -> tuple[Wire, ...]:
    """Returns the nodes of a chain by the names of the configuration, their addresses read from secrets where they are.

    Errors: SecretRefused; ConfigRefused for an address that may not be connected to. None of them shows an address.
    """
    places = places_of(loaded)
    return tuple(
        _wire(name, _address(loaded, ("chains", chain, "nodes", name, "url"), node.url, places), clock)
        for name, node in stated.nodes.items()
    )


def _address(loaded: Loaded, key: Key, stated: str, places: Places) -> Secret:
    address = resolve(places, stated) if stated.startswith(PREFIX) else Secret(stated)
    flaw = flaw_of_address(address.reveal(), HTTP_SCHEMES)
    if flaw is not None:
        raise ConfigRefused((problem_at(loaded, key, flaw),))
    return address


def _wire(name: str, address: Secret, clock: Clock) -> Wire:
    parts = urlsplit(address.reveal())
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    http = SessionHttp(f"{parts.scheme}://{parts.netloc}", clock, connect=tls_connector, authorize=dict)
    return Wire(node=RpcNode(http, clock, name=name, path=path), http=http)


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
