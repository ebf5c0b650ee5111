"""What a chain takes back, gives again elsewhere, or has not yet made final, read from anvil."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from flatbook.events.chain import VaultFilled
from flatbook.venues.evm.log_source import ReadUpTo, Tag
from tests.real.anvil import Terms, running_anvil
from tests.real.reading import Read, read
from tests.real.scene import Scene, deployed

pytestmark = pytest.mark.real

EPOCH = 4


@pytest.fixture
def scene() -> Iterator[Scene]:
    with running_anvil(Terms(slots_in_an_epoch=EPOCH)) as chain:
        yield deployed(chain)


def all_of(scene: Scene, cursor: str = "", *, tag: Tag = Tag.LATEST) -> Read:
    return read(scene.chain.url, scene.config(), cursor, upto=ReadUpTo(first_block=1, tag=tag))


def places(found: Read) -> list[tuple[int, Decimal]]:
    return [(event.key.block, event.token_amount) for event in found.events if isinstance(event, VaultFilled)]


def test_a_transaction_that_comes_again_in_another_block_is_read_again_there(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    scene.chain.mine(2 * EPOCH)
    mined = scene.take(ask, most="2")
    first = all_of(scene)
    raw = scene.chain.do("eth_getRawTransactionByHash", mined.tx)
    scene.reorg(2)
    scene.chain.mine(3)
    assert scene.chain.do("eth_sendRawTransaction", raw) == mined.tx
    scene.chain.mine()
    again = all_of(scene, first.cursor)
    assert places(first) == [(mined.block, 2)]
    assert again.removed_from is not None
    assert again.removed_from <= mined.block
    assert places(again) == [(mined.block + 4, 2)]
    assert scene.vault(scene.owner, scene.usdc) == 1_000_500


def test_a_chain_that_became_shorter_is_waited_for_and_then_read_again(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    scene.chain.mine(2 * EPOCH)
    kept = scene.chain.do("evm_snapshot")
    scene.take(ask, most="2")
    scene.chain.mine(2)
    first = all_of(scene)
    assert scene.chain.do("evm_revert", kept)
    shorter = all_of(scene, first.cursor)
    assert (shorter.events, shorter.cursor, shorter.removed_from) == ((), first.cursor, None)
    other = scene.take(ask, most="3")
    scene.chain.mine(4)
    after = all_of(scene, first.cursor)
    assert after.removed_from is not None
    assert places(after) == [(other.block, 3)]


def test_fills_are_read_when_their_blocks_are_as_old_as_the_tag_asks(scene: Scene) -> None:
    mined = scene.take(scene.ask("COIN", price="250", shares="10"), most="2")
    seen: dict[Tag, int] = {}
    cursors = dict.fromkeys((Tag.LATEST, Tag.SAFE, Tag.FINALIZED), "")
    for _ in range(3 * EPOCH):
        for tag in cursors.keys() - seen.keys():
            found = all_of(scene, cursors[tag], tag=tag)
            cursors[tag] = found.cursor
            if places(found):
                assert places(found) == [(mined.block, 2)]
                seen[tag] = scene.chain.height - mined.block
        scene.chain.mine()
    assert seen == {Tag.LATEST: 0, Tag.SAFE: EPOCH, Tag.FINALIZED: 2 * EPOCH}


def test_what_was_taken_back_before_anybody_read_it_was_never_there(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    scene.chain.mine(2 * EPOCH)
    scene.take(ask, most="2")
    scene.reorg(1)
    stood = scene.take(ask, most="1")
    found = all_of(scene)
    assert (places(found), found.removed_from) == ([(stood.block, 1)], None)


def test_a_reorganisation_as_deep_as_what_is_not_final_keeps_what_is(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    old = scene.take(ask, most="1")
    scene.chain.mine(2 * EPOCH)
    first = all_of(scene)
    recent = [scene.take(ask, most="2") for _ in range(3)]
    second = all_of(scene, first.cursor)
    final = scene.chain.height - 2 * EPOCH
    scene.reorg(2 * EPOCH)
    again = scene.take(ask, most="4")
    after = all_of(scene, second.cursor)
    assert places(first) == [(old.block, 1)]
    assert places(second) == [(mined.block, 2) for mined in recent]
    assert after.removed_from == final + 1
    assert places(after) == [(again.block, 4)]
    assert scene.vault(scene.owner, scene.usdc) == 1_001_250
