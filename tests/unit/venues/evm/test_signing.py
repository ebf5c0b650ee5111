"""Signatures: what is signed is what was asked for, by the wallet's key, and anything else is told."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.values.ids import WalletId
from flatbook.venues.evm.signing import (
    LocalSigner,
    SignedTx,
    SignerRefused,
    TxFields,
    address_of_key,
    dict_of,
    eth_account,
    flaw_of_signed,
    parts_of_rlp,
)
from flatbook.venues.pyth.keccak import keccak256

KEY = "0x" + "11" * 32
WALLET = WalletId("0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a")
FIELDS = TxFields(
    chain=8453,
    nonce=3,
    to="0x" + "0b" * 20,
    payload="0x1234",
    value=0,
    gas=100_000,
    fee_wei_max=1_000_000_000,
    tip_wei_max=1_000_000,
)
# Source: eth-account 0.14 on these fields; its signatures are deterministic (RFC 6979).
RAW = (
    "0x02f86e82210503830f4240843b9aca00830186a0940b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b80821234c001a0"
    "0977578908028c8af9861526ef1c11cee16dc88c2ddba48ff4f7a6e83bdf95c2a066be40871dd8e1e3257bcf0b6226af91a30aed94db"
    "97192fc9cf9f6bef73ed93"
)
TX = "0xf7d88ffe420b03956c202481f5004d27f8e44090c161092b382e8960920bbd8d"


def signed(fields: TxFields = FIELDS, key: str = KEY) -> SignedTx:
    answer = asyncio.run(LocalSigner(address_of_key(key), lambda: key).sign(fields))
    assert isinstance(answer, SignedTx)
    return answer


def test_the_bytes_of_a_signature_are_known_and_the_same_each_time() -> None:
    assert signed() == SignedTx(tx=TX, raw=RAW) == signed()


def test_a_signature_of_what_was_asked_for_has_no_flaw() -> None:
    assert address_of_key(KEY) == WALLET
    assert flaw_of_signed(SignedTx(tx=TX, raw=RAW), FIELDS, WALLET) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chain", 1),
        ("nonce", 4),
        ("to", "0x" + "0c" * 20),
        ("payload", "0x1235"),
        ("value", 1),
        ("gas", 100_001),
        ("fee_wei_max", 1_000_000_001),
        ("tip_wei_max", 1_000_001),
    ],
)
def test_a_signature_of_anything_else_is_told(field: str, value: object) -> None:
    other = msgspec.structs.replace(FIELDS, **{field: value})
    assert flaw_of_signed(signed(other), FIELDS, WALLET) == "the bytes are not the transaction that was to be signed"


def test_a_signature_by_another_key_or_under_another_hash_is_told() -> None:
    other = signed(key="0x" + "22" * 32)
    assert flaw_of_signed(other, FIELDS, WALLET) == "0x1563915e194d8cfba1943570603f7606a3115508 signed it"
    assert flaw_of_signed(SignedTx(tx=other.tx, raw=RAW), FIELDS, WALLET) == "the hash is not that of the bytes"


def test_a_key_that_is_not_the_wallets_signs_nothing() -> None:
    answer = asyncio.run(LocalSigner(WalletId("0x" + "ee" * 20), lambda: KEY).sign(FIELDS))
    assert isinstance(answer, SignerRefused)
    assert "11" * 32 not in answer.detail


@given(st.binary(max_size=160))
def test_arbitrary_bytes_are_no_signature_and_raise_nothing(blob: bytes) -> None:
    found = SignedTx(tx="0x" + keccak256(b"\x02" + blob).hex(), raw="0x02" + blob.hex())
    assert flaw_of_signed(found, FIELDS, WALLET) is not None


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_a_changed_byte_is_never_another_signature_of_the_wallet(place: int, byte: int) -> None:
    raw = bytearray.fromhex(RAW[2:])
    place %= len(raw)
    if raw[place] == byte:
        return
    raw[place] = byte
    found = SignedTx(tx="0x" + keccak256(bytes(raw)).hex(), raw="0x" + raw.hex())
    assert flaw_of_signed(found, FIELDS, WALLET) is not None


def test_eth_account_reads_what_we_give_it() -> None:
    assert eth_account().from_key(KEY).sign_transaction(dict_of(FIELDS)).raw_transaction.hex() == RAW[2:]


def test_the_parts_of_a_list_are_read_and_what_is_no_list_is_nothing() -> None:
    assert parts_of_rlp(bytes.fromhex("c48203e880")) == (b"\x03\xe8", b"")
    assert parts_of_rlp(bytes.fromhex("c0")) == ()
    assert parts_of_rlp(b"") is None
    assert parts_of_rlp(bytes.fromhex("83010203")) is None
    assert parts_of_rlp(bytes.fromhex("c3010203")) == (b"\x01", b"\x02", b"\x03")
    assert parts_of_rlp(bytes.fromhex("c301020304")) is None


def test_deep_json_is_refused_and_ends_no_process_after_a_signature() -> None:
    program = (
        "import sys, msgspec\n"
        "from flatbook.venues.evm.signing import SignedTx, TxFields, address_of_key, flaw_of_signed\n"
        f"address_of_key('{KEY}')\n"
        f"fields = TxFields(**{msgspec.structs.asdict(FIELDS)!r})\n"
        f"assert flaw_of_signed(SignedTx(tx='{TX}', raw='{RAW}'), fields, '{WALLET}') is None\n"
        "try:\n"
        "    msgspec.json.decode(b'[' * 100_000)\n"
        "except (RecursionError, msgspec.DecodeError):\n"
        "    print(sys.getrecursionlimit())\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, told.stdout.strip()) == (0, "1000")
