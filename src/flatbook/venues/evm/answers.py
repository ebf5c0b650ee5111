"""What the results of calls state, read strictly: blocks, logs, numbers, names, ratios. What is not so is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from flatbook.values.instants import Instant, instant_of_seconds
from flatbook.venues.evm.rpc import Call, Params
from flatbook.venues.raindex.valuation import RatioRefused, ratio_of_wrapper
from flatbook.venues.raindex.wire import WORD, RawLog, Unreadable, read_hex, read_log, read_quantity

SECONDS_MAX = 2**33
DECIMALS_MAX = 255
TEXT_BYTES_MAX = 64
ONE_TOKEN = 10**18
# The first four bytes of keccak-256 of the signatures. Source: EIP-20, EIP-4626.
DECIMALS = "0x313ce567"
SYMBOL = "0x95d89b41"
CONVERT_TO_ASSETS = "0x07a2d13a"


class Header(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is read of a block: its number, its hash, and when it was made."""

    number: int
    block_hash: str
    at: Instant

    @property
    def place(self) -> str:
        """The block as a text for people."""
        return f"{self.number} {self.block_hash[:10]}"


class SeenLog(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A log as nodes must agree on it, and where it stands. Some nodes state when its block was made."""

    raw: RawLog
    block: int
    block_hash: str
    at: Instant | None


def block_call(block: int | str) -> Call:
    """Returns the call for the header of a block by its number or tag."""
    return Call(method="eth_getBlockByNumber", params=(_numbered(block), False))


def logs_call(first: int, last: int, addresses: Sequence[str], topics: Sequence[str]) -> Call:
    """Returns the call for the logs of contracts in a range, both ends included, that begin with one of the topics."""
    asked = {
        "fromBlock": hex(first),
        "toBlock": hex(last),
        "address": list(addresses),
        "topics": [list(topics)],
    }
    return Call(method="eth_getLogs", params=(asked,))


def receipt_call(tx: str) -> Call:
    """Returns the call for the receipt of a transaction."""
    return Call(method="eth_getTransactionReceipt", params=(tx,))


def view_call(address: str, payload: str, block_hash: str) -> Call:
    """Returns the call of a function that changes nothing, at the very block of a hash. Source: EIP-1898."""
    at: Mapping[str, object] = {"blockHash": block_hash, "requireCanonical": True}
    params: Params = ({"to": address, "data": payload}, at)
    return Call(method="eth_call", params=params)


def ratio_call(address: str, block_hash: str) -> Call:
    """Returns the call for what one whole token of an ERC-4626 wrapper is worth at a block."""
    return view_call(address, f"{CONVERT_TO_ASSETS}{ONE_TOKEN:064x}", block_hash)


def _numbered(block: int | str) -> str:
    return hex(block) if isinstance(block, int) else block


def header_of(value: object) -> Header | None:
    """Returns the block that a result states, None when it states none."""
    if not isinstance(value, Mapping):
        return None
    number, seconds = read_quantity(value.get("number")), read_quantity(value.get("timestamp"), most=SECONDS_MAX)
    block_hash = _hash(value.get("hash"))
    if number is None or seconds is None or block_hash is None:
        return None
    return Header(number=number, block_hash=block_hash, at=instant_of_seconds(seconds))


def log_of(value: object) -> SeenLog | None:
    """Returns the log that a part of a result states, None when it does not say where it stands or what it holds."""
    raw = read_log(value)
    if isinstance(raw, Unreadable) or raw.block is None or raw.block_hash is None:
        return None
    seconds = read_quantity(value.get("blockTimestamp"), most=SECONDS_MAX) if isinstance(value, Mapping) else None
    at = None if seconds is None else instant_of_seconds(seconds)
    return SeenLog(raw=raw, block=raw.block, block_hash=raw.block_hash, at=at)


def number_of(value: object, *, most: int = 2**53 - 1) -> int | None:
    """Returns the number that a result states as 0x-text, None when it states none."""
    return read_quantity(value, most=most) if isinstance(value, str) else None


def word_of(value: object) -> int | None:
    """Returns the number that a contract answered in one word, None when it answered something else."""
    found = read_hex(value, size=WORD)
    return None if found is None else int.from_bytes(found, "big")


def decimals_of(value: object) -> int | None:
    """Returns the decimals that a token answered, None when it answered none."""
    number = word_of(value)
    return number if number is not None and number <= DECIMALS_MAX else None


def ratio_of(value: object) -> Decimal | None:
    """Returns the ratio that a wrapper answered to `convertToAssets` of one token; one that cannot be is None.

    Units: underlying shares per token.
    """
    assets = word_of(value)
    if assets is None:
        return None
    try:
        return ratio_of_wrapper(assets)
    except RatioRefused:
        return None


def symbol_of(value: object) -> str | None:
    """Returns the symbol that a token answered: a text, or one word padded with zeros as old tokens have it."""
    found = read_hex(value)
    if found is None or len(found) < WORD:
        return None
    if len(found) == WORD:
        return _text(found.rstrip(b"\0"))
    length = int.from_bytes(found[WORD : 2 * WORD], "big")
    if int.from_bytes(found[:WORD], "big") != WORD or length > TEXT_BYTES_MAX or len(found) < 2 * WORD + length:
        return None
    return _text(found[2 * WORD : 2 * WORD + length])


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _hash(value: object) -> str | None:
    found = read_hex(value, size=WORD)
    return None if found is None else "0x" + found.hex()
