"""The stream of the simulated Schwab: who is let in, what is refused, what is told."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flatbook.sim.network.http_broker import Ask
from flatbook.sim.schwab.pages import CUSTOMER, ORDER_BASE
from tests.unit.sim.schwab.scene import Scene


class Stream:
    """One stream to the front of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.said: list[Any] = []
        ask = Ask(method="GET", path="/ws", query={}, headers={"upgrade": "websocket"})
        self.talk = scene.front.streamer.open(ask, self._say, scene.at)
        self.is_closed = False

    def _say(self, message: str | bytes | None) -> None:
        self.is_closed = message is None
        if message is not None:
            self.said.append(json.loads(message))

    def ask(self, service: str, command: str, **parameters: str) -> Any:
        """Sends one request and returns the code of its answer."""
        request = {
            "service": service,
            "command": command,
            "requestid": "7",
            "SchwabClientCustomerId": CUSTOMER,
            "SchwabClientCorrelId": "x",
            "parameters": parameters,
        }
        self.said.clear()
        self.talk.hear(json.dumps({"requests": [request]}), self.scene.at)
        return next(message["response"][0]["content"]["code"] for message in self.said if "response" in message)

    def log_in(self) -> Any:
        """Logs in with the token of the scene."""
        return self.ask("ADMIN", "LOGIN", Authorization=self.scene.headers["authorization"][7:])

    def kinds(self) -> list[str]:
        """The types of account activity that were said."""
        lines = [line for message in self.said for data in message.get("data", ()) for line in data["content"]]
        return [line["2"] for line in lines]


def test_only_a_living_token_is_let_in_and_one_that_is_not_closes_the_stream() -> None:
    stream = Stream(Scene().log_in())
    assert stream.ask("ADMIN", "LOGIN", Authorization="nobody") == 3
    assert stream.is_closed
    late = Stream(Scene().log_in())
    late.scene.wait(seconds=1_800)
    assert late.log_in() == 3


def test_before_a_login_and_after_it_what_is_not_understood_is_refused() -> None:
    stream = Stream(Scene().log_in())
    assert stream.ask("ACCT_ACTIVITY", "SUBS", keys="k", fields="0,1,2,3") == 20
    assert stream.log_in() == 0
    assert stream.ask("CHART_EQUITY", "SUBS", keys="AAPL") == 11
    assert stream.ask("ACCT_ACTIVITY", "VIEW") == 21
    stream.talk.hear("no json", stream.scene.at)
    assert stream.said[-1]["response"][0]["content"]["code"] == 21
    assert stream.ask("ADMIN", "LOGOUT") == 0
    assert stream.is_closed


def test_account_activity_is_told_once_and_only_while_it_is_subscribed_to() -> None:
    stream = Stream(Scene().log_in())
    stream.scene.place(orderType="LIMIT", price="100")
    stream.log_in()
    assert stream.ask("ACCT_ACTIVITY", "SUBS", keys="k", fields="0,1,2,3") == 0
    assert stream.kinds() == ["SUBSCRIBED"]
    stream.scene.ask("DELETE", f"orders/{ORDER_BASE}")
    assert stream.kinds() == ["SUBSCRIBED", "CancelAccepted"]
    stream.scene.wait(seconds=1)
    stream.scene.front.advance(stream.scene.at)
    stream.scene.front.advance(stream.scene.at)
    assert stream.kinds() == ["SUBSCRIBED", "CancelAccepted", "OrderUROutCompleted"]
    assert stream.ask("ACCT_ACTIVITY", "UNSUBS", keys="k") == 0
    stream.scene.place()
    assert stream.kinds() == []


def test_a_quote_is_told_whole_first_and_then_what_changed_of_it() -> None:
    stream = Stream(Scene().log_in())
    stream.log_in()
    assert stream.ask("LEVELONE_EQUITIES", "SUBS", keys="AAPL,NOPE", fields="0,1,2") == 0
    (quote,) = stream.said[-1]["data"][0]["content"]
    assert quote == {
        "key": "AAPL",
        "delayed": False,
        "assetMainType": "EQUITY",
        "assetSubType": "COE",
        "1": 199.99,
        "2": 200.01,
    }
    stream.said.clear()
    stream.scene.front.advance(stream.scene.at)
    assert stream.said == []
    stream.scene.price = Decimal(201)
    stream.scene.front.advance(stream.scene.at)
    assert stream.said[-1]["data"][0]["content"] == [{"key": "AAPL", "1": 200.99, "2": 201.01}]
    assert stream.ask("LEVELONE_EQUITIES", "ADD", keys="TSLA", fields="0,3") == 0
    assert stream.ask("LEVELONE_EQUITIES", "UNSUBS", keys="TSLA,AAPL") == 0
    stream.scene.price = Decimal(202)
    stream.said.clear()
    stream.scene.front.advance(stream.scene.at)
    assert stream.said == []


def test_a_customer_has_one_stream() -> None:
    first = Stream(Scene().log_in())
    first.log_in()
    second = Stream(first.scene)
    assert second.log_in() == 0
    assert first.said[-1]["notify"][0]["content"]["code"] == 12
    assert first.is_closed
    first.talk.gone()
    assert second.ask("ACCT_ACTIVITY", "SUBS", keys="k") == 0
    second.talk.gone()
    assert second.ask("ACCT_ACTIVITY", "SUBS", keys="k") == 20
