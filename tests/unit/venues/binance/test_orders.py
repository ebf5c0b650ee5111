"""Orders and executions of Binance: what each field means, and what is not read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flatbook.engine.reports import VenueStatus
from flatbook.events.orders import Fee, ForcedBy
from flatbook.values.ids import AssetId, VenueOrderId
from flatbook.values.instruments import Side
from flatbook.values.money import Money
from flatbook.venues.binance import orders as said
from tests.unit.venues.binance.sample import ORDER, OURS, PERP, PUSHED, SYMBOLS, TRADE, D, recorded


def order(**changed: Any) -> said.WireOrder:
    return msgspec.convert({**ORDER, **changed}, said.WireOrder)


def trade(**changed: Any) -> said.WireTrade:
    return msgspec.convert({**TRADE, **changed}, said.WireTrade)


def pushed(**changed: Any) -> said.Pushed:
    return msgspec.convert({**PUSHED, **changed}, said.Pushed)


def test_an_order_is_read_with_its_symbol_in_its_id() -> None:
    report = said.report_of(order(), SYMBOLS)
    assert (report.order_id, report.venue_order_id, report.instrument) == (OURS, "BTCUSDT:283194212", PERP)
    assert (report.side, report.qty, report.filled_qty, report.status) == (Side.BUY, D("0.01"), 0, VenueStatus.OPEN)
    assert report.complete
    assert report.happened_at == 1_795_860_000_123_000_000
    assert said.symbol_of(report.venue_order_id) == "BTCUSDT"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PENDING_NEW", VenueStatus.PENDING),
        ("PARTIALLY_FILLED", VenueStatus.OPEN),
        ("FILLED", VenueStatus.FILLED),
        ("CANCELED", VenueStatus.CANCELED),
        ("EXPIRED", VenueStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", VenueStatus.EXPIRED),
        ("REJECTED", VenueStatus.REJECTED),
        ("HALF_PREGNANT", VenueStatus.UNREADABLE),
    ],
)
def test_a_status_is_one_of_ours_and_one_that_is_not_known_is_unreadable(word: str, status: VenueStatus) -> None:
    report = said.report_of(order(status=word, executedQty="0.004"), SYMBOLS)
    assert (report.status, report.status_text, report.complete) == (status, word, False)


@pytest.mark.parametrize(
    "changed",
    [
        {"origQty": "0"},
        {"origQty": "-1"},
        {"executedQty": "-0.1"},
        {"executedQty": "NaN"},
        {"side": "HOLD"},
        {"updateTime": None, "time": None},
    ],
)
def test_an_order_of_impossible_numbers_is_not_read(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        said.report_of(order(**changed), SYMBOLS)


@pytest.mark.parametrize("changed", [{"origQty": 0.01}, {"executedQty": 0}, {"orderId": "283194212"}])
def test_a_number_where_a_text_belongs_is_not_read_nor_the_reverse(changed: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        order(**changed)


def test_an_execution_of_usd_m_says_what_it_realised_and_a_rebate_is_a_fee_below_zero() -> None:
    execution = said.execution_of(trade(), SYMBOLS, OURS, "LIMIT")
    assert (execution.execution_id, execution.order_id) == ("BTCUSDT:698759", OURS)
    assert (execution.side, execution.qty, execution.price) == (Side.SELL, D("0.002"), D("7819.01"))
    assert execution.fees == (Fee(asset=AssetId("USDT"), amount=Money(D("-0.07819010"))),)
    assert (execution.realised, execution.maker, execution.forced) == (D("-0.91539999"), True, None)


def test_an_execution_of_spot_realises_nothing_and_its_fee_stands_in_its_asset() -> None:
    (raw,) = recorded("spot_trades")
    execution = said.execution_of(msgspec.convert(raw, said.WireTrade), {}, "somebody", "")
    assert (execution.instrument, execution.side, execution.qty) == ("BNBBTC", Side.BUY, 12)
    assert execution.fees == (Fee(asset=AssetId("BNB"), amount=Money(D("10.1"))),)
    assert (execution.realised, execution.maker, execution.order_id) == (None, False, "somebody")


@pytest.mark.parametrize(
    ("client", "kind", "event", "forced"),
    [
        ("autoclose-1795860000", "LIMIT", "CALCULATED", ForcedBy.LIQUIDATION),
        ("adl_autoclose", "LIMIT", "CALCULATED", ForcedBy.DELEVERAGING),
        ("adl_autoclose_12345", "LIMIT", "TRADE", ForcedBy.DELEVERAGING),
        ("settlement_autoclose-9999", "LIMIT", "TRADE", ForcedBy.SETTLEMENT),
        ("delivery_autoclose-12345", "LIMIT", "TRADE", ForcedBy.SETTLEMENT),
        ("anything", "LIQUIDATION", "TRADE", ForcedBy.LIQUIDATION),
        ("anything", "LIMIT", "CALCULATED", ForcedBy.LIQUIDATION),
        ("fbautoclose-", "LIMIT", "TRADE", None),
        ("web_abc", "MARKET", "TRADE", None),
    ],
)
def test_what_forced_an_execution_is_known_by_id_kind_or_event(
    client: str, kind: str, event: str, forced: ForcedBy | None
) -> None:
    assert said.forced_by(client, kind, event) is forced
    execution = said.pushed_execution(pushed(c=client, o=kind, x=event), SYMBOLS)
    assert execution is not None
    assert (execution.forced, execution.order_id) == (forced, None if forced else client)
    assert execution.qty == D("0.002")


def test_a_forced_execution_that_is_polled_names_nobody() -> None:
    execution = said.execution_of(trade(), SYMBOLS, "autoclose-1", "LIMIT")
    assert (execution.order_id, execution.forced) == (None, ForcedBy.LIQUIDATION)


def test_a_push_and_a_poll_give_an_execution_the_same_identity() -> None:
    execution = said.pushed_execution(pushed(t=698759), SYMBOLS)
    assert execution is not None
    assert execution.execution_id == said.execution_of(trade(), SYMBOLS, OURS, "").execution_id
    report = said.pushed_report(pushed(), SYMBOLS, execution)
    assert (report.filled_qty, report.executions, report.complete) == (D("0.002"), (execution,), False)


def test_a_push_without_an_execution_is_a_state_alone() -> None:
    quiet = pushed(x="NEW", X="NEW", l="0", z="0", L="0", t=0, n=None, N=None)
    assert said.pushed_execution(quiet, SYMBOLS) is None


@pytest.mark.parametrize("changed", [{"t": 0}, {"t": -1}, {"N": None}, {"L": "0"}, {"l": "-1"}, {"S": "HOLD"}])
def test_a_pushed_execution_without_number_price_or_asset_is_left_to_the_poll(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        said.pushed_execution(pushed(**changed), SYMBOLS)


def test_the_end_of_a_spot_order_bears_the_id_of_the_order_and_not_that_of_the_cancel() -> None:
    event = {**recorded("spot_pushed_order")["event"], "c": "cancelMyOrder1", "C": OURS, "x": "CANCELED"}
    ended = msgspec.convert({**event, "X": "CANCELED"}, said.Pushed)
    report = said.pushed_report(ended, {}, said.pushed_execution(ended, {}))
    assert (report.order_id, report.status) == (OURS, VenueStatus.CANCELED)
    assert report.venue_order_id == VenueOrderId("ETHBTC:4293153")


def test_a_recorded_push_of_spot_is_read() -> None:
    event = msgspec.convert(recorded("spot_pushed_order")["event"], said.Pushed)
    report = said.pushed_report(event, {}, said.pushed_execution(event, {}))
    assert (report.order_id, report.status, report.qty) == ("mUvoqJxFIILMdfAW5iGSOW", VenueStatus.OPEN, 1)
