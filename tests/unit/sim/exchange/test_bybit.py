"""The simulated Bybit over bytes: orders, positions, streams, what is refused, and the guard of a lost stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from flatbook.sim.exchange.orders import Forced
from tests.exchange import PERP, Scene, levels, with_bybit
from tests.unit.sim.exchange.bybit_client import Client


def talk(what: Callable[[Scene, Client], Awaitable[Any]]) -> Any:
    """Returns what a conversation of one client comes to."""

    async def talked(scene: Scene) -> Any:
        async with Client(scene) as client:
            return await what(scene, client)

    return with_bybit(talked)


def test_an_order_rests_is_found_by_its_client_id_and_is_canceled_once() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        placed = await client.order(orderLinkId="a-1")
        found = await client.get("/order/realtime", orderLinkId="a-1")
        opened = await client.get("/order/realtime", symbol="BTCUSDT")
        canceled = await client.post("/order/cancel", symbol="BTCUSDT", orderLinkId="a-1")
        again = await client.post("/order/cancel", symbol="BTCUSDT", orderLinkId="a-1")
        ended = await client.get("/order/history", symbol="BTCUSDT")
        return placed, found, opened, canceled, again, ended

    placed, found, opened, canceled, again, ended = talk(session)
    order_id = placed[1]["orderId"]
    assert placed == (0, {"orderId": order_id, "orderLinkId": "a-1"})
    assert [(row["orderStatus"], row["price"], row["qty"]) for row in found[1]["list"]] == [("New", "49000", "0.01")]
    assert [row["orderId"] for row in opened[1]["list"]] == [order_id]
    assert (canceled[0], again[0]) == (0, 110001)
    assert [(row["orderStatus"], row["cancelType"]) for row in ended[1]["list"]] == [("Cancelled", "CancelByUser")]


def test_a_post_only_order_that_would_take_is_accepted_and_then_canceled() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        await client.listen("/private", seen, "order", auth=True)
        placed = await client.order(timeInForce="PostOnly", price="50001", orderLinkId="maker")
        found = await client.get("/order/realtime", orderLinkId="maker")
        return placed, found, seen[2:]

    placed, found, seen = talk(session)
    assert placed[0] == 0
    row = found[1]["list"][0]
    assert (row["orderStatus"], row["rejectReason"]) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")
    assert [event["data"][0]["orderStatus"] for event in seen] == ["Cancelled"]


def test_executions_positions_and_the_wallet_agree_with_the_stream() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        await client.listen("/private", seen, "order", "execution", "position", "wallet", auth=True)
        await client.order(orderType="Market", qty="1.5", price="")
        rows = (await client.get("/execution/list", symbol="BTCUSDT"))[1]["list"]
        held = (await client.get("/position/list", settleCoin="USDT"))[1]["list"]
        coins = (await client.get("/account/wallet-balance", accountType="UNIFIED"))[1]["list"][0]["coin"]
        return list(seen), rows, held, coins

    seen, rows, held, coins = talk(session)
    assert [event.get("op") for event in seen[:2]] == ["auth", "subscribe"]
    executed = [event["data"][0] for event in seen if event.get("topic") == "execution"]
    assert [(row["execPrice"], row["execQty"], row["execFee"]) for row in executed] == [
        ("50001", "1", "25.0005"),
        ("50002", "0.5", "12.5005"),
    ]
    assert [row["execId"] for row in rows] == [row["execId"] for row in reversed(executed)]
    assert [(row["side"], row["size"], row["avgPrice"]) for row in held] == [("Buy", "1.5", "50001.3333333333")]
    assert next(row["walletBalance"] for row in coins if row["coin"] == "USDT") == "99962.499"
    statuses = [event["data"][0]["orderStatus"] for event in seen if event.get("topic") == "order"]
    assert statuses == ["New", "PartiallyFilled", "Filled"]


def test_a_book_is_told_whole_and_then_by_what_changed() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        seen: list[Any] = []
        await client.listen("/public/linear", seen, "orderbook.50.BTCUSDT")
        scene.exchange.quote(PERP, levels("49999 x 2", "49998 x 1"), levels("50001 x 1", "50003 x 3"))
        await scene.pass_ms(50)
        return seen[1:]

    whole, change = talk(session)[:2]
    assert (whole["type"], len(whole["data"]["b"]), len(whole["data"]["a"])) == ("snapshot", 5, 5)
    assert (change["type"], change["data"]["u"] - whole["data"]["u"]) == ("delta", 1)
    assert sorted(change["data"]["b"]) == [["49995", "0"], ["49996", "0"], ["49997", "0"], ["49999", "2"]]
    assert sorted(change["data"]["a"]) == [["50002", "0"], ["50003", "3"], ["50004", "0"], ["50005", "0"]]


def test_what_is_refused_carries_the_code_of_the_documentation() -> None:
    async def session(_scene: Scene, client: Client) -> Any:
        await client.order(orderLinkId="same")
        linear = [
            (await client.order(orderLinkId="same"))[0],
            (await client.order(qty="0.0001"))[0],
            (await client.order(qty="0.001", price="100"))[0],
            (await client.order(reduceOnly=True))[0],
            (await client.order(qty="90"))[0],
            (await client.order(symbol="NONE"))[0],
            (await client.order(positionIdx=1))[0],
        ]
        client.category = "spot"
        spot = [(await client.order(qty="3", side="Sell"))[0], (await client.order(price="49000.001"))[0]]
        return linear, spot

    assert talk(session) == ([110072, 10001, 110094, 110017, 110007, 10001, 10001], [170131, 170134])


def test_a_caller_is_known_by_key_signature_and_time() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        async with Client(scene, key="nobody") as stranger, Client(scene, secret="wrong") as forger:
            codes = [(await each.get("/user/query-api"))[0] for each in (stranger, forger, client)]
            left = client.headers["X-Bapi-Limit-Status"]
            return codes, (await client.get("/user/query-api", late_ms=5_100))[0], left

    assert talk(session) == ([10003, 10004, 0], 10002, "9")


def test_orders_are_canceled_when_the_stream_that_guards_them_stays_away() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        await client.post("/order/disconnected-cancel-all", timeWindow=10, product="DERIVATIVES")
        await client.listen("/private", [], "dcp.future", auth=True)
        await client.order(orderLinkId="guarded")
        client.stop_listening()
        await scene.pass_ms(9_000)
        before = (await client.get("/order/realtime", orderLinkId="guarded"))[1]["list"][0]["orderStatus"]
        await scene.pass_ms(2_000)
        row = (await client.get("/order/realtime", orderLinkId="guarded"))[1]["list"][0]
        return before, row["orderStatus"], row["cancelType"]

    assert talk(session) == ("New", "Cancelled", "CancelByDCP")


def test_a_forced_reduction_is_told_by_its_kind() -> None:
    async def session(scene: Scene, client: Client) -> Any:
        await client.order(orderType="Market", qty="0.5")
        scene.exchange.force("main", PERP, Decimal("-0.2"), Forced.ADL, Decimal(50_000))
        return (await client.get("/execution/list", symbol="BTCUSDT"))[1]["list"][0]

    row = talk(session)
    assert (row["execType"], row["side"], row["execQty"], row["orderLinkId"]) == ("AdlTrade", "Sell", "0.2", "")
