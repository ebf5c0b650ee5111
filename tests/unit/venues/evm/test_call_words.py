"""What nodes say of our transactions, as they word it, and what it costs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.engine.call_reports import NotReady, NotReadyFor, Taken, TurnedDown, TurnedDownFor
from flatbook.engine.reports import Unknown
from flatbook.events.orders import UnknownReason
from flatbook.venues.evm.call_words import Prices, Seen, fee_of, gas_wanted, is_pooled, receipt_of, sent_of
from flatbook.venues.evm.rpc import Outcome, Refused, RefusedFor, Result, Unanswered

WALLET = "0x" + "0a" * 20
TX, HASH = "0x" + "ab" * 32, "0x" + "cd" * 32
SILENT = Unanswered(detail="no answer: timed_out")


def refused(text: str, kind: RefusedFor = RefusedFor.OTHER) -> Refused:
    return Refused(kind=kind, detail=text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-32000: nonce too low: next nonce 13476, tx nonce 13475", TurnedDownFor.NONCE_TOO_LOW),
        ("-32000: nonce too low: address 0x0a, tx: 3 state: 5", TurnedDownFor.NONCE_TOO_LOW),
        ("-32003: nonce too low", TurnedDownFor.NONCE_TOO_LOW),
        ("-32010: OldNonce, Current nonce: 5, nonce of rejected tx: 3", TurnedDownFor.NONCE_TOO_LOW),
        ("-32000: nonce too high", TurnedDownFor.NONCE_TOO_HIGH),
        ("-32000: replacement transaction underpriced", TurnedDownFor.UNDERPRICED),
        ("-32000: max fee per gas less than block base fee", TurnedDownFor.UNDERPRICED),
        ("-32003: Insufficient funds for gas * price + value", TurnedDownFor.COIN_MISSING),
        ("-32000: insufficient funds for gas * price + value: balance 0", TurnedDownFor.COIN_MISSING),
        ("-32000: tx type not supported", TurnedDownFor.OTHER),
    ],
)
def test_refusals_are_sorted_by_what_they_say(text: str, reason: TurnedDownFor) -> None:
    assert sent_of([refused(text)], TX) == TurnedDown(reason=reason, detail=text)


@pytest.mark.parametrize(
    "outcome", [Result(value=TX), Result(value=TX.upper().replace("X", "x", 1)), refused("-32000: already known")]
)
def test_one_node_that_has_it_is_enough(outcome: Outcome) -> None:
    assert sent_of([outcome, SILENT], TX) == Taken()
    assert sent_of([refused("-32000: nonce too low"), outcome], TX) == Taken()


def test_a_silent_node_may_have_it() -> None:
    assert sent_of([SILENT, SILENT], TX) == Unknown(reason=UnknownReason.TIMED_OUT)
    assert sent_of([SILENT, refused("-32000: nonce too low")], TX) == Unknown(reason=UnknownReason.UNREADABLE)
    assert sent_of([refused("429: slow down", RefusedFor.PACE)], TX) == Unknown(reason=UnknownReason.TIMED_OUT)


@pytest.mark.parametrize(
    "text",
    [
        "-32603: Internal error",
        "-32000: request timed out",
        "-32002: context deadline exceeded",
        "-32000: internal server error",
        "-32000: service temporarily unavailable",
        "None: Bad Gateway",
        "None: upstream connect error",
        "HTTP 413",
    ],
)
def test_a_node_that_only_failed_may_have_handed_it_on(text: str) -> None:
    assert sent_of([refused(text)] * 2, TX) == Unknown(reason=UnknownReason.TIMED_OUT)
    other = refused("-32000: insufficient funds for gas * price + value")
    assert sent_of([refused(text, RefusedFor.LIMIT), other], TX) == Unknown(reason=UnknownReason.UNREADABLE)


def test_known_words_are_a_refusal_under_any_code() -> None:
    said = "-32603: insufficient funds for gas * price + value"
    assert sent_of([refused(said)], TX) == TurnedDown(reason=TurnedDownFor.COIN_MISSING, detail=said)


def test_an_answer_that_names_another_transaction_says_nothing() -> None:
    assert sent_of([Result(value=HASH)], TX) == Unknown(reason=UnknownReason.TIMED_OUT)


def test_of_several_refusals_a_nonce_too_low_decides() -> None:
    found = sent_of([refused("-32000: tx type not supported"), refused("-32000: nonce too low: next nonce 8")], TX)
    assert found == TurnedDown(reason=TurnedDownFor.NONCE_TOO_LOW, detail="-32000: nonce too low: next nonce 8")


def receipt(**changes: object) -> Result:
    stated: dict[str, object] = {
        "transactionHash": TX,
        "blockHash": HASH,
        "blockNumber": "0x10",
        "status": "0x1",
        "gasUsed": "0x5208",
        "effectiveGasPrice": "0x3b9aca00",
    }
    return Result(value=stated | changes)


def test_a_receipt_costs_its_gas() -> None:
    assert receipt_of(receipt(), TX, WALLET) == Seen(
        tx=TX, block=16, block_hash=HASH, success=True, gas_wei=21_000_000_000_000
    )


def test_a_receipt_of_the_documented_shape_of_a_rollup_costs_its_data_and_operator_fees_too() -> None:
    # Source: the OP-stack specification of receipts (Ecotone, Isthmus); no node of such a chain was asked.
    stated = receipt(
        l1Fee="0x9184e72a000",
        l1GasPrice="0x77359400",
        l1GasUsed="0x640",
        l1BaseFeeScalar="0x8dd",
        l1BlobBaseFee="0x1",
        l1BlobBaseFeeScalar="0x101c12",
        operatorFeeScalar="0x7a120",
        operatorFeeConstant="0x64",
    )
    found = receipt_of(stated, TX, WALLET)
    assert isinstance(found, Seen)
    assert found.gas_wei == 21_000_000_000_000 + 10_000_000_000_000 + 10_500 + 100


def test_a_failed_transaction_costs_as_much() -> None:
    found = receipt_of(receipt(status="0x0"), TX, WALLET)
    assert isinstance(found, Seen)
    assert (found.success, found.gas_wei) == (False, 21_000_000_000_000)


@pytest.mark.parametrize(
    "stated",
    [
        receipt(transactionHash=HASH),
        receipt(status="0x2"),
        receipt(status=None),
        receipt(gasUsed=None),
        receipt(effectiveGasPrice="much"),
        receipt(blockHash="0x12"),
        receipt(blockNumber=None),
        receipt(l1Fee="0xzz"),
        Result(value="0x1"),
        SILENT,
    ],
)
def test_a_receipt_that_cannot_be_read_is_told_and_never_taken_for_none(stated: Outcome) -> None:
    assert isinstance(receipt_of(stated, TX, WALLET), str)


def test_no_receipt_is_none() -> None:
    assert receipt_of(Result(value=None), TX, WALLET) is None


def test_a_transaction_is_known_or_not_or_nobody_says() -> None:
    assert is_pooled(Result(value={"hash": TX, "blockHash": None}), TX) is True
    assert is_pooled(Result(value=None), TX) is False
    assert is_pooled(SILENT, TX) == "no answer: timed_out"


def test_gas_is_given_a_quarter_more_than_the_trial_took() -> None:
    assert gas_wanted(100_000) == 125_000
    assert gas_wanted(21_001) == 26_251


@pytest.mark.parametrize(
    ("floors", "most", "expected"),
    [
        ((0, 0), "1000000000", (2_100, 100)),
        ((2_600, 150), "1000000000", (2_600, 150)),
        ((0, 0), "150000000", (1_500, 100)),
        ((0, 0), "110000000", (1_100, 100)),
    ],
)
def test_a_fee_is_twice_the_base_fee_and_at_least_what_replaces(
    floors: tuple[int, int], most: str, expected: tuple[int, int]
) -> None:
    assert fee_of(Prices(base_wei=1_000, tip_wei=100), 100_000, floors, Decimal(most)) == expected


@pytest.mark.parametrize(("floors", "most"), [((0, 0), "109999999"), ((2_600, 0), "259999999")])
def test_a_fee_above_the_cap_of_the_wallet_waits(floors: tuple[int, int], most: str) -> None:
    found = fee_of(Prices(base_wei=1_000, tip_wei=100), 100_000, floors, Decimal(most))
    assert isinstance(found, NotReady)
    assert found.reason is NotReadyFor.FEE_MAX
