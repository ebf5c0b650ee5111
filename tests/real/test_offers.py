"""Our own orders on a chain that nobody here wrote: seen, quoted, pulled and restored by the calls of the product."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import aiohttp
import pytest

from flatbook.engine.offer_reports import OffersSight
from flatbook.events.event import Event
from flatbook.events.offers import LegQuote, OfferRemoved, OfferSeen
from flatbook.ops.clock import SystemClock
from flatbook.values.instruments import Side
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.evm.offer_reader import EvmOfferReader
from flatbook.venues.http import SessionHttp
from flatbook.venues.raindex.tokens import RaindexConfig
from tests.real.anvil import running_anvil
from tests.real.books import Generation
from tests.real.reading import read
from tests.real.scene import Scene, deployed

pytestmark = pytest.mark.real


@pytest.fixture(params=Generation, ids=lambda generation: generation.name)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with running_anvil() as chain:
        yield deployed(chain, request.param)


def seen(events: tuple[Event, ...]) -> list[OfferSeen]:
    return [event for event in events if isinstance(event, OfferSeen)]


def quoted(url: str, config: RaindexConfig, *orders: OfferSeen) -> dict[str, LegQuote]:
    """Returns what the only leg of each order offers, asked of the chain over two ways."""

    async def ask() -> OffersSight:
        clock = SystemClock()
        https = [SessionHttp(url, clock, connect=aiohttp.TCPConnector, authorize=dict) for _ in range(2)]
        nodes = [RpcNode(http, clock, name=f"way-{place}") for place, http in enumerate(https, 1)]
        try:
            sight = await EvmOfferReader(nodes, config, clock).offers(orders)
        finally:
            for http in https:
                await http.close()
        assert isinstance(sight, OffersSight)
        return sight

    return {each.order_hash: each.legs[0] for each in asyncio.run(ask()).offers}


def test_an_order_is_seen_with_its_side_and_quoted_with_price_and_size(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    bid = scene.bid("COIN", price="200", shares="4")
    scene.ask("COIN", price="250", shares="10", owner=scene.stranger)
    orders = seen(read(scene.chain.url, scene.config()).events)
    assert [(each.order_hash, each.legs[0].side) for each in orders] == [(ask.hash, Side.SELL), (bid.hash, Side.BUY)]
    assert [str(leg.underlying) for each in orders for leg in each.legs] == ["COIN", "COIN"]
    found = quoted(scene.chain.url, scene.config(), *orders)
    assert (found[ask.hash].shares, found[ask.hash].price) == (10, 250)
    assert (found[bid.hash].shares, found[bid.hash].price) == (4, 200)
    assert found[ask.hash].balance == scene.vault(scene.owner, scene.shares["COIN"].wrapper)


def test_what_stands_is_no_more_than_what_the_vault_holds_in_underlying_shares(scene: Scene) -> None:
    wrapper = scene.shares["COIN"].wrapper
    ask = scene.ask("COIN", price="300", shares="1000000000")
    scene.donate("COIN", "1000")
    held, ratio = scene.vault(scene.owner, wrapper), scene.ratio("COIN")
    (order,) = seen(read(scene.chain.url, scene.config()).events)
    found = quoted(scene.chain.url, scene.config(), order)[ask.hash]
    assert ratio > 1
    assert abs(found.shares - held * ratio) < Decimal("1e-9")
    assert found.price is not None
    assert found.price < 300


def test_the_calls_of_an_order_take_it_from_its_book_and_put_it_back(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    first = read(scene.chain.url, scene.config())
    (order,) = seen(first.events)
    scene.act(scene.owner, order.order_book, order.removal)
    assert not scene.is_live(ask)
    second = read(scene.chain.url, scene.config(), first.cursor)
    (gone,) = [event for event in second.events if isinstance(event, OfferRemoved)]
    assert gone.order_hash == ask.hash
    assert quoted(scene.chain.url, scene.config(), order)[ask.hash].price is None
    scene.act(scene.owner, order.order_book, order.addition)
    assert scene.is_live(ask)
    (again,) = seen(read(scene.chain.url, scene.config(), second.cursor).events)
    assert (again.order_hash, again.removal) == (ask.hash, order.removal)
