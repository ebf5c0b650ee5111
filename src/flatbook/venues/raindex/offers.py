"""Orders of ours in an order book, from the logs that add and remove them, with the calls that concern them.

Source: rain.orderbook.interface (IOrderBookV4, IOrderBookV5), rain.raindex.interface (IRaindexV6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from flatbook.events.chain import UnparsedReason
from flatbook.events.event import Event
from flatbook.events.offers import OfferGone, OfferLeg, OfferRemoved, OfferSeen
from flatbook.values.instruments import Side
from flatbook.venues.raindex.booking import Reading
from flatbook.venues.raindex.tokens import Generation, Token, Usdc, VaultOwner, underlying_at
from flatbook.venues.raindex.wire import ADDS, ORDER_V3, ORDER_V4, RAW_ORDERS, RawLog, Topic

LEGS_MAX = 64
EVALUABLE = "(address,address,bytes)"
TASKS: dict[bool, str] = {
    True: f"({EVALUABLE},(address,uint256[],bytes)[])[]",
    False: f"({EVALUABLE},(address,bytes32[],bytes)[])[]",
}
CONFIGS: dict[bool, str] = {
    True: f"({EVALUABLE},(address,uint8,uint256)[],(address,uint8,uint256)[],bytes32,bytes32,bytes)",
    False: f"({EVALUABLE},(address,bytes32)[],(address,bytes32)[],bytes32,bytes32,bytes)",
}
CONTEXTS: dict[bool, str] = {True: "(address,uint256[],bytes)[]", False: "(address,bytes32[],bytes)[]"}
# The first four bytes of keccak-256 of the signatures.
REMOVE_ORDER = {Generation.V4: "8d7b6beb", Generation.V5: "1f69cb75", Generation.V6: "1f69cb75"}
ADD_ORDER = {Generation.V4: "a616864d", Generation.V5: "23a455b5", Generation.V6: "709fb8a5"}
QUOTE = {Generation.V4: "e0e530b7", Generation.V5: "9235084d", Generation.V6: "9235084d"}
VAULT_BALANCE = {Generation.V4: "d97b2e48", Generation.V5: "41d1514f", Generation.V6: "41d1514f"}
NO_WORD = bytes(32)


class AddedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a log states it: `stated` is its tuple, sides and all."""

    order_hash: str
    owner: str
    stated: tuple[Any, ...]
    is_raw: bool

    @property
    def inputs(self) -> Sequence[tuple[Any, ...]]:
        """What it wants: token and vault of each."""
        return tuple(self.stated[2])

    @property
    def outputs(self) -> Sequence[tuple[Any, ...]]:
        """What it gives: token and vault of each."""
        return tuple(self.stated[3])


def order_event(log: RawLog, topic: Topic, reading: Reading) -> Event | None:
    """Returns what a log that adds or removes an order means to us; None when it is not ours.

    Gives: `LogUnparsed` for one that cannot be read.
    """
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    layout = ORDER_V3 if topic in RAW_ORDERS else ORDER_V4
    key = reading.key(log.tx, log.log_index)
    try:
        _, order_hash, stated = decode(("address", "bytes32", layout), log.payload)
    except (DecodingError, OverflowError) as error:
        detail = f"{topic.name}: {type(error).__name__}"
        return reading.unparsed(key, UnparsedReason.MALFORMED, log.topics[0], detail)
    order = AddedOrder(
        order_hash="0x" + order_hash.hex(), owner=str(stated[0]).lower(), stated=stated, is_raw=topic in RAW_ORDERS
    )
    owner = reading.config.owner(order.owner)
    if owner is None:
        return None
    if topic in ADDS:
        return _seen(log, order, owner, reading)
    return OfferRemoved(
        key=key, order_hash=order.order_hash, owner=owner.owner, gone=OfferGone.REMOVED, seen_at=reading.seen_at
    )


