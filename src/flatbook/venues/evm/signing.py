"""Signatures of EIP-1559 transactions: what is signed, by whom, and whether it is what was asked for.

eth-account is an extra and imported when something is signed, not before.
Source: EIP-1559, EIP-2718 (a signed transaction is its type byte and its RLP; its hash is keccak-256 of both).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from flatbook.values.ids import WalletId
from flatbook.venues.pyth.keccak import keccak256

TYPE_1559 = 2
WORD = 32
PARITIES = (b"", b"\x01")
FIELDS, SIGNATURE_PARTS, PARTS_MAX = 9, 3, 16
TEXT_FROM, LIST_FROM, SHORT_MAX = 0x80, 0xC0, 55


class WalletMissing(Exception):
    """Chain calls are signed by eth-account, which is not installed: install flatbook with the extra `wallet`."""


class TxFields(msgspec.Struct, frozen=True, kw_only=True):
    """All that a signature covers. Units: value in wei, gas in units of gas, fees in wei per unit of gas."""

    chain: int
    nonce: int
    to: str
    payload: str
    value: int
    gas: int
    fee_wei_max: int
    tip_wei_max: int


class SignedTx(msgspec.Struct, frozen=True, kw_only=True):
    """Signed bytes as 0x-text, and their hash."""

    tx: str
    raw: str


class SignerRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The signer will not sign this, now or later."""

    detail: str


class SignerSilent(msgspec.Struct, frozen=True, kw_only=True):
    """The signer did not answer; it may be asked again."""

    detail: str


SignedAnswer = SignedTx | SignerRefused | SignerSilent


class Signer(Protocol):
    """Who holds the key of a wallet."""

    @property
    def wallet(self) -> WalletId:
        """The address that signs, in lower case."""
        ...

    async def sign(self, fields: TxFields) -> SignedAnswer:
        """Signs a transaction, or says why not. Sends nothing."""
        ...


class LocalSigner:
    """A key in this process. `reveal` states it when it is needed, so that nothing here prints or keeps it."""

    def __init__(self, wallet: WalletId, reveal: Callable[[], str]) -> None:
        self._wallet, self._reveal = wallet, reveal

    @property
    def wallet(self) -> WalletId:
        """The address that signs, in lower case."""
        return self._wallet

    async def sign(self, fields: TxFields) -> SignedAnswer:
        """Signs a transaction. A key that is not the wallet's is refused."""
        account = eth_account()
        if address_of_key(self._reveal()) != self._wallet:
            return SignerRefused(detail=f"the key that was given is not that of {self._wallet}")
        signed = account.sign_transaction(dict_of(fields), self._reveal())
        return SignedTx(tx="0x" + bytes(signed.hash).hex(), raw="0x" + bytes(signed.raw_transaction).hex())


def dict_of(fields: TxFields) -> dict[str, object]:
    """Returns a transaction as eth-account takes it."""
    return {
        "type": TYPE_1559,
        "chainId": fields.chain,
        "nonce": fields.nonce,
        "to": bytes.fromhex(fields.to[2:]),
        "value": fields.value,
        "data": fields.payload,
        "gas": fields.gas,
        "maxFeePerGas": fields.fee_wei_max,
        "maxPriorityFeePerGas": fields.tip_wei_max,
    }


def address_of_key(key: str) -> WalletId:
    """Returns the address of a private key, in lower case."""
    return WalletId(str(eth_account().from_key(key).address).lower())


def flaw_of_signed(signed: SignedTx, fields: TxFields, wallet: WalletId) -> str | None:
    """Returns why signed bytes are not the transaction that was to be signed, None when they are."""
    account = eth_account()
    from eth_keys.exceptions import BadSignature, ValidationError  # type: ignore[attr-defined]

    raw = _bytes_of(signed.raw)
    parts = None if raw is None or raw[:1] != b"\x02" else parts_of_rlp(raw[1:])
    if raw is None or parts is None or parts[:FIELDS] != _parts_of(fields):
        return "the bytes are not the transaction that was to be signed"
    if len(parts) != FIELDS + SIGNATURE_PARTS or parts[FIELDS] not in PARITIES or not all(map(_is_word, parts[-2:])):
        return "the bytes hold no signature"
    if "0x" + keccak256(raw).hex() != signed.tx:
        return "the hash is not that of the bytes"
    try:
        signer = str(account.recover_transaction(raw)).lower()
    except (ValueError, TypeError, BadSignature, ValidationError) as error:
        return f"nobody signed it: {type(error).__name__}"
    return None if signer == wallet else f"{signer} signed it"


def _is_word(part: bytes) -> bool:
    """Whether a part is a number as RLP writes one: above zero, of at most a word, without zeros before it."""
    return 0 < len(part) <= WORD and part[0] != 0


def _bytes_of(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return None


def _parts_of(fields: TxFields) -> tuple[bytes, ...]:
    head = (fields.chain, fields.nonce, fields.tip_wei_max, fields.fee_wei_max, fields.gas)
    payload = _bytes_of(fields.payload) or b""
    no_access_list = b""
    return (
        *(_minimal(number) for number in head),
        bytes.fromhex(fields.to[2:]),
        _minimal(fields.value),
        payload,
        no_access_list,
    )


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) >> 3, "big")


def parts_of_rlp(blob: bytes) -> tuple[bytes, ...] | None:
    """Returns the texts of one RLP list that holds only texts and empty lists, None when the bytes are no such list.

    Source: Ethereum yellow paper, appendix B.
    """
    outer = _item_at(blob, 0)
    if outer is None or not blob or blob[0] < LIST_FROM or outer[1] != len(blob):
        return None
    at, parts = len(blob) - len(outer[0]), list[bytes]()
    while at < len(blob):
        item = _item_at(blob, at)
        if item is None or len(parts) >= PARTS_MAX:
            return None
        parts.append(item[0])
        at = item[1]
    return tuple(parts)


def _item_at(blob: bytes, at: int) -> tuple[bytes, int] | None:
    """Returns the content of the item at a place, and where the next one begins."""
    if at >= len(blob):
        return None
    first = blob[at]
    if first < TEXT_FROM:
        return blob[at : at + 1], at + 1
    base = LIST_FROM if first >= LIST_FROM else TEXT_FROM
    short, begins = first - base, at + 1
    if short > SHORT_MAX:
        size_bytes = short - SHORT_MAX
        short, begins = int.from_bytes(blob[begins : begins + size_bytes], "big"), begins + size_bytes
    ends = begins + short
    return (blob[begins:ends], ends) if ends <= len(blob) else None


def eth_account() -> Any:
    """Returns what makes, opens and uses keys.

    Errors: WalletMissing where the extra is not installed.
    """
    limit = sys.getrecursionlimit()
    try:
        from eth_account import Account
    except ImportError as error:
        raise WalletMissing(
            "install flatbook with the extra `wallet`: chain calls are signed by eth-account"
        ) from error
    finally:
        sys.setrecursionlimit(limit)  # what it imports sets a limit under which deep JSON ends the process
    return Account
