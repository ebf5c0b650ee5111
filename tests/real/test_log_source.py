"""The source of logs over a chain that nobody here wrote: anvil, with the contracts of this repository on it.

The truth of a fill is what the vaults of the contracts held before and after it, and never a book of ours.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest

from flatbook.events.chain import GasSpent, VaultFilled
from flatbook.events.event import Event
from flatbook.events.offers import OfferSeen
from flatbook.values.instruments import Side
from flatbook.venues.evm.log_source import ReadUpTo
from flatbook.venues.raindex.tokens import VaultOwner
from tests.real.abi import call_of
from tests.real.anvil import running_anvil
from tests.real.books import VAULT, Generation, Offer, Take, book_of
from tests.real.reading import Read, read
from tests.real.scene import Mined, Scene, deployed

pytestmark = pytest.mark.real
CAUGHT_UP_S_MAX = 20


@pytest.fixture(params=Generation, ids=lambda generation: generation.name)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with running_anvil() as chain:
        yield deployed(chain, request.param)


@pytest.fixture
def newest() -> Iterator[Scene]:
    with running_anvil() as chain:
        yield deployed(chain)


class Traded(NamedTuple):
    """What a fill says: our side, tokens and dollars, and the kind of log it was."""

    side: Side
    tokens: Decimal
    usdc: Decimal
    kind: str


def fills(events: tuple[Event, ...]) -> list[VaultFilled]:
    assert not [event for event in events if not isinstance(event, VaultFilled | GasSpent | OfferSeen)], events
    return [event for event in events if isinstance(event, VaultFilled)]


def traded(fill: VaultFilled) -> Traded:
    return Traded(fill.side, fill.token_amount, fill.usdc_amount, fill.kind)


def moved(scene: Scene, mined: Mined, *, owner: str | None = None) -> tuple[Decimal, Decimal]:
    """Returns by how many tokens and dollars the vaults of a maker changed in the block of a transaction."""
    wrapper, owner = scene.shares["COIN"].wrapper, owner or scene.owner
    changes = [
        scene.vault(owner, token, at=mined.block) - scene.vault(owner, token, at=mined.block - 1)
        for token in (wrapper, scene.usdc)
    ]
    return changes[0], changes[1]


def signed(fill: VaultFilled) -> tuple[Decimal, Decimal]:
    sign = 1 if fill.side is Side.BUY else -1
    return sign * fill.token_amount, -sign * fill.usdc_amount


def all_of(scene: Scene, cursor: str = "") -> Read:
    return read(scene.chain.url, scene.config(), cursor)


def take_kind(scene: Scene) -> str:
    return "take_order_v2" if scene.book.generation is Generation.V4 else "take_order_v3"


@pytest.mark.e2e
def test_two_thousand_blocks_are_caught_up_with_in_a_moment(newest: Scene) -> None:
    ask = newest.ask("COIN", price="250", shares="1000")
    for _ in range(10):
        newest.take(ask, most="1")
        newest.chain.mine(200)
    begun = time.monotonic()
    found = all_of(newest)
    assert time.monotonic() - begun < CAUGHT_UP_S_MAX
    assert (len(fills(found.events)), newest.chain.height > 2_000) == (10, True)


def test_a_taken_ask_is_a_sale_of_what_left_the_vault(scene: Scene) -> None:
    mined = scene.take(scene.ask("COIN", price="250.25", shares="10"), most="2.5")
    (fill,) = fills(all_of(scene).events)
    assert traded(fill) == (Side.SELL, Decimal("2.5"), Decimal("625.625"), take_kind(scene))
    assert signed(fill) == moved(scene, mined) == (Decimal("-2.5"), Decimal("625.625"))
    assert (fill.key.tx, fill.key.block, fill.key.block_hash) == (mined.tx, mined.block, mined.block_hash)
    assert (fill.shares, fill.price) == (Decimal("2.5"), Decimal("250.25"))


def test_a_taken_bid_is_a_purchase_of_what_came_into_the_vault(scene: Scene) -> None:
    mined = scene.take(scene.bid("COIN", price="250", shares="10"), most="400")
    (fill,) = fills(all_of(scene).events)
    assert traded(fill) == (Side.BUY, Decimal("1.6"), Decimal(400), take_kind(scene))
    assert signed(fill) == moved(scene, mined)
    assert (fill.shares, fill.price) == (Decimal("1.6"), Decimal(250))


def test_an_order_is_taken_in_parts_until_its_vault_is_empty(scene: Scene) -> None:
    wrapper = scene.shares["COIN"].wrapper
    scene.withdraw(scene.owner, wrapper, "999997")
    ask = scene.ask("COIN", price="250", shares="2")
    takes = [scene.take(ask, most=most) for most in ("1.25", "100", "100")]
    found = fills(all_of(scene).events)
    assert [fill.token_amount for fill in found] == [Decimal("1.25"), Decimal("1.75")]
    assert [signed(fill) for fill in found] == [moved(scene, mined) for mined in takes[:2]]
    assert [len(mined.logs) for mined in takes] == [3, 3, 1]
    assert scene.vault(scene.owner, wrapper) == 0


def test_several_orders_in_one_call_are_a_fill_each(scene: Scene) -> None:
    asks = [scene.ask("COIN", price=price, shares="2") for price in ("250", "251", "252")]
    mined = scene.take(*asks, most="5")
    found = fills(all_of(scene).events)
    assert [(fill.token_amount, fill.usdc_amount) for fill in found] == [(2, 500), (2, 502), (1, 252)]
    assert {fill.key.tx for fill in found} == {mined.tx}
    assert len({fill.key.log_index for fill in found}) == 3
    total = tuple(map(sum, zip(*map(signed, found), strict=True)))
    assert total == moved(scene, mined) == (-5, 1254)


def test_a_clear_of_our_order_with_a_strangers_is_our_side_of_it(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    bid = scene.bid("COIN", price="256", shares="3", owner=scene.stranger)
    mined = scene.clear(bid, ask)
    (fill,) = fills(all_of(scene).events)
    kind = "clear_v2:bob" if scene.book.generation is Generation.V4 else "clear_v3:bob"
    assert traded(fill) == (Side.SELL, Decimal(3), Decimal(750), kind)
    assert signed(fill) == moved(scene, mined) == (-3, 750)
    assert moved(scene, mined, owner=scene.stranger) == (3, -768)
    assert moved(scene, mined, owner=scene.taker) == (0, 18)


def test_orders_of_strangers_are_not_ours(scene: Scene) -> None:
    asks = [scene.ask("COIN", price="250", shares="10", owner=owner) for owner in (scene.stranger, scene.owner)]
    mined = scene.take(*asks, most="12")
    (fill,) = fills(all_of(scene).events)
    assert signed(fill) == moved(scene, mined) == (-2, 500)
    assert moved(scene, mined, owner=scene.stranger) == (-10, 2500)


def test_a_reorganisation_takes_back_what_was_not_final(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    scene.take(ask, most="1")
    first = all_of(scene)
    assert [fill.token_amount for fill in fills(first.events)] == [1]
    scene.chain.mine(100)
    kept = all_of(scene, first.cursor)
    assert (kept.events, kept.removed_from) == ((), None)
    second = scene.take(ask, most="2")
    scene.chain.mine(2)
    read_second = all_of(scene, kept.cursor)
    assert [fill.key.block for fill in fills(read_second.events)] == [second.block]
    scene.reorg(5)
    scene.chain.mine(2)
    after = all_of(scene, read_second.cursor)
    assert after.events == ()
    assert after.removed_from is not None
    assert 5 < after.removed_from <= second.block
    assert moved(scene, second) == (0, 0)
    again = scene.take(ask, most="3")
    assert [signed(fill) for fill in fills(all_of(scene, after.cursor).events)] == [moved(scene, again)]


def test_a_clear_and_a_take_in_one_transaction_are_two_fills(newest: Scene) -> None:
    ask = newest.ask("COIN", price="250", shares="10")
    bid = newest.bid("COIN", price="256", shares="3", owner=newest.stranger)
    mined = newest.together(
        newest.book.clear(ask, bid, VAULT), newest.book.take(Take([ask], most=Decimal(4))), by=newest.taker
    )
    found = fills(all_of(newest).events)
    assert [traded(fill) for fill in found] == [
        (Side.SELL, 3, 750, "clear_v3:alice"),
        (Side.SELL, 4, 1000, "take_order_v3"),
    ]
    assert tuple(map(sum, zip(*map(signed, found), strict=True))) == moved(newest, mined) == (-7, 1750)


def test_an_operator_that_settles_out_of_the_inventory_is_one_fill(newest: Scene) -> None:
    inventory, wrapper = newest.places["Inventory"], newest.shares["COIN"].wrapper
    sold = newest.settle(pays=newest.usdc, paid="500", gets=wrapper, got="2")
    bought = newest.settle(pays=wrapper, paid="0.5", gets=newest.usdc, got="124")
    found = fills(all_of(newest).events)
    assert [traded(fill) for fill in found] == [
        (Side.SELL, 2, 500, "inventory"),
        (Side.BUY, Decimal("0.5"), 124, "inventory"),
    ]
    assert [signed(fill) for fill in found] == [moved(newest, mined, owner=inventory) for mined in (sold, bought)]


def test_shares_are_counted_at_the_ratio_of_the_block_of_their_fill(newest: Scene) -> None:
    ask = newest.ask("COIN", price="250", shares="10")
    before = newest.take(ask, most="2")
    donated = newest.balance(newest.shares["COIN"].wrapper.address, newest.shares["COIN"].token) / 10
    newest.donate("COIN", donated)
    after = newest.take(ask, most="2")
    found = fills(all_of(newest).events)
    assert [fill.shares for fill in found] == [Decimal(2), Decimal("2.2")]
    assert [fill.ratio for fill in found] == [newest.ratio("COIN", at=mined.block) for mined in (before, after)]
    assert found[1].ratio == Decimal("1.1")


def test_what_our_own_transactions_cost_is_booked_from_their_receipts(newest: Scene) -> None:
    ask = newest.ask("COIN", price="250", shares="10", owner=newest.stranger)
    bid = newest.bid("COIN", price="256", shares="3")
    mined = newest.clear(ask, bid, by=newest.owner)
    read_all = all_of(newest)
    costs = {event.tx: event.wei_amount for event in read_all.events if isinstance(event, GasSpent) and event.success}
    assert costs[mined.tx] == mined.gas_wei
    assert mined.gas_wei > 10**13
    assert [traded(fill).side for fill in fills(read_all.events)] == [Side.BUY]


def test_a_fill_whose_quotient_does_not_end_is_booked_to_thirty_six_decimals(newest: Scene) -> None:
    mined = newest.take(newest.ask("COIN", price="3", shares="10"), spend="10")
    (fill,) = fills(all_of(newest).events)
    tokens, usdc = moved(newest, mined)
    assert traded(fill) == (Side.SELL, Decimal("3." + "3" * 36), Decimal(10), "take_order_v3")
    assert usdc == 10
    assert 0 < -tokens - fill.token_amount < Decimal("1e-36")


def test_an_order_out_of_the_wallet_itself_is_filled_out_of_it(newest: Scene) -> None:
    wrapper = newest.shares["COIN"].wrapper
    offer = Offer(wrapper, newest.usdc, Decimal(10), Decimal(250), gives_vault=0, wants_vault=0)
    ask = newest.offer(newest.owner, offer)
    before = [newest.balance(newest.owner, token) for token in (wrapper, newest.usdc)]
    newest.take(ask, most="2")
    after = [newest.balance(newest.owner, token) for token in (wrapper, newest.usdc)]
    (fill,) = fills(all_of(newest).events)
    assert signed(fill) == (after[0] - before[0], after[1] - before[1]) == (-2, 500)


def test_an_order_of_our_inventory_is_filled_like_one_of_our_wallet(newest: Scene) -> None:
    inventory, wrapper = newest.places["Inventory"], newest.shares["COIN"].wrapper
    order = newest.book.order(inventory, Offer(wrapper, newest.usdc, Decimal(10), Decimal(250)), 1)
    newest.act(newest.admin, inventory, newest.book.add(order))
    mined = newest.take(order, most="2")
    config = newest.config()
    managed = VaultOwner(address=inventory, owner=config.owners[0].owner, account=config.owners[0].account)
    ours = msgspec.structs.replace(config, owners=(*config.owners, managed))
    (fill,) = fills(read(newest.chain.url, ours).events)
    assert signed(fill) == moved(newest, mined, owner=inventory) == (-2, 500)


def test_an_order_book_that_is_not_configured_is_ignored(newest: Scene) -> None:
    config = newest.config()
    newest.book = book_of(Generation.V6, newest.add("BookV6"))
    for token in (newest.shares["COIN"].wrapper, newest.usdc):
        for who in (newest.owner, newest.taker):
            newest.act(who, token.address, call_of("Token", "approve", newest.book.address, 10**30))
    newest.deposit(newest.owner, newest.shares["COIN"].wrapper, "10")
    mined = newest.take(newest.ask("COIN", price="250", shares="10"), most="2")
    assert moved(newest, mined) == (-2, 500)
    assert fills(read(newest.chain.url, config).events) == []


@pytest.mark.parametrize("generation", Generation, ids=lambda generation: generation.name)
@pytest.mark.parametrize("decimals", [0, 8, 24])
def test_tokens_with_any_decimals_are_counted_as_they_move(generation: Generation, decimals: int) -> None:
    with running_anvil() as chain:
        scene = deployed(chain, generation, decimals=decimals)
        mined = [
            scene.take(scene.ask("COIN", price="250", shares="10"), most="3"),
            scene.take(scene.bid("COIN", price="250", shares="10"), most="500"),
        ]
        found = fills(all_of(scene).events)
        assert [signed(fill) for fill in found] == [moved(scene, each) for each in mined] == [(-3, 750), (2, -500)]
        assert [fill.shares for fill in found] == [3, 2]


def test_several_ranges_give_what_one_gives(newest: Scene) -> None:
    ask = newest.ask("COIN", price="250", shares="10")
    for _ in range(5):
        newest.take(ask, most="1")
        newest.chain.mine(10)
    narrow = ReadUpTo(first_block=1, range_max=7, receipts=True)
    at_once, in_parts = all_of(newest), read(newest.chain.url, newest.config(), upto=narrow)
    assert [fill.key for fill in fills(in_parts.events)] == [fill.key for fill in fills(at_once.events)]
    assert len(fills(at_once.events)) == 5
