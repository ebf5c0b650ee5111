"""Logs that add and remove orders, from the bytes of every generation to what they mean to us."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import decode, encode

from flatbook.events.chain import LogUnparsed
from flatbook.events.event import Event
from flatbook.events.offers import OfferRemoved, OfferSeen
from flatbook.sim.evm.contracts import BOOK, DOLLAR, address_of, token_of
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side
from flatbook.venues.raindex.booking import BlockFacts
from flatbook.venues.raindex.offers import CONFIGS, TASKS
from flatbook.venues.raindex.parse import IgnoreReason, Parsed, parse_block
from flatbook.venues.raindex.tokens import Generation
from flatbook.venues.raindex.wire import ORDER_V3, ORDER_V4, RAW_ORDERS, Topic
from tests.unit.sim.evm.scene import OWNER, contracts

AT = instant_of_text("2025-12-02T15:00:00Z")
HASH = bytes.fromhex("5e" * 32)
NO_ADDRESS = "0x" + "00" * 20
COIN = token_of("COIN")


def order(topic: Topic, *, gives: str = COIN, wants: str = DOLLAR, owner: str = address_of(OWNER)) -> tuple[Any, ...]:
    def side(token: str) -> tuple[Any, ...]:
        return (token, 18, 0xFAB) if topic in RAW_ORDERS else (token, (0xFAB).to_bytes(32, "big"))

    return (owner, (NO_ADDRESS, NO_ADDRESS, b"\x01\x02"), (side(wants),), (side(gives),), (7).to_bytes(32, "big"))


def log(topic: Topic, stated: tuple[Any, ...], **changes: object) -> dict[str, object]:
    layout = ORDER_V3 if topic in RAW_ORDERS else ORDER_V4
    return {
        "address": BOOK,
        "topics": [topic.value],
        "data": "0x" + encode(("address", "bytes32", layout), (stated[0], HASH, stated)).hex(),
        "logIndex": "0x3",
        "removed": False,
        "transactionHash": "0x" + "0f" * 32,
        "blockNumber": "0x5",
        "blockHash": "0x" + "ab" * 32,
        **changes,
    }


def parsed(*logs: object) -> Parsed:
    facts = BlockFacts(number=5, hash="0x" + "ab" * 32, at=AT, ratios={}, ratios_before={}, symbols={}, receipts={})
    return parse_block(logs, facts, contracts().config(), seen_at=AT)


def only(found: Parsed) -> Event:
    (event,) = found.events
    return event


@pytest.mark.parametrize("topic", [Topic.ADD_ORDER_V2, Topic.ADD_ORDER_V3])
@pytest.mark.parametrize(("gives", "wants", "side"), [(COIN, DOLLAR, Side.SELL), (DOLLAR, COIN, Side.BUY)])
def test_an_order_of_ours_is_seen_with_its_side(topic: Topic, gives: str, wants: str, side: Side) -> None:
    event = only(parsed(log(topic, order(topic, gives=gives, wants=wants))))
    assert isinstance(event, OfferSeen)
    (leg,) = event.legs
    assert (leg.side, leg.underlying, leg.gives, int(leg.gives_vault, 16)) == (side, "COIN", gives, 0xFAB)
    assert (event.order_hash, event.order_book, event.owner) == ("0x" + HASH.hex(), BOOK, OWNER)


@pytest.mark.parametrize(
    ("topic", "selectors"),
    [
        (Topic.ADD_ORDER_V2, ("8d7b6beb", "a616864d", "e0e530b7", "d97b2e48")),
        (Topic.ADD_ORDER_V3, ("1f69cb75", "709fb8a5", "9235084d", "41d1514f")),
    ],
)
def test_the_calls_of_an_order_hold_the_very_order(topic: Topic, selectors: tuple[str, ...]) -> None:
    stated = order(topic)
    event = only(parsed(log(topic, stated)))
    assert isinstance(event, OfferSeen)
    calls = (event.removal, event.addition, event.quotes[0], event.balances[0])
    assert tuple(call[2:10] for call in calls) == selectors
    is_raw = topic in RAW_ORDERS
    removal = bytes.fromhex(event.removal[10:])
    assert decode((ORDER_V3 if is_raw else ORDER_V4, TASKS[is_raw]), removal) == (stated, ())
    config, tasks = decode((CONFIGS[is_raw], TASKS[is_raw]), bytes.fromhex(event.addition[10:]))
    assert (config[:4], config[4:], tasks) == (stated[1:], (bytes(32), b""), ())


@pytest.mark.parametrize("topic", [Topic.REMOVE_ORDER_V2, Topic.REMOVE_ORDER_V3])
def test_a_removed_order_of_ours_is_gone(topic: Topic) -> None:
    event = only(parsed(log(topic, order(topic))))
    assert isinstance(event, OfferRemoved)
    assert event.order_hash == "0x" + HASH.hex()


def test_orders_of_others_are_ignored_and_pairs_that_are_no_share_against_a_dollar_have_no_leg() -> None:
    topic = Topic.ADD_ORDER_V3
    assert parsed(log(topic, order(topic, owner=address_of("stranger")))).ignored == (IgnoreReason.NOT_OUR_ORDER,)
    event = only(parsed(log(topic, order(topic, wants="0x" + "99" * 20))))
    assert isinstance(event, OfferSeen)
    assert (event.legs, event.quotes, event.balances) == ((), (), ())


def test_an_order_that_cannot_be_read_is_told() -> None:
    event = only(parsed(log(Topic.ADD_ORDER_V3, order(Topic.ADD_ORDER_V3), data="0x00")))
    assert isinstance(event, LogUnparsed)


def test_an_order_book_is_of_the_newest_interface_unless_it_is_stated() -> None:
    config = contracts().config()
    assert config.generation(BOOK) is Generation.V6
