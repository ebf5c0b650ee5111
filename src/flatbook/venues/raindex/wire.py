"""The bytes of Raindex: topics, ABI layouts, and logs as JSON-RPC states them, read strictly.

Nothing here knows whose order it is. Whatever cannot be read is returned as `Unreadable`; nothing raises.
Source: rain.orderbook.interface (IOrderBookV4, IOrderBookV5), rain.raindex.interface (IRaindexV6), RaindexInventory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TypeVar

import msgspec

from flatbook.values.ids import digest_text
from flatbook.venues.raindex.abi import AbiRefused, address_at, items_at, number_at, pointed, word_at
from flatbook.venues.raindex.rain_float import RainFloat, unpack

LOG_BYTES_MAX = 1 << 20
TOPICS_MAX = 4
WIRE_INTEGER_MAX = 2**53 - 1
WORD = 32
BYTE_MAX = 255
DETAIL_MAX = 200

_Stated = TypeVar("_Stated")


class Topic(Enum):
    """The first topic of the logs that are read: keccak-256 of their signatures."""

    CLEAR_V2 = "0x692ee69af2843c70772be93470669f3c73e583316a047b6bfefdae5629de37ce"
    AFTER_CLEAR = "0x3f20e55919cca701abb2a40ab72542b25ea7eed63a50f979dd2cd3231e5f488d"
    TAKE_ORDER_V2 = "0x10de99b9032184587540c04e1850dff94a7683ae1fcc9eb06098621c739c0275"
    CLEAR_V3 = "0x6fa7f4c28634b0a9d6831401c45ae468195fb63aed07308935c35374ff5d9e39"
    AFTER_CLEAR_V2 = "0xd9fa84dd790c969daa5c33d8050dc06b4a9b59d5b42e2be5f5e8ae20447f618d"
    TAKE_ORDER_V3 = "0x194f1feb3b4d7076a2c272e774e792e0c48bb8c7aa1a9a3671c1cd6da9e6b4c1"
    ADD_ORDER_V2 = "0x3ce8bbe652d8778b67dd565c479c3bbaa843e55e477d075f756f889ec4bbdaee"
    REMOVE_ORDER_V2 = "0xa2d7a96afe77c99b6a2d72ca8b4d3c5c88b6466ee34ca74e0955951f449425c8"
    ADD_ORDER_V3 = "0x87491344dfbcf91f6cbbc610cbbeedc85313d37a02df0c93527f7ea5f8db717f"
    REMOVE_ORDER_V3 = "0x09d18501db0080ca2d6cd7c17fa7255daff4b2d503ea93b76ff68b6752ea8e63"
    OPERATOR_DEPOSIT = "0xa507aac739d4f580d86e1e34ebb6bd0bbd130d687ada88539711c645fd2b5480"
    OPERATOR_WITHDRAW = "0x50539c01596e1068221f68fffa4b27891c8ec42281472a03345e76561d4cfc44"


TOPICS: dict[str, Topic] = {topic.value: topic for topic in Topic}
CLEARS = (Topic.CLEAR_V2, Topic.CLEAR_V3)
TAKES = (Topic.TAKE_ORDER_V2, Topic.TAKE_ORDER_V3)
ADDS = (Topic.ADD_ORDER_V2, Topic.ADD_ORDER_V3)
REMOVES = (Topic.REMOVE_ORDER_V2, Topic.REMOVE_ORDER_V3)
RAW_ORDERS = (Topic.ADD_ORDER_V2, Topic.REMOVE_ORDER_V2)
OPERATOR_MOVES = (Topic.OPERATOR_DEPOSIT, Topic.OPERATOR_WITHDRAW)
RAW_AMOUNTS = (Topic.TAKE_ORDER_V2, Topic.CLEAR_V2, Topic.AFTER_CLEAR)
AFTER_OF: dict[Topic, Topic] = {Topic.CLEAR_V2: Topic.AFTER_CLEAR, Topic.CLEAR_V3: Topic.AFTER_CLEAR_V2}

ORDER_V3 = "(address,(address,address,bytes),(address,uint8,uint256)[],(address,uint8,uint256)[],bytes32)"
ORDER_V4 = "(address,(address,address,bytes),(address,bytes32)[],(address,bytes32)[],bytes32)"
LAYOUTS: dict[Topic, tuple[str, ...]] = {
    Topic.TAKE_ORDER_V2: (
        "address",
        f"({ORDER_V3},uint256,uint256,(address,uint256[],bytes)[])",
        "uint256",
        "uint256",
    ),
    Topic.TAKE_ORDER_V3: (
        "address",
        f"({ORDER_V4},uint256,uint256,(address,bytes32[],bytes)[])",
        "bytes32",
        "bytes32",
    ),
    Topic.CLEAR_V2: ("address", ORDER_V3, ORDER_V3, "(uint256,uint256,uint256,uint256,uint256,uint256)"),
    Topic.CLEAR_V3: ("address", ORDER_V4, ORDER_V4, "(uint256,uint256,uint256,uint256,bytes32,bytes32)"),
    Topic.AFTER_CLEAR: ("address", "(uint256,uint256,uint256,uint256)"),
    Topic.AFTER_CLEAR_V2: ("address", "(bytes32,bytes32,bytes32,bytes32)"),
}

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The shape of all that is read from the wire."""


