"""Accumulator updates: real ones as published, and the same ones spoiled."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.values.instants import instant_of_text
from flatbook.venues.pyth.price import Missing, MissingFor
from flatbook.venues.pyth.update import Update, read_update

CASES = Path(__file__).parents[3] / "vectors" / "cases" / "tokenized_equities" / "pyth_updates.json"
UPDATES = [bytes.fromhex(case["hex"][2:]) for case in json.loads(CASES.read_text())["cases"]]
BITCOIN = UPDATES[0]
VAA_AT = 10
SIGNATURES_END = VAA_AT + 6 + 13 * 66


def reason(content: bytes) -> MissingFor:
    found = read_update(content)
    assert isinstance(found, Missing)
    return found.reason


def test_an_update_of_bitcoin_is_read_with_its_envelope() -> None:
    found = read_update(BITCOIN)
    assert isinstance(found, Update)
    envelope, (message,) = found.envelope, found.messages
    assert (envelope.guardian_set, envelope.signatures, found.others) == (3, 13, 0)
    assert envelope.signed_at == instant_of_text("2023-07-28T20:37:19Z")
    assert (message.newest.price, message.newest.confidence) == (Decimal("29319.99"), Decimal("7.05950551"))
    assert message.newest.published_at == instant_of_text("2023-07-28T20:37:15Z")
    assert message.published_before_at == instant_of_text("2023-07-28T20:37:14Z")
    assert (message.average, message.average_confidence) == (Decimal("29297.343"), Decimal("6.254494"))


def test_a_message_that_does_not_lead_to_the_signed_root_is_no_price() -> None:
    assert reason(UPDATES[2]) is MissingFor.UNPROVEN


@pytest.mark.parametrize("back", [1, 20, 100, 201, 250])
def test_a_changed_price_or_proof_is_unproven(back: int) -> None:
    place = len(BITCOIN) - back
    spoiled = BITCOIN[:place] + bytes([BITCOIN[place] ^ 1]) + BITCOIN[place + 1 :]
    assert reason(spoiled) is MissingFor.UNPROVEN


def test_what_somebody_else_had_signed_is_unproven() -> None:
    place = SIGNATURES_END + 8 + 2
    spoiled = BITCOIN[:place] + bytes([BITCOIN[place] ^ 1]) + BITCOIN[place + 1 :]
    found = read_update(spoiled)
    assert found == Missing(reason=MissingFor.UNPROVEN, detail="the signed part is not by Pyth")


@pytest.mark.parametrize("content", [b"", b"PNAU", BITCOIN[:-1], BITCOIN + b"\0", b"P2WH" + BITCOIN[4:]])
def test_what_is_cut_off_longer_or_of_another_kind_is_unreadable(content: bytes) -> None:
    assert reason(content) is MissingFor.UNREADABLE


def test_every_byte_counts_except_signatures_and_what_the_format_leaves_open() -> None:
    """Changed one at a time, in steps: no changed byte gives another price, whatever it says."""
    for place in range(0, len(BITCOIN), 7):
        spoiled = BITCOIN[:place] + bytes([BITCOIN[place] ^ 0x55]) + BITCOIN[place + 1 :]
        found = read_update(spoiled)
        assert isinstance(found, Missing) or found.messages == read_update_messages(), place


def read_update_messages() -> tuple[object, ...]:
    found = read_update(BITCOIN)
    assert isinstance(found, Update)
    return found.messages
