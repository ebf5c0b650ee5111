"""Full state and numbered deltas: what a client is told that is new, was away for a while, or too long."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from flatbook.api.hub import KEPT_MAX, LAG_MAX, Hub, Place, TickBody


class Body(msgspec.Struct, frozen=True):
    """A channel of a test."""

    last_event_age_s: int
    flat: bool


def begun() -> Hub:
    """Returns a hub of a stream without anything."""
    hub = Hub()
    hub.begin("a")
    return hub


def texts(frames: Any) -> list[Any]:
    """Returns what frames say."""
    return [json.loads(frame.text) for frame in frames]


def test_what_changed_is_told_once_and_that_time_went_by_is_not() -> None:
    hub = begun()
    for age_s, flat in ((1, True), (2, True), (3, False)):
        hub.tell("status", Body(age_s, flat))
    told = texts(hub.after("a", 0))
    assert [(each["seq"], each["body"]["flat"]) for each in told] == [(1, True), (2, False)]


def test_rows_that_changed_are_told_and_the_state_has_all() -> None:
    hub = begun()
    hub.tell_rows("orders", {"x": {"id": "x", "open": True}, "y": {"id": "y", "open": True}})
    hub.tell_rows("orders", {"x": {"id": "x", "open": False}, "y": {"id": "y", "open": True}})
    assert texts(hub.after("a", 1))[0]["upsert"] == [{"id": "x", "open": False}]
    whole = json.loads(hub.whole().text)
    assert (whole["seq"], whole["stream"]) == (2, "a")
    assert whole["state"]["orders"] == [{"id": "x", "open": False}, {"id": "y", "open": True}]


def test_rows_that_are_gone_are_named_so_that_nobody_keeps_them() -> None:
    hub = begun()
    hub.tell_rows("orders", {"x": {"id": "x"}, "y": {"id": "y"}})
    hub.tell_rows("orders", {"y": {"id": "y"}, "z": {"id": "z"}})
    hub.tell_rows("orders", {"z": {"id": "z"}})
    told = [(each["upsert"], each["gone"]) for each in texts(hub.after("a", 1))]
    assert told == [([{"id": "z"}], ["x"]), ([], ["y"])]


def test_a_client_that_comes_back_is_told_what_it_missed() -> None:
    hub = begun()
    for number in range(5):
        hub.append("events", [number])
    assert [each["append"] for each in texts(hub.after("a", 3))] == [[3], [4]]
    assert hub.after("a", 5) == []


def test_another_stream_a_number_from_the_future_and_none_need_the_full_state() -> None:
    hub = begun()
    hub.append("events", [1])
    assert [hub.after("b", 1), hub.after("a", 2), hub.after("a", None), hub.after("a", -1)] == [None] * 4


def test_whoever_is_too_far_behind_gets_the_full_state() -> None:
    hub = begun()
    for number in range(KEPT_MAX + 5):
        hub.append("events", [number])
    assert hub.after("a", hub.seq - LAG_MAX - 1) is None
    behind = hub.after("a", hub.seq - LAG_MAX)
    assert behind is not None
    assert len(behind) == LAG_MAX


def test_the_full_state_is_encoded_once_for_all_who_come_at_a_time() -> None:
    hub = begun()
    hub.append("events", [1])
    first = hub.whole()
    assert hub.whole() is first
    hub.append("events", [2])
    assert hub.whole() is not first


TICK = TickBody(now="2025-12-02T15:00:00Z", as_of=None, read_age_s=0, age_s_max=2, live=True)


def lines(hub: Hub, place: Place) -> list[Any]:
    """Returns what the news of a place say: the type and the number of each message."""
    news = hub.news(place)
    return [] if news is None else [(told["type"], told["seq"]) for told in map(json.loads, news.text.split("\n"))]


def test_all_that_is_new_at_a_place_is_joined_once_for_all_clients_there() -> None:
    hub = begun()
    for number in range(3):
        hub.append("events", [number])
    hub.is_whole = True
    hub.beat(TICK)
    assert lines(hub, Place("a", 1, 0)) == [("delta", 2), ("delta", 3), ("tick", 3)]
    assert lines(hub, Place("b", 1, 1)) == [("snapshot", 3)]
    news = hub.news(Place("a", 1, 0))
    assert news is not None
    assert news is hub.news(Place("a", 1, 0))
    assert news.place == Place("a", 3, 1)
    assert hub.news(news.place) is None
    hub.append("events", [4])
    assert lines(hub, news.place) == [("delta", 4)]


def test_only_the_time_is_told_until_every_channel_was() -> None:
    hub = begun()
    hub.append("events", [1])
    hub.beat(TICK)
    assert lines(hub, Place("", None, 0)) == [("tick", 1)]
    news = hub.news(Place("", None, 0))
    assert news is not None
    assert news.place == Place("", None, 1)
    hub.is_whole = True
    assert lines(hub, news.place) == [("snapshot", 1)]
