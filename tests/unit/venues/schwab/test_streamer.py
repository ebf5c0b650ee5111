"""What is said on Schwab's stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flatbook.engine.reports import Unknown
from flatbook.events.orders import UnknownReason
from flatbook.venues.schwab.streamer import (
    Heard,
    StreamPlace,
    login_text,
    meaning_of,
    preference_answer,
    subscription_text,
)
from tests.unit.venues.schwab.sample import HTML, reply

INFO = {
    "streamerSocketUrl": "wss://streamer.example/ws",
    "schwabClientCustomerId": "customer",
    "schwabClientCorrelId": "correlation",
    "schwabClientChannel": "N9",
    "schwabClientFunctionId": "APIAPP",
}


def place(**changes: str) -> Any:
    return preference_answer(reply({"accounts": [], "streamerInfo": [INFO | changes], "offers": []}))


def response(service: str, command: str, code: int) -> bytes:
    line = {"service": service, "command": command, "requestid": "0", "content": {"code": code, "msg": "x"}}
    return json.dumps({"response": [line]}).encode()


def test_where_the_stream_is_is_read() -> None:
    found = place()
    assert isinstance(found, StreamPlace)
    assert (found.origin, found.path) == ("wss://streamer.example", "/ws")
    assert (place(streamerSocketUrl="ws://127.0.0.1:8000/ws").origin) == "ws://127.0.0.1:8000"


@pytest.mark.parametrize("url", ["ws://streamer.example/ws", "https://streamer.example/ws", "wss://", "", "wss"])
def test_a_token_goes_nowhere_without_tls(url: str) -> None:
    assert place(streamerSocketUrl=url) == Unknown(reason=UnknownReason.UNREADABLE)


def test_what_does_not_say_where_the_stream_is_is_unknown() -> None:
    for answer in (HTML, reply({"streamerInfo": []}), reply({}), reply({"message": "no"}, 401)):
        assert preference_answer(answer) == Unknown(reason=UnknownReason.UNREADABLE)
    assert preference_answer(reply({}, 503)) == Unknown(reason=UnknownReason.SERVER_FAULT)


def test_the_requests_are_as_documented() -> None:
    (login,) = json.loads(login_text(place(), "access"))["requests"]
    assert (login["service"], login["command"], login["SchwabClientCustomerId"]) == ("ADMIN", "LOGIN", "customer")
    assert login["parameters"] == {
        "Authorization": "access",
        "SchwabClientChannel": "N9",
        "SchwabClientFunctionId": "APIAPP",
    }
    (asked,) = json.loads(subscription_text(place()))["requests"]
    assert (asked["service"], asked["command"], asked["parameters"]["fields"]) == ("ACCT_ACTIVITY", "SUBS", "0,1,2,3")


def test_of_a_message_only_that_it_came_is_believed() -> None:
    activity = {"data": [{"service": "ACCT_ACTIVITY", "content": [{"2": "a word of tomorrow", "3": 7}]}]}
    assert meaning_of(json.dumps(activity).encode()) is Heard.ACTIVITY
    assert meaning_of(b'{"data":[{"service":"LEVELONE_EQUITIES"}]}') is Heard.NOTHING
    assert meaning_of(b'{"notify":[{"heartbeat":"1"}]}') is Heard.NOTHING
    for message in (b"", b"no json", b"[]", b'{"data":7}', b"\xff", b"[" * 10_000):
        assert meaning_of(message) is Heard.NOTHING


def test_a_login_is_let_in_by_code_zero_and_by_nothing_else() -> None:
    assert meaning_of(response("ADMIN", "LOGIN", 0)) is Heard.LET_IN
    assert meaning_of(response("ADMIN", "LOGIN", 3)) is Heard.SHUT_OUT
    assert meaning_of(response("ACCT_ACTIVITY", "SUBS", 0)) is Heard.NOTHING
    assert meaning_of(b'{"response":[{"service":"ADMIN","command":"LOGIN"}]}') is Heard.SHUT_OUT