class Unreadable(Wire, frozen=True, kw_only=True):
    """Bytes that are not what they should be, and why."""

    detail: str


class RawLog(Wire, frozen=True, kw_only=True):
    """A log with its fields checked: lower-case hex with its prefix for addresses and hashes, topics as text.

    `block` and `block_hash` are None where the log does not state them.
    """

    address: str
    topics: tuple[str, ...]
    payload: bytes
    tx: str
    log_index: int
    block: int | None
    block_hash: str | None
    removed: bool

    @property
    def topic(self) -> Topic | None:
        """What the log says, when it is one of the logs that are read."""
        return TOPICS.get(self.topics[0]) if self.topics else None


class Receipt(Wire, frozen=True, kw_only=True):
    """Who sent a transaction and what it cost.

    Units: gas_wei in wei, the L1 data fee of the receipt included; None where the receipt does not state it.
    """

    sender: str | None
    gas_wei: int | None
    success: bool


class TokenSide(Wire, frozen=True, kw_only=True):
    """An input or output of an order. `decimals` as the order states them, in the V4 order book only."""

    token: str
    decimals: int | None


class Order(Wire, frozen=True, kw_only=True):
    """The parts of an order that tell whose it is and what it trades."""

    owner: str
    inputs: tuple[TokenSide, ...]
    outputs: tuple[TokenSide, ...]


class TakeOrder(Wire, frozen=True, kw_only=True):
    """A taker traded against one order.

    Units: amounts as the log states them: raw integers (V4) or Rain Floats; `taker_input` is what the TAKER
    received and so what the order gave, `taker_output` what the taker paid.
    """

    order: Order
    input_index: int
    output_index: int
    taker_input: int | RainFloat
    taker_output: int | RainFloat


class ClearSide(Wire, frozen=True, kw_only=True):
    """One of the two orders of a clear, with the indexes of its token pair."""

    order: Order
    input_index: int
    output_index: int


class Clear(Wire, frozen=True, kw_only=True):
    """Two orders traded against each other; the amounts follow in the AfterClear log."""

    alice: ClearSide
    bob: ClearSide


class AfterClear(Wire, frozen=True, kw_only=True):
    """The amounts of a clear, each from the view of its own order: output given, input received."""

    alice_output: int | RainFloat
    bob_output: int | RainFloat
    alice_input: int | RainFloat
    bob_input: int | RainFloat


class OperatorMove(Wire, frozen=True, kw_only=True):
    """An operator moved tokens into (`deposit`) or out of a shared inventory.

    Units: amount in base units of the token.
    """

    deposit: bool
    operator: str
    token: str
    amount: int


def shortened(text: object) -> str:
    """Returns at most 200 characters of a text, for a detail in an event."""
    return str(text)[:DETAIL_MAX]


