"""A session of alpaca-py, the broker's own client, with the server whose address is given. Prints what it saw as JSON.

Run by the interpreter of .venv-clients/alpaca, never imported by us; the client's files are as they were installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from alpaca.broker.client import BrokerClient  # type: ignore[import-not-found]
from alpaca.broker.requests import (  # type: ignore[import-not-found]
    GetAccountActivitiesRequest,
    GetEventsRequest,
)
from alpaca.broker.requests import LimitOrderRequest as BrokerLimitOrder
from alpaca.broker.requests import MarketOrderRequest as BrokerMarketOrder
from alpaca.common.exceptions import APIError  # type: ignore[import-not-found]
from alpaca.trading.client import TradingClient  # type: ignore[import-not-found]
from alpaca.trading.enums import ActivityType, OrderSide, TimeInForce  # type: ignore[import-not-found]
from alpaca.trading.requests import (  # type: ignore[import-not-found]
    ClosePositionRequest,
    GetCalendarRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
)
from alpaca.trading.stream import TradingStream  # type: ignore[import-not-found]
from installed import files_changed  # type: ignore[import-not-found]

SEEN: dict[str, Any] = {}
ASKS_MAX, BETWEEN_S = 2_000, 0.02


def until(ask: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    """Asks again until the answer is as it shall be, and returns it as plain data."""
    got = None
    for _ in range(ASKS_MAX):
        got = ask()
        if is_so(got):
            return got.model_dump(mode="json") if hasattr(got, "model_dump") else got
        Event().wait(BETWEEN_S)
    raise AssertionError(f"it never came: {got}")


def order(client_id: str, qty: float, **changes: Any) -> dict[str, Any]:
    """The fields of an order of AAPL."""
    fields = {"symbol": "AAPL", "qty": qty, "side": OrderSide.BUY, "time_in_force": TimeInForce.DAY}
    return fields | {"client_order_id": client_id} | changes


def refusal(act: Any) -> dict[str, Any]:
    """What the client makes of a refusal."""
    try:
        act()
    except APIError as error:
        return {"status": error.status_code, "code": error.code, "message": error.message}
    return {"status": 200}


def placed_and_canceled(client: TradingClient, client_id: str) -> None:
    """Places an order that cannot trade, and cancels it: what is told of it is told after all that was before."""
    request = LimitOrderRequest(**order(client_id, 1, limit_price=1))
    client.cancel_order_by_id(client.submit_order(request).id)


def told_to_the_end(stream: str, client_id: str) -> None:
    """Returns once a stream has told that an order is canceled."""
    until(lambda: SEEN[stream], lambda told: ["canceled", client_id] in [each[:2] for each in told])


def listen(url: str) -> None:
    """Listens to the trade updates of the Trading API until the session ends; returns once they are told."""
    stream = TradingStream("key", "word", url_override=url.replace("http", "ws", 1) + "/stream")
    SEEN["updates"] = []

    async def take(update: Any) -> None:
        told = [update.event, update.order.client_order_id, update.order.status, update.qty, update.price]
        SEEN["updates"].append([*told, str(update.execution_id), update.position_qty])

    stream.subscribe_trade_updates(take)
    Thread(target=stream.run, daemon=True).start()
    client = TradingClient("key", "word", url_override=url)
    for number in range(ASKS_MAX):
        placed_and_canceled(client, f"probe-{number}")
        Event().wait(0.1)
        if SEEN["updates"]:
            told_to_the_end("updates", f"probe-{number}")
            break
    SEEN["updates"].clear()


def follow(url: str, account_id: str) -> None:
    """Follows the trade events of the Broker API until the session ends."""
    client = BrokerClient("key", "word", url_override=url)
    SEEN["events"] = []
    for text in client.get_trade_events(GetEventsRequest(id=account_id)):
        event = json.loads(text)
        SEEN["events"].append([event["event"], event["order"]["client_order_id"], event.get("execution_id")])


def replay(url: str) -> None:
    """Asks for the events up to one, which ends the stream."""
    client = BrokerClient("key", "word", url_override=url)
    told = [json.loads(text) for text in client.get_trade_events(GetEventsRequest(since_id=2, until_id=5))]
    SEEN["replayed"] = [event["event_id"] for event in told]


def trade(url: str) -> None:
    """The Trading API."""
    client = TradingClient("key", "word", url_override=url)
    account = client.get_account()
    SEEN["account"] = [account.status, account.currency, account.cash, account.shorting_enabled]
    SEEN["assets"] = sorted((asset.symbol, asset.tradable, asset.fractionable) for asset in client.get_all_assets())
    asset = client.get_asset("AAPL")
    SEEN["asset by id"] = client.get_asset(asset.id).symbol
    clock = client.get_clock()
    SEEN["clock"] = [clock.is_open, clock.next_close.isoformat()]
    days = client.get_calendar(GetCalendarRequest(start="2026-11-25", end="2026-11-30"))
    SEEN["calendar"] = [[str(day.date), str(day.open.time()), str(day.close.time())] for day in days]

    market = client.submit_order(MarketOrderRequest(**order("market", 10)))
    SEEN["placed"] = [market.status, market.qty, market.client_order_id]
    SEEN["filled"] = until(lambda: client.get_order_by_client_id("market"), lambda got: got.status == "filled")
    SEEN["duplicate"] = refusal(lambda: client.submit_order(MarketOrderRequest(**order("market", 10))))
    client.submit_order(MarketOrderRequest(**order("part", 0.125)))
    SEEN["part"] = until(lambda: client.get_order_by_client_id("part"), lambda got: got.status == "filled")
    extended = client.submit_order(LimitOrderRequest(**order("wide", 3, limit_price=100, extended_hours=True)))
    SEEN["extended"] = [extended.extended_hours, extended.limit_price]
    new = client.replace_order_by_id(extended.id, ReplaceOrderRequest(qty=4, limit_price=101.5))
    old = until(lambda: client.get_order_by_id(extended.id), lambda got: got.status == "replaced")
    SEEN["replaced"] = [new.qty, new.limit_price, str(new.replaces) == str(extended.id)]
    SEEN["replaced by"] = old["replaced_by"] == str(new.id)
    until(lambda: client.get_order_by_id(new.id), lambda got: got.status == "new")
    client.cancel_order_by_id(new.id)
    SEEN["canceled"] = until(lambda: client.get_order_by_id(new.id), lambda got: got.status == "canceled")["status"]
    SEEN["cancel again"] = refusal(lambda: client.cancel_order_by_id(new.id))
    SEEN["wash"] = refusal(lambda: wash(client))
    SEEN["cancel all"] = [answer.status for answer in client.cancel_orders()]
    until(client.get_orders, lambda got: not got)
    everything = client.get_orders(GetOrdersRequest(status="all", symbols=["AAPL"], limit=500))
    SEEN["orders"] = [[got.client_order_id, got.status] for got in everything]

    SEEN["positions"] = [[got.symbol, got.qty, got.avg_entry_price] for got in client.get_all_positions()]
    SEEN["position"] = client.get_open_position("AAPL").qty
    closing = client.close_position("AAPL", ClosePositionRequest(percentage="50"))
    SEEN["closing"] = [closing.side, closing.qty]
    until(lambda: client.get_order_by_id(closing.id), lambda got: got.status == "filled")
    SEEN["closed all"] = [[got.symbol, got.status] for got in client.close_all_positions(cancel_orders=True)]
    SEEN["no position"] = refusal(lambda: client.get_open_position("NVDA"))
    SEEN["raw activities"] = [got["type"] for got in client.get("/account/activities", {"activity_types": "FILL"})]


def wash(client: TradingClient) -> None:
    """Stands on both sides of a book."""
    client.submit_order(LimitOrderRequest(**order("low", 1, limit_price=150)))
    client.submit_order(MarketOrderRequest(**order("high", 1, side=OrderSide.SELL)))


def broker(url: str, account_id: str) -> None:
    """The Broker API."""
    client = BrokerClient("key", "word", url_override=url)
    account = client.get_trade_account_by_id(account_id)
    SEEN["broker account"] = [str(account.id) == account_id, account.currency]
    SEEN["broker asset"] = client.get_asset("NVDA").fractionable
    SEEN["broker clock"] = client.get_clock().is_open
    SEEN["broker calendar"] = len(client.get_calendar(GetCalendarRequest(start="2026-11-25", end="2026-11-30")))
    bought = client.submit_order_for_account(account_id, BrokerMarketOrder(**order("broker", 2, symbol="NVDA")))
    SEEN["broker filled"] = until(
        lambda: client.get_order_for_account_by_client_id(account_id, "broker"), lambda got: got.status == "filled"
    )
    limit = BrokerLimitOrder(**order("resting", 1, symbol="NVDA", limit_price=50))
    resting = client.submit_order_for_account(account_id, limit)
    client.cancel_order_for_account_by_id(account_id, resting.id)
    SEEN["broker canceled"] = until(
        lambda: client.get_order_for_account_by_id(account_id, resting.id), lambda got: got.status == "canceled"
    )["status"]
    SEEN["broker positions"] = [got.symbol for got in client.get_all_positions_for_account(account_id)]
    fills = client.get_account_activities(
        GetAccountActivitiesRequest(account_id=account_id, activity_types=[ActivityType.FILL], page_size=2)
    )
    SEEN["broker fills"] = [[str(got.order_id), got.symbol, got.qty, got.price, got.id] for got in fills]
    SEEN["broker order"] = str(bought.id)


def main() -> None:
    """Runs both and prints what was seen."""
    url, account_id = sys.argv[1:]
    SEEN["files changed"] = files_changed("alpaca-py")
    listen(url)
    Thread(target=follow, args=(url, account_id), daemon=True).start()
    trade(url)
    broker(url, account_id)
    replay(url)
    placed_and_canceled(TradingClient("key", "word", url_override=url), "end")
    for stream in ("updates", "events"):
        told_to_the_end(stream, "end")
    sys.stdout.write(json.dumps(SEEN, default=str))


if __name__ == "__main__":
    main()
