"""Two ways to one chain, one of them with faults: nothing is lost, and nothing is read that only one of them says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flatbook.events.chain import VaultFilled
from tests.e2e.node_proxy import Manner, NodeProxy, running_proxy
from tests.real.anvil import running_anvil
from tests.real.reading import Read, read
from tests.real.scene import Scene, deployed

pytestmark = pytest.mark.real


@pytest.fixture
def scene() -> Iterator[Scene]:
    with running_anvil() as chain:
        yield deployed(chain)


@pytest.fixture
def proxy(scene: Scene) -> Iterator[NodeProxy]:
    with running_proxy(scene.chain) as started:
        yield started


def both(scene: Scene, proxy: NodeProxy, cursor: str = "") -> Read:
    return read(scene.chain.url, scene.config(), cursor, also=proxy.url)


def blocks(found: Read) -> list[int]:
    return [event.key.block for event in found.events if isinstance(event, VaultFilled)]


def test_a_node_that_lags_holds_the_reading_back_and_nothing_is_lost(scene: Scene, proxy: NodeProxy) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    first = scene.take(ask, most="1")
    proxy.behave(Manner.LAGS)
    second = scene.take(ask, most="1")
    behind = both(scene, proxy)
    still = both(scene, proxy, behind.cursor)
    proxy.behave(Manner.HONEST)
    level = both(scene, proxy, still.cursor)
    assert [blocks(found) for found in (behind, still, level)] == [[first.block], [], [second.block]]


@pytest.mark.parametrize("manner", [Manner.REFUSES, Manner.HIDES_LOGS, Manner.FORGES_HASHES])
def test_what_one_node_does_not_say_is_read_once_it_does(scene: Scene, proxy: NodeProxy, manner: Manner) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    first = scene.take(ask, most="1")
    found = both(scene, proxy)
    proxy.behave(manner)
    second = scene.take(ask, most="1")
    untold = both(scene, proxy, found.cursor)
    proxy.behave(Manner.HONEST)
    after = both(scene, proxy, untold.cursor)
    assert (untold.events, untold.cursor, untold.removed_from) == ((), found.cursor, None)
    assert (blocks(found), blocks(after)) == ([first.block], [second.block])


def test_a_reorganisation_that_one_node_has_not_reached_is_waited_for(scene: Scene, proxy: NodeProxy) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    scene.chain.mine(70)
    proxy.behave(Manner.LAGS)
    taken = scene.take(ask, most="1")
    found = read(scene.chain.url, scene.config())
    scene.reorg(1)
    unseen = both(scene, proxy, found.cursor)
    proxy.behave(Manner.HONEST)
    seen = both(scene, proxy, unseen.cursor)
    assert blocks(found) == [taken.block]
    assert (unseen.events, unseen.removed_from) == ((), None)
    assert seen.removed_from is not None
    assert seen.removed_from <= taken.block
    assert blocks(seen) == []
