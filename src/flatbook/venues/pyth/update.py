"""Accumulator updates as Pyth's Hermes hands them out: prices, each with the proof that it is under a signed root.

The proof is followed: a price that does not lead to the root is no price. The guardians' signatures are counted and not
verified; whoever needs that asks the contract, which does. Pure; nothing raises.
Source: pyth-crosschain, pythnet_sdk wire format ("PNAU", merkle tree of keccak-256 cut to 20 bytes); Wormhole VAA v1.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.values.instants import Instant, instant_of_seconds
from flatbook.venues.pyth.keccak import keccak256
from flatbook.venues.pyth.price import Missing, MissingFor, OraclePrice, price_of_numbers

MAGIC, MAJOR, WORMHOLE_MERKLE = b"PNAU", 1, 0
VAA_VERSION, SIGNATURE_BYTES = 1, 66
ROOT_MAGIC = b"AUWV"
NODE_BYTES = 20
LEAF, INNER = b"\x00", b"\x01"
PRICE_MESSAGE, PRICE_MESSAGE_BYTES = 0, 85
PYTHNET = 26
EMITTER = bytes.fromhex("e101faedac5851e32b9b23b5f9411a8c2bac4aae3ed4dd7b811dd1a72ea4aa71")


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What the guardians signed: who said it, when, as its how manieth, and the root of all prices of a slot."""

    guardian_set: int
    signatures: int
    signed_at: Instant
    sequence: int
    slot: int
    root: bytes


class PriceMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A price as its publisher signed it, and the moving average beside it.

    Units: numbers exact, in the quote of the feed.
    """

    newest: OraclePrice
    average: Decimal
    average_confidence: Decimal
    published_before_at: Instant


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """An update whose proofs were followed. `others` counts messages that are no prices."""

    envelope: Envelope
    messages: tuple[PriceMessage, ...]
    others: int


class _Ended(Exception):
    """The bytes ended before what they announce."""


class _Reader:
    """Takes bytes from the front."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def take(self, size: int) -> bytes:
        """Returns the next bytes."""
        taken = self._content[self._at : self._at + size]
        if len(taken) != size:
            raise _Ended
        self._at += size
        return taken

    def number(self, size: int, *, signed: bool = False) -> int:
        """Returns the next bytes as a number, the first one the most significant."""
        return int.from_bytes(self.take(size), "big", signed=signed)

    def rest(self) -> bytes:
        """Returns all that follows."""
        return self.take(len(self._content) - self._at)


def read_update(content: bytes) -> Update | Missing:
    """Returns the prices of an update, each proven to be under its root; Missing where any part is not as it should be.

    Units: instants of the envelope and the prices in whole seconds.
    """
    try:
        return _update(_Reader(content))
    except _Ended:
        return _unreadable("the update ends too early")


def _unreadable(detail: str) -> Missing:
    return Missing(reason=MissingFor.UNREADABLE, detail=detail)


def _update(reader: _Reader) -> Update | Missing:
    if reader.take(4) != MAGIC or reader.number(1) != MAJOR:
        return _unreadable("this is no accumulator update of version 1")
    reader.take(1)
    reader.take(reader.number(1))
    if reader.number(1) != WORMHOLE_MERKLE:
        return _unreadable("the update is of another kind than signed merkle roots")
    envelope = _envelope(_Reader(reader.take(reader.number(2))))
    if isinstance(envelope, Missing):
        return envelope
    messages: list[PriceMessage] = []
    others = 0
    for _ in range(reader.number(1)):
        content = reader.take(reader.number(2))
        proof = [reader.take(NODE_BYTES) for _ in range(reader.number(1))]
        if root_of(content, proof) != envelope.root:
            return Missing(reason=MissingFor.UNPROVEN, detail="a message is not under the root that was signed")
        if content[:1] != bytes([PRICE_MESSAGE]):
            others += 1
            continue
        message = _message(content)
        if isinstance(message, Missing):
            return message
        messages.append(message)
    if reader.rest():
        return _unreadable("bytes follow the update")
    return Update(envelope=envelope, messages=tuple(messages), others=others)


def _envelope(reader: _Reader) -> Envelope | Missing:
    if reader.number(1) != VAA_VERSION:
        return _unreadable("the signed part is of another version")
    guardian_set, signatures = reader.number(4), reader.number(1)
    reader.take(signatures * SIGNATURE_BYTES)
    signed_at = instant_of_seconds(reader.number(4))
    reader.take(4)
    if (reader.number(2), reader.take(32)) != (PYTHNET, EMITTER):
        return Missing(reason=MissingFor.UNPROVEN, detail="the signed part is not by Pyth")
    sequence = reader.number(8)
    reader.take(1)
    if reader.take(4) != ROOT_MAGIC or reader.number(1) != WORMHOLE_MERKLE:
        return _unreadable("the signed part holds no merkle root")
    slot = reader.number(8)
    reader.take(4)
    return Envelope(
        guardian_set=guardian_set,
        signatures=signatures,
        signed_at=signed_at,
        sequence=sequence,
        slot=slot,
        root=reader.take(NODE_BYTES),
    )


def root_of(content: bytes, proof: list[bytes]) -> bytes:
    """Returns the root that a message leads to: at each step the smaller of two hashes stands first."""
    node = keccak256(LEAF + content)[:NODE_BYTES]
    for beside in proof:
        node = keccak256(INNER + min(node, beside) + max(node, beside))[:NODE_BYTES]
    return node


def _message(content: bytes) -> PriceMessage | Missing:
    if len(content) != PRICE_MESSAGE_BYTES:
        return _unreadable(f"a price of {len(content)} bytes is of another version")
    reader = _Reader(content[1:])
    feed = "0x" + reader.take(32).hex()
    price, confidence = reader.number(8, signed=True), reader.number(8)
    exponent, at, before = (reader.number(size, signed=True) for size in (4, 8, 8))
    average, average_confidence = reader.number(8, signed=True), reader.number(8)
    newest = price_of_numbers(feed, (price, confidence, exponent, at))
    averaged = price_of_numbers(feed, (average, average_confidence, exponent, at), is_average=True)
    if not isinstance(newest, OraclePrice) or not isinstance(averaged, OraclePrice):
        return newest if isinstance(newest, Missing) else _unreadable("its average cannot be read")
    return PriceMessage(
        newest=newest,
        average=averaged.price,
        average_confidence=averaged.confidence,
        published_before_at=instant_of_seconds(before),
    )
