"""Logs made to order are byte for byte those of the golden cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode

from flatbook.sim.tapes.raindex_logs import (
    LogPlace,
    OrderTraded,
    StandingOrder,
    TokenVault,
    encode_clear_v3,
    encode_take_order_v3,
)
from flatbook.venues.raindex.rain_float import unpack
from flatbook.venues.raindex.wire import LAYOUTS, Topic

FILE = Path(__file__).parents[3] / "vectors/cases/tokenized_equities/raindex_logs.json"
CASES = {case["id"]: case["logs"] for case in json.loads(FILE.read_text())["cases"]}


def with_topic(topic: Topic, count: int) -> list[str]:
    return [name for name, logs in CASES.items() if len(logs) == count and logs[0]["topics"][0] == topic.value]


def values_of(log: dict[str, Any]) -> tuple[Any, ...]:
    return decode(LAYOUTS[Topic(log["topics"][0])], bytes.fromhex(log["data"][2:]))


def order_of(stated: tuple[Any, ...]) -> StandingOrder:
    owner, (interpreter, store, bytecode), inputs, outputs, nonce = stated
    sides = [
        tuple(TokenVault(token=token, vault=int.from_bytes(vault, "big")) for token, vault in side)
        for side in (inputs, outputs)
    ]
    return StandingOrder(
        owner=owner,
        inputs=sides[0],
        outputs=sides[1],
        nonce=int.from_bytes(nonce, "big"),
        interpreter=interpreter,
        store=store,
        bytecode=bytecode,
    )


def place_of(log: dict[str, Any]) -> LogPlace:
    return LogPlace(
        address=log["address"],
        tx=log["transactionHash"],
        log_index=int(log["logIndex"], 16),
        block=int(log["blockNumber"], 16),
        block_hash=log["blockHash"],
    )


@pytest.mark.parametrize("name", with_topic(Topic.TAKE_ORDER_V3, 1))
def test_a_take_order_log_is_the_golden_one(name: str) -> None:
    log = CASES[name][0]
    taker, (order, input_index, output_index, _), taker_input, taker_output = values_of(log)
    traded = OrderTraded(
        order=order_of(order),
        received=unpack(taker_output),
        gave=unpack(taker_input),
        input_index=input_index,
        output_index=output_index,
    )
    assert encode_take_order_v3(place_of(log), traded, taker=taker) == log


@pytest.mark.parametrize("name", with_topic(Topic.CLEAR_V3, 2))
def test_a_clear_and_its_after_clear_are_the_golden_ones(name: str) -> None:
    cleared, after = CASES[name]
    if after["address"] != cleared["address"]:
        after = {**after, "address": cleared["address"]}
    sender, alice, bob, _ = values_of(cleared)
    alice_output, bob_output, alice_input, bob_input = map(unpack, values_of(after)[1])
    sides = (
        OrderTraded(order=order_of(alice), received=alice_input, gave=alice_output),
        OrderTraded(order=order_of(bob), received=bob_input, gave=bob_output),
    )
    assert encode_clear_v3(place_of(cleared), *sides, sender=sender) == (cleared, after)
