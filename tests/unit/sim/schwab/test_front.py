"""The paths of the simulated Schwab."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest

from flatbook.sim.alpaca.terms import FeeRates
from flatbook.sim.schwab.pages import ORDER_BASE
from flatbook.values.instants import instant_of_text
from tests.unit.sim.alpaca.scene import Faults
from tests.unit.sim.schwab.scene import HASH, POOR_HASH, TERMS, Scene

SPAN = "fromEnteredTime=2026-06-02T13:59:00.000Z&toEnteredTime=2026-06-02T14:59:00.000Z"


def test_without_a_token_nothing_is_told() -> None:
    scene = Scene()
    assert scene.ask("GET", "/trader/v1/accounts/accountNumbers")[0] == 401
    assert scene.place().status == 401
    assert scene.front.orders == {}


def test_an_order_is_answered_by_its_address_alone_and_then_fills() -> None:
    scene = Scene().log_in()
    told = scene.place()
    assert (told.status, told.content) == (201, None)
    assert told.headers["Location"].endswith(f"/trader/v1/accounts/{HASH}/orders/{ORDER_BASE}")
    assert scene.ask("GET", f"orders/{ORDER_BASE}")[1]["status"] == "ACCEPTED"
    scene.wait(seconds=1)
    page = scene.ask("GET", f"orders/{ORDER_BASE}")[1]
    assert (page["status"], page["filledQuantity"], page["remainingQuantity"]) == ("FILLED", 10.0, 0.0)
    assert (page["enteredTime"], page["closeTime"]) == ("2026-06-02T14:00:00+0000", "2026-06-02T14:00:00+0000")
    (activity,) = page["orderActivityCollection"]
    assert (activity["activityId"], activity["orderRemainingQuantity"]) == (102_102_000_000, 0.0)
    assert activity["executionLegs"][0]["price"] == 200.0
    assert scene.ask("GET", "/trader/v1/accounts/nobody/orders")[0] == 400


def test_numbers_are_written_with_a_fraction() -> None:
    scene = Scene().log_in()
    scene.place(orderType="LIMIT", price="150.25")
    told = scene.told("GET", f"orders/{ORDER_BASE}")
    assert isinstance(told.content, dict)
    assert bytes(told.content["quantity"]) == b"10.0"
    assert bytes(told.content["price"]) == b"150.25"


def test_a_list_shows_the_newest_first_within_its_span_and_by_status() -> None:
    scene = Scene().log_in()
    scene.place(orderType="LIMIT", price="100")
    scene.wait(seconds=5)
    scene.place()
    scene.wait(seconds=5)
    numbers = [page["orderId"] for page in scene.ask("GET", f"orders?{SPAN}")[1]]
    assert numbers == [ORDER_BASE + 1, ORDER_BASE]
    assert [page["orderId"] for page in scene.ask("GET", f"orders?{SPAN}&status=WORKING")[1]] == [ORDER_BASE]
    assert len(scene.ask("GET", f"orders?{SPAN}&maxResults=1")[1]) == 1
    early = "fromEnteredTime=2026-06-02T13:00:00.000Z&toEnteredTime=2026-06-02T13:59:00.000Z"
    assert scene.ask("GET", f"orders?{early}")[1] == []
    assert scene.ask("GET", "orders")[0] == 400
    assert scene.ask("GET", f"/trader/v1/accounts/{POOR_HASH}/orders?{SPAN}")[1] == []


def test_an_order_is_canceled_once() -> None:
    scene = Scene().log_in()
    scene.place(orderType="LIMIT", price="100")
    assert scene.ask("DELETE", f"orders/{ORDER_BASE}") == (200, None)
    assert scene.ask("GET", f"orders/{ORDER_BASE}")[1]["status"] == "PENDING_CANCEL"
    scene.wait(seconds=1)
    assert scene.ask("GET", f"orders/{ORDER_BASE}")[1]["status"] == "CANCELED"
    assert scene.ask("DELETE", f"orders/{ORDER_BASE}")[0] == 400
    assert scene.ask("DELETE", "orders/17")[0] == 404
    assert scene.ask("DELETE", "orders/x")[0] == 404


def test_an_account_states_cash_and_positions_of_either_sign() -> None:
    scene = Scene().log_in()
    page = scene.ask("GET", f"/trader/v1/accounts/{HASH}?fields=positions")[1]["securitiesAccount"]
    assert page["accountNumber"] == "123456789"
    assert page["currentBalances"]["cashBalance"] == 100_000.0
    held = {each["instrument"]["symbol"]: (each["longQuantity"], each["shortQuantity"]) for each in page["positions"]}
    assert held == {"AAPL": (50.0, 0.0), "TSLA": (0.0, 20.0)}
    assert "positions" not in scene.ask("GET", f"/trader/v1/accounts/{HASH}")[1]["securitiesAccount"]
    assert len(scene.ask("GET", "/trader/v1/accounts")[1]) == 2


@pytest.mark.parametrize(
    ("day", "is_open", "regular"),
    [
        ("2026-06-02", True, {"start": "2026-06-02T09:30:00-04:00", "end": "2026-06-02T16:00:00-04:00"}),
        ("2026-11-27", True, {"start": "2026-11-27T09:30:00-05:00", "end": "2026-11-27T13:00:00-05:00"}),
        ("2026-06-06", False, None),
    ],
)
def test_the_hours_of_a_day_are_told(day: str, is_open: bool, regular: dict[str, str] | None) -> None:
    market = Scene().log_in().ask("GET", f"/marketdata/v1/markets/equity?date={day}")[1]["equity"]["EQ"]
    assert market["isOpen"] == is_open
    assert market.get("sessionHours", {}).get("regularMarket") == (None if regular is None else [regular])


def test_the_hours_of_no_day_and_paths_of_nothing_are_refused() -> None:
    scene = Scene().log_in()
    assert scene.ask("GET", "/marketdata/v1/markets/equity?date=x")[0] == 400
    for path in ("/nothing", f"/trader/v1/accounts/{HASH}/orders/1/2", f"/trader/v1/accounts/{HASH}/else"):
        assert scene.ask("GET", path)[0] == 404
    assert scene.ask("PATCH", f"orders/{ORDER_BASE}")[0] == 405


def test_above_the_rate_requests_are_refused_and_flow_back() -> None:
    scene = Scene(Faults(per_minute=2)).log_in()
    path = "/trader/v1/accounts/accountNumbers"
    assert [scene.ask("GET", path)[0] for _ in range(3)] == [200, 200, 429]
    scene.wait(seconds=30)
    assert scene.ask("GET", path)[0] == 200


def test_faults_name_a_neighbour_use_strange_words_and_trail() -> None:
    scene = Scene(Faults(neighbour=True, strange="DREAMING", lag_ms=5_000)).log_in()
    scene.place()
    told = scene.place()
    assert told.headers["Location"].endswith(f"/orders/{ORDER_BASE}")
    assert scene.ask("GET", f"orders/{ORDER_BASE}")[0] == 404
    scene.wait(seconds=5)
    page = scene.ask("GET", f"orders/{ORDER_BASE}")[1]
    assert (page["status"], page["filledQuantity"]) == ("DREAMING", 0.0)


def test_an_order_of_the_early_session_ends_with_it() -> None:
    scene = Scene(at=instant_of_text("2026-06-02T12:00:00Z")).log_in()
    told = scene.place(orderType="LIMIT", price="100", session="AM")
    assert told.status == 201
    (listed,) = scene.front.orders.values()
    assert listed.order.works_until == instant_of_text("2026-06-02T13:30:00Z")
    scene.place(orderType="LIMIT", price="100", session="SEAMLESS")
    assert list(scene.front.orders.values())[1].order.works_until == instant_of_text("2026-06-03T00:00:00Z")
    assert scene.front.ledger.cash("123456789", scene.at) == Decimal(100_000)


def test_an_order_that_is_replaced_makes_room_for_the_next_and_names_it() -> None:
    scene = Scene().log_in()
    scene.place(orderType="LIMIT", price="300", instruction="SELL", quantity=50)
    scene.wait(seconds=1)
    leg = {"instruction": "SELL", "quantity": 50, "instrument": {"symbol": "AAPL", "assetType": "EQUITY"}}
    body = {"orderType": "LIMIT", "price": "250", "session": "NORMAL", "duration": "DAY", "orderStrategyType": "SINGLE"}
    told = scene.told("PUT", f"orders/{ORDER_BASE}", json.dumps({**body, "orderLegCollection": [leg]}).encode())
    assert (told.status, told.headers["Location"][-13:]) == (201, str(ORDER_BASE + 1))
    assert scene.ask("GET", f"orders/{ORDER_BASE}")[1]["status"] == "PENDING_REPLACE"
    scene.wait(seconds=1)
    page = scene.ask("GET", f"orders/{ORDER_BASE}")[1]
    assert (page["status"], page["replacingOrderCollection"]) == ("REPLACED", [{"orderId": ORDER_BASE + 1}])
    assert scene.told("PUT", f"orders/{ORDER_BASE}", b"{}").status == 400
    assert scene.told("PUT", "orders/17", b"{}").status == 404
    assert scene.told("PUT", f"orders/{ORDER_BASE + 1}", b"{}").status == 400


def test_a_trade_enters_the_history_at_midnight_with_the_fees_of_its_order() -> None:
    rates = FeeRates(effective_from="2026-04-04", sec_rate=Decimal("0.0000206"), taf_per_share=Decimal("0.000195"))
    scene = Scene(terms=msgspec.structs.replace(TERMS, fees=(rates,))).log_in()
    scene.place(instruction="SELL", quantity=10)
    scene.wait(seconds=1)
    span = "startDate=2026-06-02T00:00:00Z&endDate=2026-06-04T00:00:00Z"
    assert scene.ask("GET", f"transactions?{span}&types=TRADE") == (200, [])
    scene.wait(seconds=15 * 3_600)
    scene.log_in()
    (row,) = scene.ask("GET", f"transactions?{span}&types=TRADE,JOURNAL")[1]
    assert (row["orderId"], row["netAmount"]) == (ORDER_BASE, 1999.94)
    fees = {item["feeType"]: item["cost"] for item in row["transferItems"] if "feeType" in item}
    assert fees == {"COMMISSION": 0.0, "SEC_FEE": -0.05, "TAF_FEE": -0.01}
    assert scene.ask("GET", f"transactions?{span}&types=JOURNAL")[1] == []
    assert scene.ask("GET", f"transactions/{row['activityId']}")[1] == row
    assert scene.ask("GET", "transactions/1")[0] == 404
    assert scene.ask("GET", "transactions?types=TRADE")[0] == 400


def test_an_order_states_the_fees_that_the_history_charges_where_it_states_any() -> None:
    rates = FeeRates(effective_from="2026-04-04", sec_rate=Decimal("0.0000206"), taf_per_share=Decimal("0.000195"))
    stated = []
    for states_fees in (False, True):
        scene = Scene(terms=msgspec.structs.replace(TERMS, fees=(rates,), states_fees=states_fees)).log_in()
        scene.place(instruction="SELL", quantity=10)
        scene.wait(seconds=15 * 3_600)
        scene.log_in()
        stated.append(scene.ask("GET", f"orders/{ORDER_BASE}")[1].get("commissionAndFee", {}).get("fee"))
    assert stated == [
        None,
        {"feeLegs": [{"feeValues": [{"value": 0.05, "type": "SEC_FEE"}, {"value": 0.01, "type": "TAF_FEE"}]}]},
    ]