def read_hex(value: object, *, size: int | None = None) -> bytes | None:
    """Returns the bytes that a 0x-text states, None when it is none or has not the wanted size."""
    if not isinstance(value, str) or len(value) > 2 * LOG_BYTES_MAX + 2 or value[:2] != "0x":
        return None
    try:
        found = bytes.fromhex(value[2:])
    except ValueError:
        return None
    return found if len(value) == 2 + 2 * len(found) and size in (None, len(found)) else None


def read_quantity(value: object, *, most: int = WIRE_INTEGER_MAX) -> int | None:
    """Returns a non-negative integer given as a JSON number or as 0x-text, None when it is none or above `most`."""
    if isinstance(value, bool):
        return None
    number = value if isinstance(value, int) else _quantity_of_text(value)
    return number if number is not None and 0 <= number <= most else None


def _quantity_of_text(value: object) -> int | None:
    return int(value, 16) if isinstance(value, str) and _QUANTITY.fullmatch(value) else None


def address_of(stated: object) -> str | None:
    """Returns the contract that a JSON-RPC log names, whatever else of it can be read."""
    return _hex_text(read_hex(stated.get("address"), size=20)) if isinstance(stated, Mapping) else None


def identity_of(stated: object) -> tuple[str, int]:
    """Returns transaction and log index of a JSON-RPC log that may be malformed.

    Gives: where one of them is missing, a digest of the whole log and index 0: the same for the same log always.
    """
    fields = stated if isinstance(stated, Mapping) else {}
    tx, log_index = read_hex(fields.get("transactionHash"), size=WORD), read_quantity(fields.get("logIndex"))
    if tx is not None and log_index is not None:
        return "0x" + tx.hex(), log_index
    return digest_text(json.dumps(stated, sort_keys=True, default=str)), 0


def read_log(stated: object) -> RawLog | Unreadable:
    """Returns the log that a JSON-RPC object states, its fields checked."""
    if not isinstance(stated, Mapping):
        return Unreadable(detail="the log is no JSON object")
    address, tx = read_hex(stated.get("address"), size=20), read_hex(stated.get("transactionHash"), size=WORD)
    payload, log_index = read_hex(stated.get("data")), read_quantity(stated.get("logIndex"))
    topics = _read_topics(stated.get("topics"))
    removed = stated.get("removed", False)
    if address is None or tx is None or log_index is None:
        return Unreadable(detail="address, transactionHash or logIndex is missing or malformed")
    if payload is None or topics is None or not isinstance(removed, bool):
        return Unreadable(detail="data, topics or removed is missing or malformed")
    return RawLog(
        address="0x" + address.hex(),
        topics=topics,
        payload=payload,
        tx="0x" + tx.hex(),
        log_index=log_index,
        block=read_quantity(stated.get("blockNumber")),
        block_hash=_hex_text(read_hex(stated.get("blockHash"), size=WORD)),
        removed=removed,
    )


def _hex_text(value: bytes | None) -> str | None:
    return None if value is None else "0x" + value.hex()


