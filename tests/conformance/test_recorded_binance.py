"""Payloads of Binance that others recorded, read by the production adapter; they stand in the shared data only."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flatbook.engine.reports import OrderReport, VenueStatus
from flatbook.events.orders import ForcedBy
from flatbook.venues.amounts import not_negative
from flatbook.venues.binance import orders as said
from flatbook.venues.binance import parse
from flatbook.venues.binance.market_rules import Listing, listing_answer
from flatbook.venues.http import Reply

SHARED = os.environ.get("FLATBOOK_SHARED")
FILE = "data/4_private_rest_fixtures/nautilus_binance.json.gz"
pytestmark = pytest.mark.skipif(SHARED is None, reason="no FLATBOOK_SHARED")


def payloads() -> dict[str, Any]:
    assert SHARED is not None
    with gzip.open(Path(SHARED) / FILE, "rt", encoding="utf-8") as bundle:
        found: dict[str, Any] = json.load(bundle)
    return {path.rpartition("/")[2]: content for path, content in found.items()}


def pushed(name: str) -> said.Pushed:
    content = payloads()[name]
    content = content.get("data", content) if isinstance(content, dict) else content
    content = content.get("event", content)
    return msgspec.convert(content.get("o") if content["e"] == "ORDER_TRADE_UPDATE" else content, said.Pushed)


def reply(name: str) -> Reply:
    return Reply(status=200, headers={}, body=json.dumps(payloads()[name]).encode())


@pytest.mark.parametrize(
    ("name", "forced"),
    [
        ("order_update_adl.json", ForcedBy.DELEVERAGING),
        ("order_update_calculated.json", ForcedBy.LIQUIDATION),
        ("order_update_insurance.json", ForcedBy.LIQUIDATION),
        ("order_update_settlement.json", ForcedBy.SETTLEMENT),
        ("order_update_delivery.json", ForcedBy.SETTLEMENT),
        ("ws_futures_order_update_liquidation.json", ForcedBy.LIQUIDATION),
        ("ws_futures_order_update_adl.json", ForcedBy.DELEVERAGING),
        ("ws_futures_order_update_settlement.json", ForcedBy.SETTLEMENT),
    ],
)
def test_a_recorded_forced_reduction_is_an_execution_that_nobody_ordered(name: str, forced: ForcedBy) -> None:
    execution = said.pushed_execution(pushed(name), {})
    if execution is None:
        assert not not_negative(pushed(name).last_qty)
        assert said.forced_by(pushed(name).client_order_id, pushed(name).kind, pushed(name).event) is forced
        return
    assert (execution.forced, execution.order_id) == (forced, None)
    assert execution.qty > 0


@pytest.mark.parametrize(
    "name", ["order_update_calculated_pending.json", "ws_futures_order_update_liquidation_zero_qty.json"]
)
def test_a_recorded_reduction_that_only_begins_executes_nothing(name: str) -> None:
    assert said.pushed_execution(pushed(name), {}) is None


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("execution_report_new.json", VenueStatus.OPEN),
        ("execution_report_trade.json", VenueStatus.FILLED),
        ("execution_report_canceled.json", VenueStatus.CANCELED),
        ("execution_report_expired.json", VenueStatus.EXPIRED),
        ("execution_report_wrapped.json", VenueStatus.OPEN),
        ("ws_spot_execution_report_rejected.json", VenueStatus.REJECTED),
        ("ws_spot_execution_report_pending_cancel.json", VenueStatus.PENDING_CANCEL),
        ("order_update_trade.json", VenueStatus.OPEN),
    ],
)
def test_a_recorded_push_is_the_state_of_its_order(name: str, status: VenueStatus) -> None:
    told = pushed(name)
    report = said.pushed_report(told, {}, said.pushed_execution(told, {}))
    assert report.status is status


@pytest.mark.parametrize("name", ["order_response.json", "cancel_order_response.json", "new_order_full_response.json"])
def test_a_recorded_order_over_rest_is_read(name: str) -> None:
    order = parse.read(reply(name), said.WireOrder)
    assert isinstance(order, said.WireOrder)
    assert isinstance(said.report_of(order, {}), OrderReport)


def test_recorded_positions_and_wallets_are_read() -> None:
    stated = parse.futures_stated(reply("position_risk.json"), reply("balance.json"), {})
    assert isinstance(stated, parse.Stated)
    assert [(each.instrument, str(each.qty)) for each in stated.holdings] == [("BTCUSDT", "0.001")]
    assert [(each.asset, str(each.total)) for each in stated.balances] == [("USDT", "122.12345678")]


@pytest.mark.parametrize(
    ("name", "known"),
    [("http_spot_market_exchange_info.json", True), ("http_futures_market_exchange_info.json", True)],
)
def test_recorded_rules_are_instruments_or_refused_with_a_reason(name: str, known: bool) -> None:
    found = listing_answer(reply(name))
    assert isinstance(found, Listing)
    assert bool(found.listed) is known
    assert all(found.refused.values())
