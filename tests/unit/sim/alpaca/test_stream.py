"""The streams of the simulated Alpaca by hand: proofs, what is told, and what is told again."""

from __future__ import annotations

import json
from typing import Any

from flatbook.sim.alpaca.faults import Pushing
from flatbook.sim.alpaca.stream import HEARTBEAT, Streams, ulid_of
from flatbook.sim.network.http_broker import Ask
from flatbook.values.instants import later
from tests.unit.sim.alpaca.scene import ACCOUNT, KEYS, OPEN, OTHER, TERMS, Faults, Scene

PROOF = '{"action": "authenticate", "data": {"key_id": "key", "secret_key": "word"}}'
LISTEN = '{"action": "listen", "data": {"streams": ["trade_updates", "others"]}}'


class Streamed:
    """A scene with streams, and what was said on each of them; None is the end."""

    def __init__(self, faults: Faults | None = None) -> None:
        named = faults or Faults()
        self.scene = Scene(named)
        self.streams = Streams(self.scene.front.ledger, TERMS, named, self.scene.front.knows)

    def socket(self, *said: str) -> list[Any]:
        told: list[Any] = []
        talk = self.streams.open(Ask(method="GET", path="/stream", query={}, headers={}), told.append, OPEN)
        for text in said:
            talk.hear(text, OPEN)
        return told

    def events(self, path: str = "/v2/events/trades", **query: str) -> list[Any]:
        told: list[Any] = []
        ask = Ask(method="GET", path=path, query=query, headers=KEYS)
        assert self.streams.is_stream(ask)
        self.streams.open(ask, told.append, OPEN)
        return told


def read(told: list[Any]) -> list[Any]:
    """Returns messages as a client reads them, heartbeats left out."""
    whole = [text.decode() if isinstance(text, bytes) else text for text in told if text is not None]
    return [json.loads(text.removeprefix("data: ")) for text in whole if text != HEARTBEAT]


def test_a_socket_tells_nothing_before_it_is_proven_who_listens() -> None:
    streamed = Streamed()
    assert read(streamed.socket(LISTEN))[0]["data"] == {"status": "unauthorized", "action": "listen"}
    wrong = PROOF.replace("word", "guess")
    told = streamed.socket(wrong)
    assert read(told)[0]["data"]["status"] == "unauthorized"
    assert told[-1] is None
    assert "error" in read(streamed.socket("what?"))[0]["data"]


def test_a_socket_says_which_streams_it_has_in_frames_of_bytes() -> None:
    told = Streamed().socket(PROOF, LISTEN)
    assert all(isinstance(frame, bytes) for frame in told)
    authorized, listening = read(told)
    assert authorized == {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
    assert listening == {"stream": "listening", "data": {"streams": ["trade_updates"]}}
    short = '{"action": "auth", "key": "key", "secret": "word"}'
    assert read(Streamed().socket(short))[0]["data"]["status"] == "authorized"


def test_each_change_of_an_order_is_told_with_the_order_as_it_is_then() -> None:
    streamed = Streamed(Faults(pieces=[4_000, 10_000]))
    told = streamed.socket(PROOF, LISTEN)
    streamed.scene.place("one")
    streamed.scene.wait(seconds=1)
    streamed.scene.order()
    updates = [frame["data"] for frame in read(told)[2:]]
    assert [(update["event"], update["order"]["filled_qty"]) for update in updates] == [
        ("pending_new", "0"),
        ("new", "0"),
        ("partial_fill", "4"),
        ("fill", "10"),
    ]
    assert [update.get("qty") for update in updates] == [None, None, "4", "6"]
    assert [update.get("position_qty") for update in updates] == [None, None, "54.5", "60.5"]
    executions = streamed.scene.front.ledger.executions
    assert [update.get("execution_id") for update in updates[2:]] == [row.id for row in executions]


def test_events_of_all_accounts_are_told_and_those_of_one_where_one_is_named() -> None:
    streamed = Streamed()
    everything, other = streamed.events(), streamed.events(id=OTHER)
    streamed.scene.place("one")
    assert [event["account_id"] for event in read(everything)] == [ACCOUNT]
    assert read(other) == []
    assert not streamed.streams.is_stream(Ask(method="GET", path="/v2/events/trades", query={}, headers={}))


def test_events_after_one_are_told_again_and_the_last_one_asked_for_ends_the_stream() -> None:
    streamed = Streamed()
    streamed.scene.place("one")
    streamed.scene.wait(seconds=1)
    streamed.scene.order()
    numbered = streamed.events("/v1/events/trades", since_id="1")
    assert [(event["event_id"], event["event"]) for event in read(numbered)] == [(2, "new"), (3, "fill")]
    second = read(numbered)[0]["event_ulid"]
    assert [event["event"] for event in read(streamed.events(since_id=second))] == ["fill"]
    bounded = streamed.events("/v1/events/trades", since_id="0", until_id="2")
    assert [event["event_id"] for event in read(bounded)] == [1, 2]
    assert bounded[-1] is None


def test_pushes_are_lost_doubled_and_late_as_the_faults_say() -> None:
    late = Streamed(Faults(pushings=[Pushing.LATE, Pushing.TWICE, Pushing.LOST]))
    told = late.events()
    late.scene.place("one")
    late.scene.wait(seconds=1)
    late.scene.order()
    assert [event["event"] for event in read(told)] == ["new", "new", "pending_new"]


def test_an_ulid_sorts_by_the_ms_of_its_instant() -> None:
    early, late = ulid_of(OPEN, "b"), ulid_of(later(OPEN, ms=1), "a")
    assert (len(early), early < late, early[:10]) == (26, True, "01KT4A4MR0")
