"""Full state and numbered deltas: what a client is told that is new, was away for a while, or too long."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from flatbook.api.hub import KEPT_MAX, LAG_MAX, Hub


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