def _read_topics(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > TOPICS_MAX:
        return None
    topics = [_hex_text(read_hex(topic, size=WORD)) for topic in value]
    return None if None in topics else tuple(topic for topic in topics if topic is not None)


def read_receipt(stated: object) -> Receipt:
    """Returns what a JSON-RPC receipt states of sender and cost; a cost without any of its parts is None."""
    fields = stated if isinstance(stated, Mapping) else {}
    used, price = read_quantity(fields.get("gasUsed")), read_quantity(fields.get("effectiveGasPrice"))
    data_fee = read_quantity(fields.get("l1Fee", 0))
    costs = None if used is None or price is None or data_fee is None else used * price + data_fee
    sender = _hex_text(read_hex(fields.get("from"), size=20))
    return Receipt(sender=sender, gas_wei=costs, success=read_quantity(fields.get("status", 1)) == 1)


def _stated(read: Callable[[bytes, Topic], _Stated], log: RawLog, topic: Topic) -> _Stated | Unreadable:
    if len(log.topics) != 1:
        return Unreadable(detail=f"{topic.name} has one topic, not {len(log.topics)}")
    try:
        return read(log.payload, topic)
    except AbiRefused as refused:
        return Unreadable(detail=shortened(f"{topic.name}: {refused}"))


def _amount(payload: bytes, at: int, topic: Topic) -> int | RainFloat:
    return number_at(payload, at) if topic in RAW_AMOUNTS else unpack(word_at(payload, at))


def _sides(payload: bytes, at: int, topic: Topic) -> tuple[TokenSide, ...]:
    if topic not in RAW_AMOUNTS:
        places = items_at(payload, at, size=2 * WORD)
        return tuple(TokenSide(token=address_at(payload, place), decimals=None) for place in places)
    places = items_at(payload, at, size=3 * WORD)
    return tuple(
        TokenSide(token=address_at(payload, place), decimals=number_at(payload, place + WORD, most=BYTE_MAX))
        for place in places
    )


def _order(payload: bytes, at: int, topic: Topic) -> Order:
    """Reads an order: its owner, what it evaluates (which is passed over), its inputs, outputs and nonce."""
    _, inputs, outputs = (pointed(payload, at, at + number * WORD, head=5 * WORD) for number in (1, 2, 3))
    word_at(payload, at + 4 * WORD)
    return Order(
        owner=address_at(payload, at),
        inputs=_sides(payload, inputs, topic),
        outputs=_sides(payload, outputs, topic),
    )


def read_take_order(log: RawLog, topic: Topic) -> TakeOrder | Unreadable:
    """Returns what a TakeOrderV2 or TakeOrderV3 log states. What is evaluated or signed in it is not looked into."""
    return _stated(_take_order, log, topic)


def _take_order(payload: bytes, topic: Topic) -> TakeOrder:
    address_at(payload, 0)
    config = pointed(payload, 0, WORD, head=4 * WORD)
    order, _ = (pointed(payload, config, config + number * WORD, head=4 * WORD) for number in (0, 3))
    return TakeOrder(
        order=_order(payload, order, topic),
        input_index=number_at(payload, config + WORD),
        output_index=number_at(payload, config + 2 * WORD),
        taker_input=_amount(payload, 2 * WORD, topic),
        taker_output=_amount(payload, 3 * WORD, topic),
    )


def read_clear(log: RawLog, topic: Topic) -> Clear | Unreadable:
    """Returns what a ClearV2 or ClearV3 log states. What its orders evaluate is not looked into."""
    return _stated(_clear, log, topic)


def _clear(payload: bytes, topic: Topic) -> Clear:
    address_at(payload, 0)
    alice, bob = (pointed(payload, 0, number * WORD, head=4 * WORD) for number in (1, 2))
    indexes = [number_at(payload, number * WORD) for number in range(3, 9)]
    return Clear(
        alice=ClearSide(order=_order(payload, alice, topic), input_index=indexes[0], output_index=indexes[1]),
        bob=ClearSide(order=_order(payload, bob, topic), input_index=indexes[2], output_index=indexes[3]),
    )


def read_after_clear(log: RawLog, topic: Topic) -> AfterClear | Unreadable:
    """Returns the amounts that an AfterClear or AfterClearV2 log states."""
    return _stated(_after_clear, log, topic)


def _after_clear(payload: bytes, topic: Topic) -> AfterClear:
    address_at(payload, 0)
    amounts = [_amount(payload, number * WORD, topic) for number in range(1, 5)]
    return AfterClear(alice_output=amounts[0], bob_output=amounts[1], alice_input=amounts[2], bob_input=amounts[3])


def read_operator_move(log: RawLog, topic: Topic) -> OperatorMove | Unreadable:
    """Returns what an OperatorDeposit or OperatorWithdraw log of a shared inventory states."""
    if len(log.topics) != 4 or len(log.payload) != WORD:
        return Unreadable(detail=f"{topic.name} has four topics and one word")
    operator, token = (_address_of_word(word) for word in log.topics[1:3])
    if operator is None or token is None:
        return Unreadable(detail=f"{topic.name} has a topic that is no address")
    return OperatorMove(
        deposit=topic is Topic.OPERATOR_DEPOSIT,
        operator=operator,
        token=token,
        amount=int.from_bytes(log.payload, "big"),
    )


def _address_of_word(word: str) -> str | None:
    return "0x" + word[26:] if word[2:26] == "0" * 24 else None
