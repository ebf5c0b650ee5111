"""The broker's own client, alpaca-py, against the simulated Alpaca over TCP: what it reads is what the books hold.

The client is as it was published; it is told our address by its URL override. What it cannot parse is a fault of ours.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.sim.alpaca.activities import execution_id
from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.alpaca.server import AlpacaServer
from tests.clients.serving import clock_from, rest, session_of
from tests.unit.sim.alpaca.scene import ACCOUNT, OPEN, TERMS

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def session() -> tuple[Any, Ledger]:
    """What the client saw, and the books of the server after it."""
    server = AlpacaServer(TERMS, lambda _symbol, _at: Decimal(200), now=clock_from(OPEN), rest=rest)
    return session_of("alpaca", "alpaca_session.py", server.runner, ACCOUNT), server.front.ledger


def test_the_client_is_as_it_was_published(session: tuple[Any, Ledger]) -> None:
    assert session[0]["files changed"] == []


def test_account_assets_clock_and_calendar_are_read(session: tuple[Any, Ledger]) -> None:
    seen, _ = session
    assert seen["account"] == ["ACTIVE", "USD", "100000", True]
    assert ["AAPL", True, True] in seen["assets"]
    assert ["GONE", False, True] in seen["assets"]
    assert seen["asset by id"] == "AAPL"
    assert seen["clock"] == [True, "2026-06-02T16:00:00-04:00"]
    assert seen["calendar"] == [
        ["2026-11-25", "09:30:00", "16:00:00"],
        ["2026-11-27", "09:30:00", "13:00:00"],
        ["2026-11-30", "09:30:00", "16:00:00"],
    ]
    assert seen["broker account"] == [True, "USD"]
    assert (seen["broker asset"], seen["broker clock"], seen["broker calendar"]) == (True, True, 3)


def test_orders_are_placed_found_replaced_and_canceled(session: tuple[Any, Ledger]) -> None:
    seen, _ = session
    assert seen["placed"] == ["pending_new", "10", "market"]
    assert (seen["filled"]["filled_qty"], seen["filled"]["filled_avg_price"]) == ("10", "200")
    assert seen["part"]["filled_qty"] == "0.125"
    assert seen["extended"] == [True, "100"]
    assert seen["replaced"] == ["4", "101.5", True]
    assert seen["replaced by"]
    assert (seen["canceled"], seen["broker canceled"]) == ("canceled", "canceled")
    assert seen["cancel all"] == [200]
    states = {client_id: status for client_id, status in seen["orders"] if not client_id.startswith("probe")}
    assert sorted(states.values()) == ["canceled", "canceled", "filled", "filled", "replaced"]
    assert seen["broker filled"]["filled_qty"] == "2"


def test_refusals_reach_the_caller_with_code_and_words(session: tuple[Any, Ledger]) -> None:
    seen, _ = session
    words = "client_order_id must be unique"
    assert seen["duplicate"] == {"status": 422, "code": 42210000, "message": words}
    assert (seen["cancel again"]["status"], seen["cancel again"]["code"]) == (422, 42210000)
    assert (seen["wash"]["status"], seen["wash"]["code"]) == (403, 40310000)
    assert seen["no position"]["status"] == 404


def test_positions_are_read_and_closed(session: tuple[Any, Ledger]) -> None:
    seen, ledger = session
    assert [row[:2] for row in seen["positions"]] == [["AAPL", "60.625"], ["TSLA", "-20"]]
    assert seen["position"] == "60.625"
    assert seen["closing"] == ["sell", "30.3125"]
    assert seen["closed all"] == [["AAPL", 200], ["TSLA", 200]]
    assert seen["broker positions"] == ["NVDA"]
    assert ledger.holdings(ACCOUNT, ledger.executions[-1].at) == {"NVDA": Decimal(2)}


def test_what_the_client_read_of_executions_is_what_the_books_hold(session: tuple[Any, Ledger]) -> None:
    seen, ledger = session
    truth = [
        [row.order.id, row.order.symbol, float(row.qty), float(row.price), execution_id(row)]
        for row in reversed(ledger.executions)
    ]
    assert seen["broker fills"] == truth
    assert seen["raw activities"] == ["fill", "fill", "fill"]
    assert len(truth) == 6


def test_the_stream_of_the_client_tells_each_change_once_and_executions_as_the_books_hold_them(
    session: tuple[Any, Ledger],
) -> None:
    seen, ledger = session
    told = [update[:3] for update in seen["updates"] if update[1] == "market"]
    assert told == [
        ["pending_new", "market", "pending_new"],
        ["new", "market", "new"],
        ["fill", "market", "filled"],
    ]
    kinds = {update[0] for update in seen["updates"]}
    assert {"pending_cancel", "canceled", "pending_replace", "replaced"} <= kinds
    fills = [update[3:6] for update in seen["updates"] if update[0] in ("fill", "partial_fill")]
    assert fills == [[float(row.qty), float(row.price), row.id] for row in ledger.executions]


def test_the_events_of_the_broker_are_followed_and_told_again_from_a_number_on(session: tuple[Any, Ledger]) -> None:
    seen, ledger = session
    fills = [event[2] for event in seen["events"] if event[0] == "fill"]
    assert fills == [row.id for row in ledger.executions]
    assert seen["replayed"] == [3, 4, 5]
