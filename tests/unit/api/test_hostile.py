"""What nobody should send: each is a problem with a stable code, has no effect, and stands in the trail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from litestar.exceptions import WebSocketDisconnect

from flatbook.api.access_gate import Visit, check_headers
from flatbook.api.problems import Problem
from flatbook.values.instants import NS_PER_S
from tests.unit.api.door_scene import Door

JSON = ("content-type", "application/json")
Headers = list[tuple[str, str]]
NOTHING_BEHIND = ("engine_not_running", "journal_unavailable")


def proof(door: Door, scope: str = "risk") -> Headers:
    return list(door.token("", scope).items())


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/status?when=1", "there is no 'when' to ask for: at"),
        ("/positions?symbl=COIN", "there is no 'symbl' to ask for: owner, symbol, at"),
        ("/orders?limit=1&limit=2", "limit is asked for twice"),
        ("/status?at=1&at=2", "at is asked for twice"),
        ("/config?x=1", "there is no 'x' to ask for: nothing"),
        ("/events?" + "&".join(f"a{number}=1" for number in range(65)), "at most 64 questions are asked at once"),
    ],
)
def test_a_question_that_a_route_does_not_know_is_no_question_about_everything(
    door: Door, path: str, said: str
) -> None:
    answer = door.client.get(f"/api/v1{path}", headers=proof(door, "read"))
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (422, "invalid", said)
    assert door.tried()[0][2] == "invalid"


def test_a_type_may_be_asked_for_more_than_once(door: Door) -> None:
    answer = door.client.get("/api/v1/events?type=order_filled&type=order_done", headers=proof(door, "read"))
    assert answer.json()["code"] != "invalid"


@pytest.mark.parametrize("name", ["host", "Authorization", "origin", "content-length", "idempotency-key"])
def test_a_header_that_stands_there_twice_is_neither_of_both(name: str) -> None:
    shown = [(b"host", b"127.0.0.1:8787"), (name.encode(), b"1"), (name.lower().encode(), b"2"), (b"cookie", b"a=1")]
    scope = {"type": "http", "path": "/", "method": "GET", "headers": shown}
    with pytest.raises(Problem) as refused:
        check_headers(Visit(scope))
    assert (refused.value.status, refused.value.code.value) == (400, "bad_request")
    assert refused.value.detail == f"the header {name.lower()} stands there twice"


def test_a_cookie_may_stand_there_twice() -> None:
    shown = [(b"host", b"127.0.0.1:8787"), (b"cookie", b"a=1"), (b"cookie", b"b=2")]
    check_headers(Visit({"type": "http", "path": "/", "method": "GET", "headers": shown}))


def test_headers_without_end_are_refused(door: Door) -> None:
    answer = door.client.get("/api/v1/session", headers=[*proof(door), ("x", "y" * 20_000)])
    assert (answer.status_code, answer.json()["code"]) == (431, "too_large")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"reason":"\xff"}', [JSON], 400, "bad_request"),
        (b'{"reason":"r"}', [JSON, ("content-encoding", "gzip")], 415, "unsupported_media_type"),
        (b'{"reason":"a\\u0000b"}', [JSON], 422, "invalid"),
        (b'{"reason":"\\u001b[31mred"}', [JSON], 422, "invalid"),
        (b'{"reason":"line\\n"}', [JSON], 422, "invalid"),
        (b'{"reason":"\\u009b31mred"}', [JSON], 422, "invalid"),
        (b'{"reason":"next\\u0085line"}', [JSON], 422, "invalid"),
        (b'{"reason":"turned\\u202eround"}', [JSON], 422, "invalid"),
        (b'{"reason":"\\u200b"}', [JSON], 422, "invalid"),
        (b'{"reason":"\\u00a0\\u3000"}', [JSON], 422, "invalid"),
        (b'{"reason":"r","target":"un\\u200bseen"}', [JSON], 422, "invalid"),
        (b'{"reason":"r","target":"\\u007f"}', [JSON], 422, "invalid"),
        (b'{"reason":"r"}', [JSON, ("transfer-encoding", "chunked")], 400, "bad_request"),
        (b'{"reason":"\\ud800"}', [JSON], 400, "bad_request"),
        (b'{"reason":NaN}', [JSON], 400, "bad_request"),
        (b'{"reason":"r","reason":"another"}', [JSON], 400, "bad_request"),
        (b'{"reason":"r","\\u0072eason":"another"}', [JSON], 400, "bad_request"),
        (b'{"reason":' + b"1" * 5_000 + b"}", [JSON], 422, "invalid"),
        (b'{"reason":"r"}', [JSON, ("content-length", "9" * 5_000)], 413, "too_large"),
    ],
)
def test_a_body_that_means_two_things_or_none_is_refused(
    door: Door, body: bytes, headers: Headers, status: int, code: str
) -> None:
    shown = [*proof(door), *headers, ("idempotency-key", "hostile-0001")]
    answer = door.client.post("/api/v1/commands/halt", content=body, headers=shown)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert door.tried()[0][2] == code


def test_the_headers_alone_of_what_may_be_got_are_told(door: Door) -> None:
    shown = proof(door)
    whole = door.client.get("/api/v1/session", headers=shown)
    answer = door.client.head("/api/v1/session", headers=shown)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == whole.headers["content-length"]
    refused = door.client.head("/api/v1/session")
    assert (refused.status_code, refused.content) == (401, b"")


def test_two_slashes_make_no_page_of_the_api(door: Door) -> None:
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answer = door.client.get("http://127.0.0.1:8787//api/v1/session", headers=elsewhere | dict(proof(door)))
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")


@pytest.mark.parametrize("query", ["after=abc", "after=-1", "since=1", "after=1&after=2"])
def test_a_handshake_that_asks_for_nonsense_is_refused_and_noted(door: Door, query: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        door.client.websocket_connect(f"/api/v1/stream?{query}", headers=dict(proof(door))) as socket,
    ):
        socket.receive_text(timeout=30)
    assert door.tried()[0][1:] == ("CONNECT /api/v1/stream", "bad_request")


BODIES: list[Any] = [
    None,
    [],
    "halt",
    7,
    {},
    {"reason": None},
    {"reason": ["r"]},
    {"reason": {"r": 1}},
    {"reason": True},
    {"reason": "r", "verb": "kill"},
    {"reason": "r", "actor": "operator"},
    {"reason": "r", "key": "another"},
    {"reason": "r", "__class__": "x", "$ref": "#"},
    {"reason": "r", "expected_version": 7},
    {"reason": "r", "owner": {"$ne": ""}, "order_id": {"$gt": ""}},
    {
        "reason": "r",
        "order_id": "a" * 300,
        "halt_id": "a" * 300,
        "owner": "a" * 300,
        "account": "a" * 300,
    },
    {"name": {"x": 1}, "scope": 1, "days": "many"},
    {"name": "../../etc", "scope": "admin", "days": 1},
    {"name": "x", "scope": ["admin"], "days": 1},
    {"name": "x", "scope": "admin", "days": 1e9},
    {"once": 7},
]


def changing(door: Door) -> list[str]:
    """Returns every place of the description to which a body is sent."""
    posts = ((path, item.post) for path, item in (door.app.openapi_schema.paths or {}).items())
    return [path for path, post in posts if post is not None and post.request_body is not None]


def test_no_body_of_a_wrong_shape_does_anything_anywhere(door: Door, home: Path) -> None:
    shown, places = dict(proof(door, "admin")), changing(door)
    tokens, met = door.access.tokens(), dict[str, None]()
    needing_nothing = [place for place, body in described_bodies(door) if not body["required"]]
    for place in places:
        for number, body in enumerate(BODIES):
            if body == {} and place in needing_nothing:
                continue
            door.clock.shifted_ns += 61 * NS_PER_S
            keyed = {**shown, "idempotency-key": f"hostile-{number:04}"}
            answer = door.client.post(place, json=body, headers=keyed)
            told = answer.json()
            assert answer.headers["content-type"] == "application/problem+json", (place, body, told)
            assert 400 <= answer.status_code < 500 or told["code"] in NOTHING_BEHIND, (place, body, told)
            assert door.tried()[0][1:] == (f"POST {place}", told["code"])
            met[told["code"]] = None
    assert len(places) > 20
    assert "invalid" in met
    assert [each.name for each in door.access.tokens()] == [each.name for each in tokens]
    assert not (home / "journal.sqlite").exists()


WRONG: dict[str, list[Any]] = {
    "integer": ["30", True, 30.0, None],
    "string": [1, True, None, ["r"]],
    "array": ["x", 1, None],
    "boolean": [1, "true", None],
}
RIGHT: dict[str, Any] = {"integer": 1, "string": "1", "array": [{"name": "x", "to": "1"}], "boolean": True}


def described_bodies(door: Door) -> list[tuple[str, dict[str, Any]]]:
    """Returns every place to which a body is sent, with the description of that body's fields."""
    described = door.app.openapi_schema.to_schema()
    found = []
    for place in changing(door):
        content = described["paths"][place]["post"]["requestBody"]["content"]["application/json"]["schema"]
        found.append((place, described["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]]))
    return [(place, resolved(body, described["components"]["schemas"])) for place, body in found]


def resolved(body: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of a body with the kinds that each may have."""

    def kinds(field: dict[str, Any]) -> list[dict[str, Any]]:
        stated = field.get("oneOf", [field])
        return [named[each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each for each in stated]

    return {"required": body["required"], "fields": {name: kinds(each) for name, each in body["properties"].items()}}


def test_every_field_of_every_body_is_of_its_type_and_the_refusal_names_it(door: Door, home: Path) -> None:
    shown, met = dict(proof(door, "admin")), 0
    for place, body in described_bodies(door):
        named = "name" if place.endswith("/tokens") else ""
        whole = {
            name: "x1" if name == named else kinds[0].get("enum", [RIGHT[kinds[0]["type"]]])[0]
            for name, kinds in body["fields"].items()
            if name in body["required"]
        }
        for name, kinds in body["fields"].items():
            allowed = [each["type"] for each in kinds]
            for wrong in WRONG[allowed[0]]:
                if wrong is None and "null" in allowed:
                    continue
                met += 1
                door.clock.shifted_ns += 61 * NS_PER_S
                body_sent = {name: wrong, **{key: value for key, value in whole.items() if key != name}}
                keyed = {**shown, "idempotency-key": f"strict-{met:04}"}
                answer = door.client.post(place, json=body_sent, headers=keyed)
                told = answer.json()
                assert (answer.status_code, told["code"]) == (422, "invalid"), (place, name, wrong, told)
                assert told["errors"][0]["where"] == f"body:{name}", (place, name, wrong, told)
    assert met > 300
    assert not (home / "journal.sqlite").exists()


@pytest.mark.parametrize(
    ("body", "where", "what"),
    [
        (b'{"name":"x","scope":"read","days":"30"}', "body:days", "Expected `int`, got `str`"),
        (b'{"name":"x","scope":"read","days":3,"tag":1}', "body:tag", "Object contains unknown field `tag`"),
        (b'{"name":"x","days":3}', "body:scope", "Object missing required field `scope`"),
        (b'{"name":"x","scope":"all","days":3}', "body:scope", "Invalid enum value 'all'"),
        (b"[]", "body", "Expected `object`, got `array`"),
        (b"", "body", "there is none, and a JSON object is needed"),
    ],
    ids=["text", "unknown", "missing", "no_such", "array", "none"],
)
def test_a_refusal_of_a_body_names_the_field_and_what_is_wrong(door: Door, body: bytes, where: str, what: str) -> None:
    keyed = [*proof(door, "admin"), JSON, ("idempotency-key", "named-0001")]
    told = door.client.post("/api/v1/tokens", content=body, headers=keyed).json()
    assert told["errors"] == [{"where": where, "what": what}]


@pytest.mark.parametrize(
    "path",
    [
        "/orders?limit=1e2",
        "/orders?limit=1.0",
        "/orders?limit=true",
        "/orders?limit=",
        "/orders?limit=%2B1",
        "/orders?limit=0",
        "/orders?limit=501",
        "/audit?before=null",
        "/audit?before=9223372036854775808",
        "/audit?before_seq=9999999999999999999",
        "/audit?before_seq=None",
        "/pnl?first=null",
        "/pnl?last=1700000000",
        "/pnl?first=2025-13-01",
        "/candles",
        "/health?x=1",
        "/openapi.json?x=1",
        "/session?once=1",
    ],
)
def test_a_question_of_the_wrong_type_is_refused_and_not_taken_for_another_one(door: Door, path: str) -> None:
    answer = door.client.get(f"/api/v1{path}", headers=proof(door, "read"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
