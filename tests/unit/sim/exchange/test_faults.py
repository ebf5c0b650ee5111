"""What goes wrong at the simulated exchanges by a script, over bytes: books stay true, and clients hear otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from flatbook.sim.alpaca.faults import Pushing, Spoiling
from flatbook.sim.exchange.orders import Forced
from flatbook.values.instants import NS_PER_S
from tests.exchange import PERP, Scene, with_binance, with_bybit
from tests.unit.sim.exchange import bybit_client
from tests.unit.sim.exchange.binance_client import Client

PLACE = "POST /fapi/v1/order"


def talk(what: Callable[[Scene, Client], Awaitable[Any]]) -> Any:
    """Returns what a conversation of one client with the simulated Binance comes to."""

    async def talked(scene: Scene) -> Any:
        async with Client(scene) as client:
            return await what(scene, client)

    return with_binance(talked)


async def followed(scene: Scene, client: Client, seen: list[Any]) -> asyncio.Task[None]:
    """Follows the stream of the account."""
    key = (await client.ask("POST", "/fapi/v1/listenKey"))[1]["listenKey"]
    reading = await client.listen(f"/private/ws?listenKey={key}", seen)
    await scene.pass_ms(100)
    return reading


@pytest.mark.parametrize(("spoiling", "status"), [(Spoiling.SERVER_ERROR, 500), (Spoiling.HTML_503, 503)])
def test_an_order_lives_although_its_answer_was_an_error(spoiling: Spoiling, status: int) -> None:
    async def session(scene: Scene, client: Client) -> Any:
        scene.faults.say("spoils", spoiling, of=PLACE)
        try:
            told = (await client.order(newClientOrderId="a-1"))[0]
        except ValueError:
            told = 503
        return told, (await client.call("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a-1"))[1][
            "status"
        ]

    assert talk(session) == (status, "NEW")


def test_an_order_lives_although_the_connection_broke_before_its_answer() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        scene.faults.say("spoils", Spoiling.CUT, of=PLACE)
        with pytest.raises(aiohttp.ClientError):
            await client.order(newClientOrderId="a-1")
        return (await client.call("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a-1"))[1]["status"]

    assert talk(session) == "NEW"


def test_an_order_was_not_taken_where_the_exchange_was_not_there() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        scene.faults.say("spoils", Spoiling.UNAVAILABLE, of=PLACE)
        with pytest.raises(ValueError, match="Expecting value"):
            await client.order(newClientOrderId="a-1")
        return len(scene.exchange.orders)

    assert talk(session) == 0


def test_a_request_that_is_repeated_on_its_way_is_refused_the_second_time() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        scene.faults.say("repeats", True, of=PLACE)
        return (await client.order(newClientOrderId="a-1"))[1]["code"], len(scene.exchange.orders)

    assert talk(session) == (-4116, 1)


def test_events_come_twice_late_or_never() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        reading = await followed(scene, client, seen)
        for number, pushing in enumerate((Pushing.TWICE, Pushing.LOST, Pushing.LATE)):
            scene.faults.say("pushes", pushing, of="push ORDER_TRADE_UPDATE")
            await client.order(newClientOrderId=f"a-{number}")
        await client.order(newClientOrderId="a-3")
        await scene.pass_ms(100)
        reading.cancel()
        return [event["o"]["c"] for event in seen]

    assert talk(session) == ["a-0", "a-0", "a-3", "a-2"]


def test_a_stream_is_silent_or_cut_while_orders_go_on() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        reading = await followed(scene, client, seen)
        scene.faults.say("is_silent", True, of="push", times=5)
        await client.order(newClientOrderId="a-1")
        scene.faults.script.clear()
        scene.faults.say("cuts_stream", True, of="push ORDER")
        await client.order(newClientOrderId="a-2")
        await reading
        return seen, [order.client_id for order in scene.exchange.open_orders("main")]

    assert talk(session) == (["closed"], ["a-1", "a-2"])


def test_the_key_of_a_user_stream_ends_after_an_hour_or_at_once_and_is_said_to_be_unknown() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        reading = await followed(scene, client, seen)
        await scene.pass_ms(3_590_000)
        kept = (await client.ask("PUT", "/fapi/v1/listenKey"))[0]
        await scene.pass_ms(3_590_000)
        before = len(seen)
        scene.faults.say("ends_listen_key", True)
        unknown = await client.ask("PUT", "/fapi/v1/listenKey")
        await client.order(newClientOrderId="unheard")
        await scene.pass_ms(100)
        reading.cancel()
        return kept, before, [event["e"] for event in seen], unknown

    kept, before, events, unknown = talk(session)
    assert (kept, before, events) == (200, 0, ["listenKeyExpired"])
    assert unknown == (400, {"code": -1125, "msg": "This listenKey does not exist."})


def test_a_clock_that_is_ahead_refuses_what_was_stamped_well_and_tells_its_own_time() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        scene.faults.say("skew_ms", 8_000, times=2)
        told = (await client.ask("GET", "/fapi/v1/time"))[1]["serverTime"]
        ahead_s = round((told * 1_000_000 - scene.now()) / NS_PER_S)
        return ahead_s, (await client.order())[1]["code"], (await client.order())[0]

    assert talk(session) == (8, -1021, 200)


def test_who_asks_too_often_is_told_when_to_ask_again_and_banned_where_that_does_not_help() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        scene.faults.say("requests_per_minute", 2, times=60)
        answers = [(await client.ask("GET", "/fapi/v1/time"))[0] for _ in range(3)]
        waits = client.headers["Retry-After"]
        banned = [(await client.ask("GET", "/fapi/v1/time"))[0] for _ in range(20)][-1]
        used = client.headers["X-MBX-USED-WEIGHT-1M"]
        await scene.pass_ms(125_000)
        scene.faults.script.clear()
        return answers, int(waits) > 0, banned, used, (await client.ask("GET", "/fapi/v1/time"))[0]

    assert talk(session) == ([200, 200, 429], True, 418, "23", 200)


def test_orders_are_counted_per_ten_seconds() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        await client.order()
        await client.order()
        return client.headers["X-MBX-ORDER-COUNT-10S"]

    assert talk(session) == "2"


def test_reads_trail_and_status_words_are_strange() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        await client.order(newClientOrderId="a-1")
        asked = {"symbol": "BTCUSDT", "origClientOrderId": "a-1"}
        scene.faults.say("read_lag_ms", 5_000)
        absent = (await client.call("GET", "/fapi/v1/order", **asked))[1]["code"]
        scene.faults.say("strange_status", "PENDING_REVIEW", of="GET /fapi/v1/order")
        return absent, (await client.call("GET", "/fapi/v1/order", **asked))[1]["status"]

    assert talk(session) == (-2013, "PENDING_REVIEW")


def test_a_liquidation_is_told_as_the_documentation_says() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        await client.order(type="MARKET", timeInForce=None, price=None, quantity="0.100")
        reading = await followed(scene, client, seen)
        order = scene.exchange.force("main", PERP, Decimal("-0.1"), Forced.LIQUIDATION, Decimal(48_000))
        await scene.pass_ms(100)
        reading.cancel()
        return order.id, [event["o"] for event in seen if event["e"] == "ORDER_TRADE_UPDATE"]

    order_id, told = talk(session)
    assert [(row["c"], row["x"], row["X"], row["o"], row["l"], row["rp"]) for row in told] == [
        (f"autoclose-{order_id}", "CALCULATED", "FILLED", "LIQUIDATION", "0.100", "-200.10000000")
    ]


def test_a_stream_that_is_asked_for_at_the_wrong_address_is_silent() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        public: list[Any] = []
        market: list[Any] = []
        readings = [
            await client.listen("/public/stream?streams=btcusdt@depth@100ms/btcusdt@aggTrade", public),
            await client.listen("/market/stream?streams=btcusdt@depth@100ms/btcusdt@aggTrade", market),
        ]
        await scene.pass_ms(100)
        scene.exchange.trade_outside(PERP, 1, Decimal("0.5"))
        await scene.pass_ms(100)
        for reading in readings:
            reading.cancel()
        return [event["stream"] for event in public], [event["stream"] for event in market]

    assert talk(session) == (["btcusdt@depth@100ms"], ["btcusdt@aggTrade"])


def test_depth_updates_follow_the_whole_book_by_their_numbers() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        reading = await client.listen("/public/ws/btcusdt@depth", seen)
        await scene.pass_ms(100)
        whole = (await client.ask("GET", "/fapi/v1/depth", "symbol=BTCUSDT"))[1]
        scene.exchange.trade_outside(PERP, 1, Decimal("1.5"))
        await client.order(price="49990.0")
        await scene.pass_ms(100)
        after = (await client.ask("GET", "/fapi/v1/depth", "symbol=BTCUSDT"))[1]
        reading.cancel()
        return whole, list(seen), after

    whole, seen, after = talk(session)
    assert [(event["pu"], event["U"]) for event in seen] == [
        (whole["lastUpdateId"], whole["lastUpdateId"] + 1),
        (seen[0]["u"], seen[0]["u"] + 1),
    ]
    assert seen[0]["a"] == [["50001.0", "0.000"], ["50002.0", "0.500"]]
    assert seen[1]["b"] == [["49990.0", "0.010"]]
    assert after["lastUpdateId"] == seen[1]["u"]


def test_bybit_limits_each_path_by_the_second_and_rejects_late() -> None:
    async def session(scene: Scene) -> Any:
        async with bybit_client.Client(scene) as client:
            scene.faults.say("requests_per_minute", 60, of="", times=2)
            codes = [(await client.get("/user/query-api"))[0] for _ in range(2)]
            scene.faults.say("rejects_late", True)
            await client.order(orderLinkId="late")
            row = (await client.get("/order/realtime", orderLinkId="late"))[1]["list"][0]
            return codes, row["orderStatus"], row["rejectReason"]

    assert with_bybit(session) == ([0, 10006], "Rejected", "EC_Others")
