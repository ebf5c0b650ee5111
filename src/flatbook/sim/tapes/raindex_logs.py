"""Raindex logs made to order, byte for byte as an order book writes them: for tapes and tests."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.venues.raindex.rain_float import RainFloat, pack
from flatbook.venues.raindex.wire import LAYOUTS, WORD, Topic

NO_ADDRESS = "0x" + "00" * 20
NO_WORD = bytes(WORD)


class TokenVault(msgspec.Struct, frozen=True, kw_only=True):
    """A token and the vault of the order's owner that it comes from or goes to."""

    token: str
    vault: int


class StandingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its owner added it to the order book."""

    owner: str
    inputs: tuple[TokenVault, ...]
    outputs: tuple[TokenVault, ...]
    nonce: int
    interpreter: str = NO_ADDRESS
    store: str = NO_ADDRESS
    bytecode: bytes = b""


class OrderTraded(msgspec.Struct, frozen=True, kw_only=True):
    """What an order received and gave, from its own view.

    Units: amounts in whole tokens.
    """

    order: StandingOrder
    received: RainFloat
    gave: RainFloat
    input_index: int = 0
    output_index: int = 0


class RawTraded(msgspec.Struct, frozen=True, kw_only=True):
    """What an order of the order book that states integers received and gave, from its own view.

    Units: amounts in base units of the tokens, whose decimals the order states too.
    """

    order: StandingOrder
    received: int
    gave: int
    received_decimals: int
    gave_decimals: int


class LogPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a log stands."""

    address: str
    tx: str
    log_index: int
    block: int
    block_hash: str


def encode_take_order_v3(place: LogPlace, traded: OrderTraded, *, taker: str) -> dict[str, object]:
    """Returns the JSON-RPC object of a TakeOrderV3 log.

    Gives: the taker's input is what the order gave, the taker's output what the order received.
    """
    taken = (_order(traded.order), traded.input_index, traded.output_index, ())
    return _log(place, Topic.TAKE_ORDER_V3, (taker, taken, pack(traded.gave), pack(traded.received)))


def encode_take_order_v2(place: LogPlace, traded: RawTraded, *, taker: str) -> dict[str, object]:
    """Returns the JSON-RPC object of a TakeOrderV2 log, which states integers. The order has one token a side."""
    order = traded.order
    sides = (
        tuple((side.token, decimals, side.vault) for side in vaults)
        for vaults, decimals in ((order.inputs, traded.received_decimals), (order.outputs, traded.gave_decimals))
    )
    stated = (order.owner, (order.interpreter, order.store, order.bytecode), *sides, _word(order.nonce))
    return _log(place, Topic.TAKE_ORDER_V2, (taker, (stated, 0, 0, ()), traded.gave, traded.received))


def encode_clear_v3(
    place: LogPlace, alice: OrderTraded, bob: OrderTraded, *, sender: str, after_index: int | None = None
) -> tuple[dict[str, object], dict[str, object]]:
    """Returns the JSON-RPC objects of a ClearV3 log and of its AfterClearV2 log.

    Gives: the second stands at `after_index`, or directly after the first.
    """
    indexes = (alice.input_index, alice.output_index, bob.input_index, bob.output_index, NO_WORD, NO_WORD)
    amounts = tuple(map(pack, (alice.gave, bob.gave, alice.received, bob.received)))
    after = msgspec.structs.replace(place, log_index=place.log_index + 1 if after_index is None else after_index)
    return (
        _log(place, Topic.CLEAR_V3, (sender, _order(alice.order), _order(bob.order), indexes)),
        _log(after, Topic.AFTER_CLEAR_V2, (sender, amounts)),
    )


def _order(order: StandingOrder) -> tuple[object, ...]:
    evaluable = (order.interpreter, order.store, order.bytecode)
    return (order.owner, evaluable, _vaults(order.inputs), _vaults(order.outputs), _word(order.nonce))


def _vaults(vaults: Sequence[TokenVault]) -> tuple[tuple[str, bytes], ...]:
    return tuple((vault.token, _word(vault.vault)) for vault in vaults)


def _word(number: int) -> bytes:
    return number.to_bytes(WORD, "big")


def _log(place: LogPlace, topic: Topic, values: tuple[object, ...]) -> dict[str, object]:
    from eth_abi.abi import encode

    return {
        "address": place.address,
        "topics": [topic.value],
        "data": "0x" + encode(LAYOUTS[topic], values).hex(),
        "logIndex": hex(place.log_index),
        "removed": False,
        "transactionHash": place.tx,
        "blockNumber": hex(place.block),
        "blockHash": place.block_hash,
    }