def _seen(log: RawLog, order: AddedOrder, owner: VaultOwner, reading: Reading) -> OfferSeen:
    generation = Generation.V4 if order.is_raw else reading.config.generation(log.address)
    legs = legs_of(order, reading)
    return OfferSeen(
        key=reading.key(log.tx, log.log_index),
        order_hash=order.order_hash,
        order_book=log.address,
        owner=owner.owner,
        account=owner.account,
        legs=legs,
        removal=_removal(order, generation),
        addition=_addition(order, generation),
        quotes=tuple(_quote(order, generation, leg) for leg in legs),
        balances=tuple(_balance(order, generation, leg) for leg in legs),
        happened_at=reading.block.at,
        seen_at=reading.seen_at,
    )


def legs_of(order: AddedOrder, reading: Reading) -> tuple[OfferLeg, ...]:
    """Returns the pairs of an order that are a share against a dollar."""
    legs: list[OfferLeg] = []
    for output_index, gives in enumerate(order.outputs):
        for input_index, wants in enumerate(order.inputs):
            leg = _leg(gives, wants, (input_index, output_index), reading)
            if leg is not None and len(legs) < LEGS_MAX:
                legs.append(leg)
    return tuple(legs)


def _leg(gives: tuple[Any, ...], wants: tuple[Any, ...], indexes: tuple[int, int], reading: Reading) -> OfferLeg | None:
    config, at = reading.config, reading.block.at
    given, wanted = config.token(str(gives[0]).lower(), at), config.token(str(wants[0]).lower(), at)
    if isinstance(given, Token) and isinstance(wanted, Usdc):
        share, dollar, side = given, wanted, Side.SELL
    elif isinstance(given, Usdc) and isinstance(wanted, Token):
        share, dollar, side = wanted, given, Side.BUY
    else:
        return None
    return OfferLeg(
        underlying=underlying_at(share.ticker, config.renames, at),
        instrument=share.instrument,
        token=share.asset,
        dollar=dollar.asset,
        side=side,
        gives=str(gives[0]).lower(),
        gives_vault=_vault(gives),
        wants_vault=_vault(wants),
        input_index=indexes[0],
        output_index=indexes[1],
    )


def _vault(side: tuple[Any, ...]) -> str:
    vault = side[-1]
    return "0x" + (vault if isinstance(vault, bytes) else int(vault).to_bytes(32, "big")).hex()


def _call(selector: str, layouts: Sequence[str], values: Sequence[Any]) -> str:
    from eth_abi.abi import encode

    return "0x" + selector + encode(layouts, values).hex()


def _layout(order: AddedOrder) -> str:
    return ORDER_V3 if order.is_raw else ORDER_V4


def _removal(order: AddedOrder, generation: Generation) -> str:
    return _call(REMOVE_ORDER[generation], (_layout(order), TASKS[order.is_raw]), (order.stated, ()))


def _addition(order: AddedOrder, generation: Generation) -> str:
    _, evaluable, inputs, outputs, nonce = order.stated
    config = (evaluable, inputs, outputs, nonce, NO_WORD, b"")
    return _call(ADD_ORDER[generation], (CONFIGS[order.is_raw], TASKS[order.is_raw]), (config, ()))


def _quote(order: AddedOrder, generation: Generation, leg: OfferLeg) -> str:
    layout = f"({_layout(order)},uint256,uint256,{CONTEXTS[order.is_raw]})"
    return _call(QUOTE[generation], (layout,), ((order.stated, leg.input_index, leg.output_index, ()),))


def _balance(order: AddedOrder, generation: Generation, leg: OfferLeg) -> str:
    vault = bytes.fromhex(leg.gives_vault[2:])
    if generation is Generation.V4:
        layouts, stated = ("address", "address", "uint256"), int.from_bytes(vault, "big")
        return _call(VAULT_BALANCE[generation], layouts, (order.owner, leg.gives, stated))
    return _call(VAULT_BALANCE[generation], ("address", "address", "bytes32"), (order.owner, leg.gives, vault))
