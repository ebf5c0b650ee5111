"""What the simulated Alpaca refuses, and in which words."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.sim.alpaca.scene import EVENING, OTHER, TERMS, Faults, Scene

LIMIT = {"type": "limit", "limit_price": "190"}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"symbol": "ZZZZ"}, (422, 42210000, 'asset "ZZZZ" not found')),
        ({"symbol": "GONE"}, (422, 42210000, "asset GONE is not tradable")),
        ({"symbol": "DEAD"}, (422, 42210000, "asset DEAD is not active")),
        ({"symbol": None}, (422, 40010001, "symbol is required")),
        ({"qty": None}, (422, 40010001, "qty or notional is required")),
        ({"qty": "0"}, (422, 40010001, "qty must be > 0")),
        ({"qty": "1.0000000001"}, (422, 42210000, "qty must be limited to 9 decimal places")),
        ({"side": "hold"}, (422, 40010001, "side must be buy or sell")),
        ({"type": "stop"}, (422, 42210000, "invalid order type stop")),
        ({"type": "limit"}, (422, 40010001, "limit orders require a limit price")),
        ({"limit_price": "190"}, (422, 42210000, "market orders require no stop or limit price")),
        ({"time_in_force": "gtc", "qty": "1.5"}, (422, 42210000, "fractional orders must be DAY orders")),
        ({"extended_hours": True}, (422, 42210000, "extended hours order must be DAY limit orders")),
        ({"symbol": "BRK.A", "qty": "0.5"}, (403, 40310000, 'asset "BRK.A" is not fractionable')),
        ({"client_order_id": "x" * 129}, (422, 40010001, "client_order_id must be no more than 128 characters")),
        ({"qty": "0.001"}, (403, 40310000, "cost basis must be >= minimal amount of order 1")),
        ({"qty": "501"}, (403, 40310000, "insufficient buying power")),
        (
            {"type": "limit", "limit_price": "210.123"},
            (
                422,
                42210000,
                "invalid limit_price 210.123. sub-penny increment does not fulfill minimum pricing criteria",
            ),
        ),
        (
            {"side": "sell", "qty": "51"},
            (403, 40310000, "insufficient qty available for order (requested: 51, available: 50.5)"),
        ),
        (
            {"symbol": "TSLA", "qty": "21"},
            (403, 40310000, "insufficient qty available for order (requested: 21, available: 20)"),
        ),
        ({"symbol": "NVDA", "side": "sell", "qty": "0.5"}, (422, 42210000, "fractional orders cannot be sold short")),
        ({"symbol": "BRK.A", "side": "sell", "qty": "1"}, (422, 42210000, 'asset "BRK.A" cannot be sold short')),
    ],
)
def test_a_flaw_is_refused_in_the_words_of_alpaca(changes: dict[str, object], refusal: tuple[int, int, str]) -> None:
    scene = Scene()
    status, body = scene.place(**changes)
    assert (status, body["code"], body["message"]) == refusal
    assert scene.front.ledger.orders == {}


def test_sub_penny_limits_are_taken_below_one_dollar() -> None:
    scene = Scene()
    assert scene.place(type="limit", limit_price="0.9999")[0] == 200
    assert scene.place("two", type="limit", limit_price="0.99999")[0] == 422


def test_a_client_id_is_taken_once_and_for_ever() -> None:
    scene = Scene()
    order_id = scene.place(**LIMIT)[1]["id"]
    duplicate = (422, {"code": 42210000, "message": "client_order_id must be unique"})
    assert scene.place(**LIMIT) == duplicate
    scene.ask("DELETE", f"orders/{order_id}")
    scene.wait(seconds=40 * 86_400)
    assert scene.order()["status"] == "canceled"
    assert scene.place(**LIMIT) == duplicate


def test_an_order_that_could_meet_an_own_one_is_refused_as_a_wash_trade() -> None:
    scene = Scene()
    resting = scene.place(**LIMIT)[1]["id"]
    assert scene.place("two", side="sell", type="limit", limit_price="190") == (
        403,
        {
            "code": 40310000,
            "message": "potential wash trade detected. use complex orders",
            "existing_order_id": resting,
            "reject_reason": "opposite side limit order exists",
        },
    )
    assert scene.place("three", side="sell")[0] == 403
    assert scene.place("four", side="sell", type="limit", limit_price="190.01")[0] == 200


def test_a_wash_trade_may_come_under_the_other_code() -> None:
    scene = Scene(terms=msgspec.structs.replace(TERMS, wash_status=422, wash_code=42210000))
    scene.place(**LIMIT)
    status, body = scene.place("two", side="sell")
    assert (status, body["code"]) == (422, 42210000)


def test_shares_in_open_sales_are_not_sold_twice() -> None:
    scene = Scene()
    scene.place(side="sell", qty="40", type="limit", limit_price="300")
    assert scene.place("two", side="sell", qty="11", type="limit", limit_price="300")[1] == {
        "code": 40310000,
        "message": "insufficient qty available for order (requested: 11, available: 10.5)",
        "available": "10.5",
        "existing_qty": "50.5",
        "held_for_orders": "40",
        "symbol": "AAPL",
    }


def test_cash_in_open_purchases_is_not_spent_twice() -> None:
    scene = Scene()
    assert scene.place(symbol="NVDA", qty="400", type="limit", limit_price="190")[0] == 200
    status, body = scene.place("two", symbol="NVDA", qty="200", type="limit", limit_price="190")
    assert (status, body["buying_power"], body["cost_basis"]) == (403, "20000", "38000")


def test_no_long_is_opened_while_a_short_sale_waits() -> None:
    scene = Scene()
    scene.place(symbol="NVDA", side="sell", type="limit", limit_price="250")
    status, body = scene.place("two", symbol="NVDA", type="limit", limit_price="150")
    assert (status, body["message"]) == (403, "cannot open a long buy while a short sell order is open")


def test_an_account_without_the_right_does_not_sell_short() -> None:
    scene = Scene()
    body = {"symbol": "NVDA", "qty": "1", "side": "sell", "type": "market", "time_in_force": "day"}
    status, refusal = scene.ask("POST", f"/v1/trading/accounts/{OTHER}/orders", body)
    assert (status, refusal["message"]) == (403, "account is not allowed to short")


def test_a_restricted_account_places_nothing() -> None:
    scene = Scene(Faults(restricted=True))
    assert scene.place() == (403, {"code": 40310000, "message": "account is restricted"})
    assert scene.front.ledger.orders == {}


def test_a_body_that_is_no_object_is_refused() -> None:
    status, body = Scene(Faults(), at=EVENING).ask("POST", "orders", [1])
    assert (status, body["code"]) == (400, 40010001)
