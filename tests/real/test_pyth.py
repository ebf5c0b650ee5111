"""Prices of Pyth from real traces and real calls: orders priced by the oracle's contract on anvil."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import TypeVar

import aiohttp
import pytest

from flatbook.events.chain import VaultFilled
from flatbook.events.prices import FillPriced, PriceSource
from flatbook.ops.clock import SystemClock
from flatbook.values.ids import Underlying
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.http import SessionHttp
from flatbook.venues.pyth.price import Missing, MissingFor, OraclePrice, one_of_feed
from flatbook.venues.pyth.reader import PythReader
from flatbook.venues.pyth.story import moment_of, sayings_of
from flatbook.venues.pyth.terms import Feed, PythTerms
from tests.real.anvil import running_anvil
from tests.real.books import Offer
from tests.real.reading import read
from tests.real.scene import Mined, Scene, deployed

pytestmark = pytest.mark.real

_Found = TypeVar("_Found")


@pytest.fixture
def scene() -> Iterator[Scene]:
    with running_anvil() as chain:
        scene = deployed(chain)
        scene.set_price("ETH", "3123.45")
        scene.set_price("COIN", "154.45005", expo=-5, ema="150")
        yield scene


def terms_of(scene: Scene) -> PythTerms:
    names = ("COIN", "ETH")
    return PythTerms(
        contract=scene.places["Pyth"].lower(),
        feeds={Underlying(name): Feed(id=scene.feed(name)) for name in names},
        age_s_max=3_600,
        confidence_bps_max=50,
    )


def asked(scene: Scene, ask: Callable[[PythReader, list[RpcNode]], Awaitable[_Found]]) -> _Found:
    """Asks over two ways to the chain."""

    async def works() -> _Found:
        clock = SystemClock()
        https = [SessionHttp(scene.chain.url, clock, connect=aiohttp.TCPConnector, authorize=dict) for _ in range(2)]
        nodes = [RpcNode(http, clock, name=f"way-{place}") for place, http in enumerate(https, 1)]
        try:
            return await ask(PythReader(nodes, terms_of(scene), clock), nodes)
        finally:
            for http in https:
                await http.close()

    return asyncio.run(works())


def taken(scene: Scene, *symbols: str, function: str = "getPriceUnsafe", most: str = "2") -> Mined:
    """Lets a taker take from an order of ours that is priced by the first symbol and reads the others before it."""
    pricing = scene.priced_by(*symbols, most="10", function=function)
    offer = Offer(scene.shares["COIN"].wrapper, scene.usdc, Decimal(10), Decimal(1), pricing=pricing)
    return scene.take(scene.offer(scene.owner, offer), most=most)


def fill_of(scene: Scene, mined: Mined) -> VaultFilled:
    events = read(scene.chain.url, scene.config()).events
    (fill,) = [event for event in events if isinstance(event, VaultFilled) and event.key.tx == mined.tx]
    return fill


@pytest.mark.parametrize(
    ("function", "price", "is_average"),
    [
        ("getPriceUnsafe", "154.45005", False),
        ("getPriceNoOlderThan", "154.45005", False),
        ("getEmaPriceUnsafe", "150", True),
        ("getEmaPriceNoOlderThan", "150", True),
    ],
)
def test_a_real_trace_tells_each_feed_that_an_order_was_priced_by(
    scene: Scene, function: str, price: str, is_average: bool
) -> None:
    mined = taken(scene, "COIN", "ETH", function=function)
    told = asked(scene, lambda reader, _: reader.traced(mined.tx, mined.block_hash))
    assert told.nodes == ("way-1", "way-2")
    first = told.stated[0]
    assert first.feed == scene.feed("ETH")
    found = one_of_feed(told.stated, scene.feed("COIN"))
    assert isinstance(found, OraclePrice)
    assert (found.price, found.confidence, found.is_average) == (
        Decimal(price),
        Decimal(price).scaleb(5).to_integral_value() // 1000 * Decimal("0.00001"),
        is_average,
    )


def test_a_fill_is_priced_at_its_own_block_whatever_the_oracle_says_later(scene: Scene) -> None:
    mined = taken(scene, "COIN", "ETH")
    scene.set_price("COIN", "999")
    fill = fill_of(scene, mined)
    priced = asked(scene, lambda reader, _: reader.priced(fill))
    assert isinstance(priced, FillPriced)
    assert (priced.price, priced.source, priced.doubts) == (
        Decimal("154.45005"),
        PriceSource.VIEW,
        (),
    )
    assert fill.price == Decimal("154.45005")


def test_a_call_that_reverted_is_not_among_what_was_read(scene: Scene) -> None:
    mined = scene.send(scene.taker, scene.places["Pyth"], "0x96834ad3" + "77" * 32)
    scene.chain.mine()
    block_hash = scene.chain.receipt(mined)["blockHash"]
    told = asked(scene, lambda reader, _: reader.traced(mined, block_hash))
    assert (told.stated, told.nodes) == ((), ("way-1", "way-2"))


def test_a_feed_that_nobody_ever_set_and_a_block_that_was_replaced_have_no_price(scene: Scene) -> None:
    mined = taken(scene, "COIN")
    unset = asked(scene, lambda reader, _: reader.viewed("0x" + "77" * 32, mined.block_hash))
    (missing,) = unset.stated
    assert isinstance(missing, Missing)
    assert missing.reason is MissingFor.REVERTED
    scene.reorg(1)
    (gone,) = asked(scene, lambda reader, _: reader.viewed(scene.feed("COIN"), mined.block_hash)).stated
    assert isinstance(gone, Missing)
    assert gone.reason is MissingFor.NOT_ANSWERED


def test_the_story_of_a_transaction_has_every_feed_of_its_trace_and_of_its_block(scene: Scene) -> None:
    mined = taken(scene, "COIN", "ETH")

    async def story(reader: PythReader, nodes: list[RpcNode]) -> list[tuple[str, str | None, str]]:
        moment = await moment_of(nodes, mined.tx)
        assert not isinstance(moment, Missing)
        assert (moment.block, moment.block_hash) == (mined.block, mined.block_hash)
        found = await sayings_of(reader, mined.tx, moment, (Underlying("COIN"),), ())
        return [
            (each.source, each.ticker, f"{each.stated.price.normalize():f}")
            for each in found
            if isinstance(each.stated, OraclePrice)
        ]

    *traced, coin, eth = asked(scene, story)
    assert (coin, eth) == (("view", "COIN", "154.45005"), ("view", "ETH", "3123.45"))
    assert traced[:2] == [("trace", "ETH", "3123.45"), ("trace", "COIN", "154.45005")]
