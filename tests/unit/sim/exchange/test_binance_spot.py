"""The simulated Binance spot over bytes: orders, balances, and the stream of an account over the WebSocket API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from tests.exchange import KEY, Scene, with_binance
from tests.unit.sim.exchange.binance_client import Client

ORDER = "/api/v3/order"


def talk(what: Callable[[Scene, Client], Awaitable[Any]]) -> Any:
    """Returns what a conversation of one client comes to."""

    async def talked(scene: Scene) -> Any:
        async with Client(scene) as client:
            return await what(scene, client)

    return with_binance(talked)


def test_an_order_is_answered_with_its_fills_and_fees_in_the_coin_that_was_bought() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        placed = await client.order(ORDER, price="50001.00", quantity="1.5", newClientOrderId="a-1")
        balances = (await client.call("GET", "/api/v3/account", omitZeroBalances="true"))[1]["balances"]
        return placed, {row["asset"]: row["free"] for row in balances}

    (status, order), free = talk(session)
    assert (status, order["status"], order["cummulativeQuoteQty"]) == (200, "FILLED", "75000.20000000")
    assert [(fill["price"], fill["qty"], fill["commission"], fill["commissionAsset"]) for fill in order["fills"]] == [
        ("50000.10000000", "1.00000000", "0.00100000", "BTC"),
        ("50000.20000000", "0.50000000", "0.00050000", "BTC"),
    ]
    assert (free["USDT"], free["BTC"]) == ("24999.80000000", "3.49850000")


def test_the_stream_over_the_api_tells_orders_and_balances_by_its_subscription() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        params = dict(parse_qsl(client.signed(apiKey=KEY)))
        asked = {"id": 1, "method": "userDataStream.subscribe.signature", "params": params}
        reading = await client.listen("/ws-api/v3", seen, say=asked)
        await scene.pass_ms(100)
        await client.order(ORDER, newClientOrderId="a-1")
        await client.call("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="a-1")
        await scene.pass_ms(100)
        reading.cancel()
        return list(seen)

    answer, *events = talk(session)
    assert (answer["id"], answer["status"], answer["result"]) == (1, 200, {"subscriptionId": 0})
    told = [(event["event"]["e"], event["event"].get("x"), event["event"].get("C")) for event in events]
    assert told == [("executionReport", "NEW", ""), ("executionReport", "CANCELED", "a-1")]
    assert {event["subscriptionId"] for event in events} == {0}


def test_what_is_refused_carries_the_code_and_words_of_the_documentation() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        shared = {"timeInForce": None, "type": "LIMIT_MAKER", "price": "50001.00"}
        answers = [
            await client.order(ORDER, **shared),
            await client.order(ORDER, quantity="9"),
            await client.order(ORDER, price="49000.001"),
            await client.order(ORDER, quantity="0.0000001"),
            await client.order(ORDER, quantity="0.00001"),
            await client.call("DELETE", ORDER, symbol="BTCUSDT", orderId=1),
        ]
        return [(answer["code"], answer["msg"]) for _, answer in answers]

    assert talk(session) == [
        (-2010, "Order would immediately match and take."),
        (-2010, "Account has insufficient balance for requested action."),
        (-1013, "Filter failure: PRICE_FILTER"),
        (-1013, "Filter failure: LOT_SIZE"),
        (-1013, "Filter failure: NOTIONAL"),
        (-2011, "Unknown order sent."),
    ]


def test_the_key_says_that_it_may_trade_and_never_withdraw() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        return (await client.call("GET", "/sapi/v1/account/apiRestrictions"))[1]

    told = talk(session)
    assert (told["enableFutures"], told["enableSpotAndMarginTrading"], told["enableWithdrawals"]) == (True, True, False)


def test_the_old_user_streams_of_spot_are_gone() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        return (await client.ask("POST", "/api/v3/userDataStream"))[0]

    assert talk(session) == 404
