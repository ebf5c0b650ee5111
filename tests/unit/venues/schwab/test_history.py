"""What Schwab booked on an account besides executions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.reports import Unknown
from flatbook.events.activities import ActivityKind
from flatbook.events.orders import UnknownReason
from flatbook.values.ids import VenueOrderId
from flatbook.values.instants import instant_of_text
from flatbook.venues.schwab.history import history_answer
from tests.unit.venues.schwab.sample import GME, HTML, OURS, REGULAR, SYMBOLS, THEIRS, reply

USD = {"assetType": "CURRENCY", "symbol": "CURRENCY_USD"}
SHARES = {"instrument": {"assetType": "EQUITY", "symbol": "GME"}, "amount": -10.0, "cost": 227.3, "price": 22.73}
FEES: dict[str, Any] = {
    "activityId": 7,
    "time": "2025-12-01T15:00:02+0000",
    "type": "TRADE",
    "status": "VALID",
    "orderId": int(THEIRS),
    "netAmount": 227.25,
    "transferItems": [
        {"instrument": USD, "amount": 0.0, "cost": 0.0, "feeType": "COMMISSION"},
        {"instrument": USD, "amount": 0.05, "cost": -0.05, "feeType": "SEC_FEE"},
        SHARES,
    ],
}


def read(*rows: Any) -> Any:
    names = {VenueOrderId(THEIRS): OURS}
    return history_answer(reply(list(rows)), symbols=SYMBOLS, names=names, now=REGULAR)


def test_the_fees_of_a_trade_are_booked_each_and_its_shares_are_not() -> None:
    (fee,) = read(FEES)
    assert (fee.activity_id, fee.kind, fee.venue_kind, fee.amount) == (
        "7:SEC_FEE",
        ActivityKind.FEE,
        "SEC_FEE",
        Decimal("-0.05"),
    )
    assert (fee.instrument, fee.order_id, fee.asset) == (GME, OURS, "USD")
    assert fee.happened_at == instant_of_text("2025-12-01T15:00:02Z")
    (foreign,) = read(FEES | {"orderId": 5})
    assert foreign.order_id is None


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"type": "DIVIDEND_OR_INTEREST"}, ActivityKind.DIVIDEND),
        ({"type": "DIVIDEND_OR_INTEREST", "transferItems": []}, ActivityKind.INTEREST),
        ({"type": "WIRE_IN"}, ActivityKind.TRANSFER),
        ({"type": "JOURNAL"}, ActivityKind.TRANSFER),
        ({"type": "SMA_ADJUSTMENT"}, ActivityKind.OTHER),
        ({"type": "A_WORD_OF_TOMORROW"}, ActivityKind.OTHER),
    ],
)
def test_what_is_no_trade_is_booked_by_what_it_is(changes: dict[str, Any], kind: ActivityKind) -> None:
    (found,) = read(FEES | changes)
    assert (found.activity_id, found.kind, found.amount) == ("7", kind, Decimal("227.25"))


def test_what_is_pending_or_moves_nothing_is_left_out() -> None:
    assert read(FEES | {"status": "PENDING"}, FEES | {"type": "MEMORANDUM", "netAmount": 0.0}) == ()


@pytest.mark.parametrize("flaw", [{"time": "soon"}, {"netAmount": "NaN", "type": "WIRE_IN"}, {"transferItems": 7}])
def test_one_that_cannot_be_read_is_told_by_its_id_and_hides_no_other(flaw: dict[str, Any]) -> None:
    spoilt, fee = read(FEES | {"activityId": 6} | flaw, FEES)
    assert (spoilt.activity_id, spoilt.kind, spoilt.amount) == ("6", ActivityKind.OTHER, Decimal(0))
    assert spoilt.detail.startswith("cannot be read")
    assert fee.activity_id == "7:SEC_FEE"


def test_a_history_that_cannot_be_told_apart_is_unknown() -> None:
    assert read({"type": "TRADE"}) == Unknown(reason=UnknownReason.UNREADABLE)
    assert history_answer(HTML, symbols=SYMBOLS, names={}, now=REGULAR) == Unknown(reason=UnknownReason.UNREADABLE)
    down = history_answer(reply({}, 503), symbols=SYMBOLS, names={}, now=REGULAR)
    assert down == Unknown(reason=UnknownReason.SERVER_FAULT)
    many = history_answer(reply([FEES] * 3_000), symbols=SYMBOLS, names={}, now=REGULAR)
    assert many == Unknown(reason=UnknownReason.UNREADABLE)
