"""Two ways to one chain, one of them with faults: nothing is lost, and nothing is read that only one of them says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import aiohttp
import pytest

from flatbook.events.chain import VaultFilled
from tests.real.anvil import running_anvil
from tests.real.proxy import NodeProxy, proxied
from tests.real.reading import Read, read
from tests.real.scene import Scene, deployed

pytestmark = pytest.mark.real

WAIT_S = 10
SILENCE_S = 0.2


@pytest.fixture
def scene() -> Iterator[Scene]:
    with running_anvil() as chain:
        yield deployed(chain)


@pytest.fixture
def proxy(scene: Scene) -> Iterator[NodeProxy]:
    with proxied(scene.chain) as started:
        yield started


def both(scene: Scene, proxy: NodeProxy, cursor: str = "") -> Read:
    return read(scene.chain.url, scene.config(), cursor, also=proxy.url)


def blocks(found: Read) -> list[int]:
    return [event.key.block for event in found.events if isinstance(event, VaultFilled)]


def test_a_node_that_lags_holds_the_reading_back_and_nothing_is_lost(scene: Scene, proxy: NodeProxy) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    first, second = (scene.take(ask, most="1") for _ in range(2))
    proxy.lag = 1
    behind = both(scene, proxy)
    third = scene.take(ask, most="1")
    further = both(scene, proxy, behind.cursor)
    proxy.lag = 0
    level = both(scene, proxy, further.cursor)
    assert [blocks(found) for found in (behind, further, level)] == [[first.block], [second.block], [third.block]]


def test_a_node_that_refuses_stops_the_reading_and_its_return_lets_it_go_on(scene: Scene, proxy: NodeProxy) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    first = scene.take(ask, most="1")
    found = both(scene, proxy)
    proxy.refusing = True
    second = scene.take(ask, most="1")
    refused = both(scene, proxy, found.cursor)
    proxy.refusing = False
    after = both(scene, proxy, refused.cursor)
    assert (refused.events, refused.cursor) == ((), found.cursor)
    assert (blocks(found), blocks(after)) == ([first.block], [second.block])


def test_a_reorganisation_that_one_node_has_not_seen_is_waited_for(scene: Scene, proxy: NodeProxy) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    scene.chain.mine(70)
    taken = scene.take(ask, most="1")
    scene.chain.mine(2)
    found = both(scene, proxy)
    scene.reorg(3)
    proxy.lag = 4
    unseen = both(scene, proxy, found.cursor)
    proxy.lag = 0
    seen = both(scene, proxy, unseen.cursor)
    assert blocks(found) == [taken.block]
    assert (unseen.events, unseen.removed_from) == ((), None)
    assert seen.removed_from is not None
    assert seen.removed_from <= taken.block
    assert blocks(seen) == []


def test_a_websocket_says_heads_until_it_goes_silent_or_is_cut(scene: Scene, proxy: NodeProxy) -> None:
    async def listen() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(proxy.ws_url) as socket:
            await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})
            assert "result" in await socket.receive_json(timeout=WAIT_S)
            await asyncio.to_thread(scene.chain.mine)
            head = json.loads(await socket.receive_str(timeout=WAIT_S))["params"]["result"]
            assert int(head["number"], 16) == scene.chain.height
            proxy.deaf = True
            await asyncio.to_thread(scene.chain.mine)
            with pytest.raises(TimeoutError):
                await socket.receive(timeout=SILENCE_S)
            await asyncio.to_thread(proxy.cut)
            assert (await socket.receive(timeout=WAIT_S)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}

    asyncio.run(listen())
