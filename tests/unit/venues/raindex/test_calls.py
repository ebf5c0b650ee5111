"""The bytes of our calls: selectors as the interfaces publish them, arguments as their contracts read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from eth_abi.abi import decode

from flatbook.venues.pyth.keccak import keccak256
from flatbook.venues.raindex.calls import (
    ADDS,
    ARGUMENTS,
    DEPOSITS,
    REMOVES,
    WITHDRAWS,
    BookVersion,
    Function,
    OrderSide,
    OrderTerms,
    VaultPart,
    add_order_payload,
    approve_payload,
    deposit_payload,
    multicall_payload,
    remove_order_payload,
    unwrap_payload,
    withdraw_payload,
    wrap_payload,
)
from flatbook.venues.raindex.rain_float import decimal_cut, unpack

TOKEN, BOOK, OWNER = "0x" + "0c" * 20, "0x" + "0b" * 20, "0x" + "0a" * 20
NAMES = {
    Function.APPROVE: "approve",
    Function.ALLOWANCE: "allowance",
    Function.BALANCE_OF: "balanceOf",
    Function.DEPOSIT2: "deposit2",
    Function.WITHDRAW2: "withdraw2",
    Function.DEPOSIT3: "deposit3",
    Function.WITHDRAW3: "withdraw3",
    Function.DEPOSIT4: "deposit4",
    Function.WITHDRAW4: "withdraw4",
    Function.ADD_ORDER2: "addOrder2",
    Function.ADD_ORDER3: "addOrder3",
    Function.ADD_ORDER4: "addOrder4",
    Function.REMOVE_ORDER2: "removeOrder2",
    Function.REMOVE_ORDER3: "removeOrder3",
    Function.VAULT_BALANCE: "vaultBalance",
    Function.VAULT_BALANCE2: "vaultBalance2",
    Function.WRAP: "deposit",
    Function.UNWRAP: "redeem",
    Function.MAX_REDEEM: "maxRedeem",
    Function.MULTICALL: "multicall",
}
# Source: shared vectors, tokenized_equities/abi.json: keccak-256 of the published interfaces.
PUBLISHED = {
    Function.VAULT_BALANCE2: "0x41d1514f",
    Function.DEPOSIT2: "0x91337c0a",
    Function.WITHDRAW2: "0xf513c42d",
    Function.DEPOSIT3: "0x7921a962",
    Function.WITHDRAW3: "0x0cb49ba3",
    Function.DEPOSIT4: "0x2fbc4ba0",
    Function.WITHDRAW4: "0x60746119",
    Function.WRAP: "0x6e553f65",
    Function.UNWRAP: "0xba087652",
    Function.MAX_REDEEM: "0xd905777e",
    Function.BALANCE_OF: "0x70a08231",
    Function.APPROVE: "0x095ea7b3",
    Function.ALLOWANCE: "0xdd62ed3e",
}
PART = VaultPart(token=TOKEN, vault=0xFAB, raw=120_000_001, decimals=6)
TERMS = OrderTerms(
    owner=OWNER,
    interpreter="0x" + "01" * 20,
    store="0x" + "02" * 20,
    bytecode=b"\x07",
    inputs=(OrderSide(token=TOKEN, decimals=6, vault=1),),
    outputs=(OrderSide(token=BOOK, decimals=18, vault=2),),
    nonce=b"\x09" * 32,
    meta=b"m",
)


def arguments(function: Function, payload: str) -> tuple[object, ...]:
    assert payload[:10] == function.value
    return tuple(decode(ARGUMENTS[function], bytes.fromhex(payload[10:])))


@pytest.mark.parametrize("function", list(Function), ids=lambda function: function.name)
def test_a_selector_is_the_hash_of_its_signature(function: Function) -> None:
    signature = f"{NAMES[function]}({','.join(ARGUMENTS[function])})"
    assert function.value == "0x" + keccak256(signature.encode())[:4].hex()


def test_the_published_selectors_are_ours() -> None:
    assert {function: function.value for function in PUBLISHED} == PUBLISHED


def test_an_approval_is_of_exactly_so_much() -> None:
    assert approve_payload(BOOK, 5) == "0x095ea7b3" + "00" * 12 + "0b" * 20 + f"{5:064x}"


def test_version_four_counts_in_units_and_the_later_ones_in_floats() -> None:
    assert arguments(DEPOSITS[BookVersion.V4], deposit_payload(BookVersion.V4, PART)) == (TOKEN, 0xFAB, 120_000_001, ())
    for version in (BookVersion.V5, BookVersion.V6):
        for made, function in ((deposit_payload, DEPOSITS[version]), (withdraw_payload, WITHDRAWS[version])):
            token, vault, amount, tasks = arguments(function, made(version, PART))
            assert (token, vault, tasks) == (TOKEN, (0xFAB).to_bytes(32, "big"), ())
            assert isinstance(amount, bytes)
            assert decimal_cut(unpack(amount)) == Decimal("120.000001")


def test_an_order_is_removed_by_the_words_it_was_added_with() -> None:
    config, _ = arguments(ADDS[BookVersion.V6], add_order_payload(BookVersion.V6, TERMS))
    order, tasks = arguments(REMOVES[BookVersion.V6], remove_order_payload(BookVersion.V6, TERMS))
    assert isinstance(config, tuple)
    assert isinstance(order, tuple)
    assert order == (OWNER, *config[:4])
    assert config[4:] == (bytes(32), b"m")
    assert tasks == ()


def test_version_four_states_the_decimals_of_both_sides() -> None:
    order, _ = arguments(REMOVES[BookVersion.V4], remove_order_payload(BookVersion.V4, TERMS))
    assert isinstance(order, tuple)
    assert order[2:4] == (((TOKEN, 6, 1),), ((BOOK, 18, 2),))


def test_a_wrapper_is_told_who_receives_and_who_pays() -> None:
    assert arguments(Function.WRAP, wrap_payload(7, OWNER)) == (7, OWNER)
    assert arguments(Function.UNWRAP, unwrap_payload(7, BOOK, OWNER)) == (7, BOOK, OWNER)


def test_several_calls_in_one_keep_their_bytes() -> None:
    payloads = (approve_payload(BOOK, 5), wrap_payload(7, OWNER))
    (inner,) = arguments(Function.MULTICALL, multicall_payload(payloads))
    assert isinstance(inner, tuple)
    assert ["0x" + each.hex() for each in inner] == list(payloads)
