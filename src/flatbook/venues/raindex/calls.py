"""The bytes of our own calls: approvals, vaults and orders of every generation, wrappers, and several in one.

The selectors are written down, for the product hashes nothing; tests hold them against the published interfaces and
against what the compiler says of our contracts. An inventory that manages vaults is called as a book of version 6.
Sources: rain.orderbook.interface (IOrderBookV4, IOrderBookV5), rain.raindex.interface (IRaindexV6), EIP-20, EIP-4626.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import msgspec

from flatbook.venues.raindex.rain_float import RainFloat, from_fixed_decimal, pack
from flatbook.venues.raindex.wire import ORDER_V3, ORDER_V4

SELECTOR = 4
VAULT_WORD = 32
TASKS_V1 = "((address,address,bytes),(address,uint256[],bytes)[])[]"
TASKS_V2 = "((address,address,bytes),(address,bytes32[],bytes)[])[]"
CONFIG_V3 = "((address,address,bytes),(address,uint8,uint256)[],(address,uint8,uint256)[],bytes32,bytes32,bytes)"
CONFIG_V4 = "((address,address,bytes),(address,bytes32)[],(address,bytes32)[],bytes32,bytes32,bytes)"


class BookVersion(Enum):
    """The generations of the order book."""

    V4 = "v4"
    V5 = "v5"
    V6 = "v6"


class Function(Enum):
    """The functions that we call or read; the value is the selector."""

    APPROVE = "0x095ea7b3"
    ALLOWANCE = "0xdd62ed3e"
    BALANCE_OF = "0x70a08231"
    DEPOSIT2 = "0x91337c0a"
    WITHDRAW2 = "0xf513c42d"
    DEPOSIT3 = "0x7921a962"
    WITHDRAW3 = "0x0cb49ba3"
    DEPOSIT4 = "0x2fbc4ba0"
    WITHDRAW4 = "0x60746119"
    ADD_ORDER2 = "0xa616864d"
    ADD_ORDER3 = "0x23a455b5"
    ADD_ORDER4 = "0x709fb8a5"
    REMOVE_ORDER2 = "0x8d7b6beb"
    REMOVE_ORDER3 = "0x1f69cb75"
    VAULT_BALANCE = "0xd97b2e48"
    VAULT_BALANCE2 = "0x41d1514f"
    WRAP = "0x6e553f65"
    UNWRAP = "0xba087652"
    MAX_REDEEM = "0xd905777e"
    MULTICALL = "0xac9650d8"


# What each function takes. Functions of the versions 5 and 6 differ in name only.
ARGUMENTS: dict[Function, tuple[str, ...]] = {
    Function.APPROVE: ("address", "uint256"),
    Function.ALLOWANCE: ("address", "address"),
    Function.BALANCE_OF: ("address",),
    Function.DEPOSIT2: ("address", "uint256", "uint256", TASKS_V1),
    Function.WITHDRAW2: ("address", "uint256", "uint256", TASKS_V1),
    Function.DEPOSIT3: ("address", "bytes32", "bytes32", TASKS_V2),
    Function.WITHDRAW3: ("address", "bytes32", "bytes32", TASKS_V2),
    Function.DEPOSIT4: ("address", "bytes32", "bytes32", TASKS_V2),
    Function.WITHDRAW4: ("address", "bytes32", "bytes32", TASKS_V2),
    Function.ADD_ORDER2: (CONFIG_V3, TASKS_V1),
    Function.ADD_ORDER3: (CONFIG_V4, TASKS_V2),
    Function.ADD_ORDER4: (CONFIG_V4, TASKS_V2),
    Function.REMOVE_ORDER2: (ORDER_V3, TASKS_V1),
    Function.REMOVE_ORDER3: (ORDER_V4, TASKS_V2),
    Function.VAULT_BALANCE: ("address", "address", "uint256"),
    Function.VAULT_BALANCE2: ("address", "address", "bytes32"),
    Function.WRAP: ("uint256", "address"),
    Function.UNWRAP: ("uint256", "address", "address"),
    Function.MAX_REDEEM: ("address",),
    Function.MULTICALL: ("bytes[]",),
}
DEPOSITS = {BookVersion.V4: Function.DEPOSIT2, BookVersion.V5: Function.DEPOSIT3, BookVersion.V6: Function.DEPOSIT4}
WITHDRAWS = {
    BookVersion.V4: Function.WITHDRAW2,
    BookVersion.V5: Function.WITHDRAW3,
    BookVersion.V6: Function.WITHDRAW4,
}
ADDS = {BookVersion.V4: Function.ADD_ORDER2, BookVersion.V5: Function.ADD_ORDER3, BookVersion.V6: Function.ADD_ORDER4}
REMOVES = {
    BookVersion.V4: Function.REMOVE_ORDER2,
    BookVersion.V5: Function.REMOVE_ORDER3,
    BookVersion.V6: Function.REMOVE_ORDER3,
}


class OrderSide(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output of an order: a token, its decimals (version 4 states them), and a vault."""

    token: str
    decimals: int
    vault: int


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is added, and as it is removed: the same words, so that its hash is found again.

    `nonce` and `secret` are words of 32 bytes, `meta` is for readers of the chain.
    """

    owner: str
    interpreter: str
    store: str
    bytecode: bytes
    inputs: tuple[OrderSide, ...]
    outputs: tuple[OrderSide, ...]
    nonce: bytes
    secret: bytes = bytes(VAULT_WORD)
    meta: bytes = b""


class VaultPart(msgspec.Struct, frozen=True, kw_only=True):
    """So much of a token in a vault. Units: raw in the smallest units of the token."""

    token: str
    vault: int
    raw: int
    decimals: int


def payload(function: Function, *arguments: object) -> str:
    """Returns the bytes that call a function, as 0x-text.

    Errors: eth_abi's EncodingError for arguments that are not what the function takes: a bug of the caller.
    """
    from eth_abi.abi import encode

    return function.value + encode(ARGUMENTS[function], arguments).hex()


def approve_payload(spender: str, raw: int) -> str:
    """Returns the call that allows a spender exactly so much. Units: raw in the smallest units of the token."""
    return payload(Function.APPROVE, spender, raw)


def deposit_payload(version: BookVersion, part: VaultPart) -> str:
    """Returns the call that puts tokens of the caller into one of its vaults."""
    return _vault_payload(DEPOSITS[version], version, part)


def withdraw_payload(version: BookVersion, part: VaultPart) -> str:
    """Returns the call that takes tokens out of a vault of the caller.

    A book pays the lesser of what is asked and what is there, and does not revert: only the log says how much.
    """
    return _vault_payload(WITHDRAWS[version], version, part)


def _vault_payload(function: Function, version: BookVersion, part: VaultPart) -> str:
    if version is BookVersion.V4:
        return payload(function, part.token, part.vault, part.raw, [])
    vault = part.vault.to_bytes(VAULT_WORD, "big")
    return payload(function, part.token, vault, pack(float_of_part(part)), [])


def float_of_part(part: VaultPart) -> RainFloat:
    """Returns an amount of a token as the book counts it, without losing a digit."""
    return from_fixed_decimal(part.raw, decimals=part.decimals)[0]


def add_order_payload(version: BookVersion, terms: OrderTerms) -> str:
    """Returns the call that adds an order of the caller to a book."""
    config = (*_order_words(version, terms)[1:], terms.secret, terms.meta)
    return payload(ADDS[version], config, [])


def remove_order_payload(version: BookVersion, terms: OrderTerms) -> str:
    """Returns the call that removes an order of the caller from a book."""
    return payload(REMOVES[version], _order_words(version, terms), [])


def _order_words(version: BookVersion, terms: OrderTerms) -> tuple[object, ...]:
    sides = [[_side_words(version, side) for side in each] for each in (terms.inputs, terms.outputs)]
    return (terms.owner, (terms.interpreter, terms.store, terms.bytecode), *sides, terms.nonce)


def _side_words(version: BookVersion, side: OrderSide) -> tuple[object, ...]:
    if version is BookVersion.V4:
        return (side.token, side.decimals, side.vault)
    return (side.token, side.vault.to_bytes(VAULT_WORD, "big"))


def wrap_payload(raw: int, receiver: str) -> str:
    """Returns the call that wraps shares into tokens of an ERC-4626 wrapper. Units: raw of the share."""
    return payload(Function.WRAP, raw, receiver)


def unwrap_payload(raw: int, receiver: str, owner: str) -> str:
    """Returns the call that turns tokens of an ERC-4626 wrapper into shares again. Units: raw of the wrapper."""
    return payload(Function.UNWRAP, raw, receiver, owner)


def multicall_payload(payloads: Sequence[str]) -> str:
    """Returns one call that makes several calls to the same contract: all of them happen, or none."""
    return payload(Function.MULTICALL, [bytes.fromhex(each[2:]) for each in payloads])
