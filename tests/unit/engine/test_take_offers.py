"""Our own orders on a chain: seen once, undone with their block, and quoted where something changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.inputs import OffersRead
from flatbook.engine.offer_reports import OfferSight, OffersSight
from flatbook.engine.ports import ChainRead
from flatbook.engine.step import Step
from flatbook.events.chain import LogKey
from flatbook.events.event import Event
from flatbook.events.offers import LegQuote, OfferGone, OfferLeg, OfferRemoved, OfferSeen
from flatbook.state.offers import Offer
from flatbook.values.ids import AssetId, InstrumentId
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from tests.desk import BASE, CHAIN, COIN, OWNER, VAULT
from tests.unit.engine.scene import START, Bench, tags

HASH = "0x" + "5e" * 32


def offer_seen(block: int = 10, *, side: Side = Side.SELL, order_hash: str = HASH, **changes: Any) -> OfferSeen:
    """Returns that an order of ours stands."""
    key = LogKey(chain=BASE, tx=f"0x{block:064x}", log_index=1, block=block, block_hash=f"0xb{block}")
    leg = OfferLeg(
        underlying=COIN,
        instrument=InstrumentId("wtCOIN/USDC@base"),
        token=AssetId("wtCOIN"),
        dollar=AssetId("USDC"),
        side=side,
        gives="0x" + "1a" * 20,
        gives_vault="0x" + "00" * 32,
        wants_vault="0x" + "00" * 32,
        input_index=0,
        output_index=0,
    )
    plain = OfferSeen(
        key=key,
        order_hash=order_hash,
        order_book="0x" + "b0" * 20,
        owner=OWNER,
        account=VAULT,
        legs=(leg,),
        removal=f"0x1f69cb75{order_hash[2:]}",
        addition=f"0x709fb8a5{order_hash[2:]}",
        quotes=("0x9235084d",),
        balances=("0x41d1514f",),
        happened_at=START,
        seen_at=START,
    )
    return msgspec.structs.replace(plain, **changes)


def gone(block: int = 12) -> OfferRemoved:
    key = LogKey(chain=BASE, tx=f"0x{block:064x}", log_index=1, block=block, block_hash=f"0xb{block}")
    return OfferRemoved(key=key, order_hash=HASH, owner=OWNER, gone=OfferGone.REMOVED, seen_at=START)


def read(bench: Bench, *events: Event, removed_from: int | None = None) -> Step:
    return bench.take(ChainRead(source=CHAIN, events=events, cursor="c", removed_from=removed_from))


def quoted(bench: Bench, shares: str = "10", price: str | None = "250", *, block: int = 11, legs: int = 1) -> Step:
    leg = LegQuote(
        shares=Quantity(Decimal(shares)),
        price=None if price is None else Price(Decimal(price)),
        balance=Quantity(Decimal(shares)),
    )
    sight = OffersSight(
        source=CHAIN,
        block=block,
        block_hash=f"0xb{block}",
        at=bench.now,
        offers=(OfferSight(order_hash=HASH, legs=(leg,) * legs),),
    )
    return bench.take(OffersRead(sight=sight))


def offer_of(bench: Bench) -> Offer:
    return bench.state.offers.by_hash[BASE, HASH]


def standing(bench: Bench) -> Decimal | None:
    return bench.state.offers.standing(OWNER, COIN, Side.SELL)


def test_an_order_is_booked_once_and_what_it_offers_is_not_known_until_it_is_read() -> None:
    bench = Bench().resume()
    assert tags(read(bench, offer_seen())) == ["offer_seen"]
    assert read(bench, offer_seen()).dropped == ("offer_known",)
    assert standing(bench) is None
    quoted(bench)
    assert standing(bench) == 10
    assert bench.state.offers.standing(OWNER, COIN, Side.BUY) == 0


def test_a_quote_is_booked_where_shares_or_price_moved_and_never_backwards() -> None:
    bench = Bench().resume()
    read(bench, offer_seen())
    assert tags(quoted(bench)) == ["offer_quoted"]
    assert quoted(bench, block=12).dropped == ("offer_unchanged",)
    assert quoted(bench, price="250.25", block=12).dropped == ("offer_unchanged",)
    assert tags(quoted(bench, price="250.26", block=12)) == ["offer_quoted"]
    assert quoted(bench, "9", block=11).dropped == ("offer_unchanged",)
    assert tags(quoted(bench, "9", block=13)) == ["offer_quoted"]
    assert tags(quoted(bench, "9", None, block=14)) == ["offer_quoted"]


def test_quotes_of_orders_that_do_not_stand_or_do_not_fit_are_not_booked() -> None:
    bench = Bench().resume()
    assert quoted(bench).dropped == ("offer_not_standing",)
    read(bench, offer_seen(block=20))
    assert quoted(bench, block=19).dropped == ("offer_not_standing",)
    quoted(bench, block=21, legs=2)
    assert bench.alerts == ["log_unparsed"]


def test_a_removed_order_offers_nothing() -> None:
    bench = Bench().resume()
    read(bench, offer_seen())
    quoted(bench)
    assert tags(read(bench, gone())) == ["offer_removed"]
    assert read(bench, gone()).dropped == ("offer_not_standing",)
    assert standing(bench) == 0


def test_an_order_whose_block_was_replaced_is_gone_unless_it_is_stated_again() -> None:
    bench = Bench().resume()
    read(bench, offer_seen(block=10))
    done = read(bench, removed_from=9)
    assert tags(done) == ["offer_removed", "blocks_removed"]
    assert not offer_of(bench).stands
    again = read(bench, offer_seen(block=11))
    assert tags(again) == ["offer_seen"]
    kept = read(bench, offer_seen(block=11), removed_from=9)
    assert tags(kept) == ["blocks_removed"]
    assert offer_of(bench).stands


def test_a_removal_whose_block_was_replaced_leaves_the_order_standing() -> None:
    bench = Bench().resume()
    read(bench, offer_seen(block=10))
    read(bench, gone(block=12))
    assert tags(read(bench, removed_from=12)) == ["offer_seen", "blocks_removed"]
    assert offer_of(bench).stands
