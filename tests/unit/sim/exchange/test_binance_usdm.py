"""The simulated Binance USD-M over bytes: orders, positions, the stream of an account, and what is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from tests.exchange import PERP, Scene, with_binance
from tests.unit.sim.exchange.binance_client import Client


def talk(what: Callable[[Scene, Client], Awaitable[Any]]) -> Any:
    """Returns what a conversation of one client comes to."""

    async def talked(scene: Scene) -> Any:
        async with Client(scene) as client:
            return await what(scene, client)

    return with_binance(talked)


def test_an_order_rests_is_found_by_its_client_id_and_is_canceled_once() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        placed = await client.order(newClientOrderId="a-1")
        found = await client.call("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a-1")
        opened = await client.call("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")
        canceled = await client.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a-1")
        again = await client.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a-1")
        return placed, found, opened, canceled, again

    placed, found, opened, canceled, again = talk(session)
    assert (placed[0], placed[1]["status"], placed[1]["clientOrderId"]) == (200, "NEW", "a-1")
    assert (found[1]["price"], found[1]["origQty"], found[1]["executedQty"]) == ("49000.0", "0.010", "0.000")
    assert [order["orderId"] for order in opened[1]] == [placed[1]["orderId"]]
    assert canceled[1]["status"] == "CANCELED"
    assert again == (400, {"code": -2011, "msg": "Unknown order sent."})


def test_a_market_order_fills_along_the_book_and_the_position_is_told() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        bought = await client.order(
            type="MARKET", timeInForce=None, price=None, quantity="1.500", newOrderRespType="RESULT"
        )
        positions = await client.call("GET", "/fapi/v3/positionRisk")
        trades = await client.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
        return bought[1], positions[1], trades[1]

    bought, positions, trades = talk(session)
    assert (bought["status"], bought["executedQty"], bought["avgPrice"]) == ("FILLED", "1.500", "50001.3333")
    assert [(row["positionAmt"], row["entryPrice"]) for row in positions] == [("1.500", "50001.33333333")]
    assert [(row["price"], row["qty"], row["commission"], row["maker"]) for row in trades] == [
        ("50001.0", "1.000", "25.00050000", False),
        ("50002.0", "0.500", "12.50050000", False),
    ]


def test_the_stream_of_an_account_tells_an_order_its_fill_and_its_balance_in_order() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        key = (await client.ask("POST", "/fapi/v1/listenKey"))[1]["listenKey"]
        reading = await client.listen(f"/private/ws?listenKey={key}", seen)
        await client.order(price="50000.0", quantity="0.100", newClientOrderId="rests")
        scene.exchange.trade_outside(PERP, -1, Decimal("0.040"))
        await scene.pass_ms(100)
        reading.cancel()
        return list(seen)

    seen = talk(session)
    assert [event["e"] for event in seen] == [
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
    ]
    new, _, fill, account = seen
    assert (new["o"]["x"], new["o"]["X"], new["o"]["c"]) == ("NEW", "NEW", "rests")
    assert (fill["o"]["X"], fill["o"]["l"], fill["o"]["L"], fill["o"]["m"]) == (
        "PARTIALLY_FILLED",
        "0.040",
        "50000.0",
        True,
    )
    assert (fill["o"]["n"], fill["o"]["N"]) == ("0.40000000", "USDT")
    assert [(row["a"], row["wb"]) for row in account["a"]["B"]] == [("USDT", "99999.60000000")]
    assert [(row["s"], row["pa"], row["ep"]) for row in account["a"]["P"]] == [("BTCUSDT", "0.040", "50000.00000000")]


def test_what_is_refused_carries_the_code_of_the_documentation() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        await client.order(newClientOrderId="same")
        return [
            (await client.order(newClientOrderId="same"))[1]["code"],
            (await client.order(price="49000.05"))[1]["code"],
            (await client.order(quantity="0.0001"))[1]["code"],
            (await client.order(quantity="0.001", price="100.0"))[1]["code"],
            (await client.order(timeInForce="GTX", price="50001.0"))[1]["code"],
            (await client.order(timeInForce="FOK", price="50001.0", quantity="2.000"))[1]["code"],
            (await client.order(reduceOnly="true"))[1]["code"],
            (await client.order(quantity="60.000"))[1]["code"],
            (await client.order(symbol="NONE"))[1]["code"],
            (await client.order(side="HOLD"))[1]["code"],
            (await client.order(price=None))[1]["code"],
        ]

    assert talk(session) == [-4116, -4014, -1111, -4164, -5022, -5021, -2022, -2019, -1121, -1102, -1102]


def test_a_caller_is_known_by_key_signature_and_time() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        async with Client(scene, key="nobody") as stranger, Client(scene, secret="wrong") as forger:
            now_ms = scene.now() // 1_000_000
            return [
                await stranger.call("GET", "/fapi/v3/balance"),
                await forger.call("GET", "/fapi/v3/balance"),
                await client.call("GET", "/fapi/v3/balance", timestamp=now_ms - 5_001),
                await client.call("GET", "/fapi/v3/balance", timestamp=now_ms + 2_000),
                await client.call("GET", "/fapi/v3/balance", timestamp=now_ms - 5_001, recvWindow=10_000),
            ]

    answers = talk(session)
    assert [(status, content["code"]) for status, content in answers[:-1]] == [
        (401, -2015),
        (400, -1022),
        (400, -1021),
        (400, -1021),
    ]
    assert answers[-1][1][0]["balance"] == "100000.00000000"
