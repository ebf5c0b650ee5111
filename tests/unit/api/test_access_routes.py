"""Logging in and out, tokens, handshakes, and bodies that nobody should send, at the application over a desk's home."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from litestar.exceptions import WebSocketDisconnect

from flatbook.api.access_scopes import Actor, Lane
from flatbook.api.app import openapi_json
from flatbook.ops.os_user import os_user
from flatbook.values.instants import NS_PER_S
from tests.unit.api.door_scene import HERE, Door, opened
from tests.unit.cli.scene import call

STREAM = "/api/v1/stream"


def once_of(door: Door) -> str:
    return door.access.link().split("#once=")[1]


def cookie_of(answer: Any) -> str | None:
    header = answer.headers.get("set-cookie")
    return None if header is None else header.split(";")[0]


# Sessions.


def test_a_link_opens_a_session_whose_cookie_no_script_and_no_other_site_has(door: Door) -> None:
    link = door.access.link()
    assert link.startswith("http://127.0.0.1:8787/#once=fbl_")
    answer = door.client.post("/api/v1/session", json={"once": link.split("=")[1]}, headers={"origin": HERE})
    assert answer.status_code == 201
    name, *marks = answer.headers["set-cookie"].split("; ")
    assert name.startswith("flatbook_8787=fbs_")
    assert marks == ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]
    body = answer.json()
    assert (body["scope"], body["credential"]) == ("admin", "session")
    assert body["actor"].startswith("console:")
    assert body["scopes"] == ["read", "trade", "risk", "admin"]
    assert name.split("=")[1] not in answer.text


def test_a_link_is_used_up_and_guessing_ends(door: Door) -> None:
    once = once_of(door)
    assert door.client.post("/api/v1/session", json={"once": once}).status_code == 201
    door.client.cookies.clear()
    codes = [door.client.post("/api/v1/session", json={"once": once}).json()["code"] for _ in range(6)]
    assert codes == ["link_refused"] * 5 + ["too_many_requests"]
    assert door.client.post("/api/v1/session", json={"once": once_of(door)}).status_code == 201
    assert ("nobody", "POST /api/v1/session", "link_refused") in door.tried()


def test_a_session_says_who_asks_and_ends_when_told(door: Door) -> None:
    session = door.log_in()
    told = door.client.get("/api/v1/session", headers=session).json()
    assert told["csrf"] == session["x-csrf-token"]
    ended = door.client.delete("/api/v1/session", headers=session)
    assert (ended.status_code, cookie_of(ended)) == (204, "flatbook_8787=")
    after = door.client.get("/api/v1/session", headers=session)
    assert (after.status_code, after.json()["code"]) == (401, "unauthenticated")
    assert [each[1] for each in door.tried()[:3]] == ["GET /api/v1/session", "log out", "log in"]


def test_a_cookie_changes_and_an_old_one_that_comes_back_ends_the_session(door: Door) -> None:
    session = door.log_in()
    door.clock.shifted_ns += 901 * NS_PER_S
    following = cookie_of(door.client.get("/api/v1/session", headers=session))
    assert following is not None
    assert following != session["cookie"]
    door.client.cookies.clear()
    assert door.client.get("/api/v1/session", headers={**session, "cookie": following}).status_code == 200
    assert door.client.get("/api/v1/session", headers=session).status_code == 200
    door.clock.shifted_ns += 61 * NS_PER_S
    stolen = door.client.get("/api/v1/session", headers=session)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "session_reused")
    assert door.client.get("/api/v1/session", headers={**session, "cookie": following}).status_code == 401


@pytest.mark.parametrize(
    "other",
    ['theme={"dark": true}', "path=/x", "a b=c d", "x", 'q="a', "expires=1", "\u00fc=1", "a[b]=1", "a@b=1", "="],
)
def test_a_cookie_of_another_service_on_this_address_hides_no_session(door: Door, other: str) -> None:
    session = door.log_in()
    for cookies in (f"{other}; {session['cookie']}", f"{session['cookie']};{other}"):
        raw = [(name.encode(), text.encode("latin-1")) for name, text in ({**session, "cookie": cookies}).items()]
        assert door.client.get("/api/v1/session", headers=raw).status_code == 200, cookies


def test_of_two_cookies_of_one_name_the_one_of_the_whole_host_counts(door: Door) -> None:
    session = door.log_in()
    both = f"flatbook_8787=of-another-service-for-some-path; {session['cookie']}"
    assert door.client.get("/api/v1/session", headers={**session, "cookie": both}).status_code == 200


def test_a_session_ends_after_twelve_hours(door: Door) -> None:
    session = door.log_in()
    door.clock.shifted_ns += 43_200 * NS_PER_S
    assert door.client.get("/api/v1/session", headers=session).status_code == 401


def test_a_door_that_cannot_be_written_is_a_problem_and_changes_nothing(door: Door) -> None:
    session, once = door.log_in(), once_of(door)
    admin, _ = door.token("", "admin"), door.token("spy", "read")
    keyed = {**session, "idempotency-key": "full-disk-1"}
    door.access.file.execute("PRAGMA query_only = ON")
    try:
        told = (
            door.client.post("/api/v1/session", json={"once": once}),
            door.client.delete("/api/v1/session", headers=session),
            door.client.post("/api/v1/tokens", json={"name": "x", "scope": "read"}, headers=keyed),
            door.client.delete("/api/v1/tokens/spy", headers={**admin, "idempotency-key": "full-disk-2"}),
        )
    finally:
        door.access.file.execute("PRAGMA query_only = OFF")
    assert [(each.status_code, each.json()["code"]) for each in told] == [(503, "unavailable")] * 4
    assert told[3].json()["detail"].endswith("attempt to write a readonly database; nothing was changed")
    assert door.client.get("/api/v1/session", headers=session).status_code == 200
    assert "spy" in [each.name for each in door.access.tokens()]


def test_an_old_cookie_on_a_disk_that_takes_nothing_is_let_in_nowhere(door: Door) -> None:
    old = door.log_in()
    door.clock.shifted_ns += 901 * NS_PER_S
    following = cookie_of(door.client.get("/api/v1/session", headers=old))
    assert following is not None
    door.client.cookies.clear()
    assert door.client.get("/api/v1/session", headers={**old, "cookie": following}).status_code == 200
    door.clock.shifted_ns += 61 * NS_PER_S
    door.access.file.execute("PRAGMA query_only = ON")
    told = door.client.get("/api/v1/session", headers=old)
    door.access.file.execute("PRAGMA query_only = OFF")
    assert (told.status_code, told.json()["code"]) == (503, "unavailable")


def test_a_session_outlives_the_process(door: Door, home: Path) -> None:
    session = door.log_in()
    with opened(home, is_read=False) as next_process:
        assert next_process.client.get("/api/v1/session", headers=session).json()["csrf"] == session["x-csrf-token"]


def test_a_stream_learns_that_its_session_or_token_has_ended(door: Door) -> None:
    def live(actor: Actor | None) -> bool:
        return asyncio.run(door.access.is_live(actor))

    opened = door.access.log_in(once_of(door))
    token = door.access.by_token(door.token("", "read", days=1)["authorization"].removeprefix("Bearer "))
    assert [live(opened.actor), live(token)] == [True, True]
    door.access.log_out(opened.actor)
    door.clock.shifted_ns += 86_400 * NS_PER_S
    assert [live(opened.actor), live(token)] == [False, False]
    assert not live(None)


# Handshakes.


def closed_with(door: Door, headers: dict[str, str]) -> int:
    """Returns the code with which a handshake is refused."""
    with pytest.raises(WebSocketDisconnect) as refused, door.client.websocket_connect(STREAM, headers=headers):
        raise AssertionError("it was let in")
    return refused.value.code


def ended_with(socket: Any) -> tuple[int, str] | None:
    """Returns the code and the reason with which a stream ends; None where it is told on for seconds."""
    for _ in range(8):  # something is told each second
        try:
            socket.receive_text(timeout=10)
        except WebSocketDisconnect as ended:
            return ended.code, ended.detail
    return None


def test_a_stream_ends_at_once_where_its_token_is_revoked_or_its_session_logs_out(door: Door) -> None:
    session, token = door.log_in(), door.token("listener", "read")
    with door.client.websocket_connect(STREAM, headers=token) as socket:
        door.access.revoke("listener")
        assert ended_with(socket) == (4401, "the session or token ended")
    with door.client.websocket_connect(STREAM, headers=session) as socket:
        assert door.client.delete("/api/v1/session", headers=session).status_code == 204
        assert ended_with(socket) == (4401, "the session or token ended")


def test_a_page_of_ours_and_a_program_may_listen(door: Door) -> None:
    for headers in (door.log_in(), door.token("", "read")):
        for asked in (STREAM, f"{STREAM}?protocol=1&after=7&stream=another"):
            with door.client.websocket_connect(asked, headers=headers) as socket:
                assert socket.accepted_subprotocol is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"origin": "http://evil.example"}, "origin_refused"),
        ({"origin": "null"}, "origin_refused"),
        ({"origin": ""}, "origin_refused"),
        ({"host": "evil.example"}, "host_refused"),
        ({"cookie": "flatbook_8787=fbs_guess"}, "unauthenticated"),
        ({"cookie": ""}, "unauthenticated"),
        ({"authorization": "Bearer fbt_guess"}, "token_unknown"),
    ],
)
def test_a_handshake_from_elsewhere_or_of_a_stranger_is_refused_and_noted(
    door: Door, changes: dict[str, str], code: str
) -> None:
    assert closed_with(door, {**door.log_in(), **changes}) == 4401
    assert door.tried()[0][1:] == ("CONNECT /api/v1/stream", code)


def test_a_handshake_by_cookie_must_say_its_page(door: Door) -> None:
    session = door.log_in()
    del session["origin"]
    assert closed_with(door, session) == 4401
    assert door.tried()[0][2] == "origin_refused"


# Tokens.


def test_an_admin_makes_a_token_and_is_told_its_text_once(door: Door, home: Path) -> None:
    admin = {**door.log_in(), "idempotency-key": "make-token-1"}
    body = {"name": "page", "scope": "trade", "days": 2}
    made = door.client.post("/api/v1/tokens", json=body, headers=admin)
    assert made.status_code == 201
    text = made.json()["token"]
    shown = {"authorization": f"Bearer {text}"}
    told = door.client.get("/api/v1/session", headers=shown).json()
    assert (told["actor"], told["scopes"]) == ("token:page", ["read", "trade"])
    again = door.client.post("/api/v1/tokens", json=body, headers=admin)
    assert (again.status_code, again.json()["token"], again.json()["name"]) == (201, None, "page")
    assert again.headers["idempotency-replayed"] == "true"
    assert door.tried()[0] == ("console:" + os_user(), "make token page", "token_made")
    written = b"".join(path.read_bytes() for path in home.glob("door.sqlite*"))
    assert text.encode() not in written


def test_a_token_makes_none_that_outlives_it(door: Door) -> None:
    shown = door.token("", "admin", days=2)
    body = {"name": "heir", "scope": "admin", "days": 3}
    told = door.client.post("/api/v1/tokens", json=body, headers={**shown, "idempotency-key": "heir-0001"})
    assert (told.status_code, told.json()["code"]) == (403, "forbidden")
    assert "heir" not in [each.name for each in door.access.tokens()]
    shorter = {**body, "days": 1}
    told = door.client.post("/api/v1/tokens", json=shorter, headers={**shown, "idempotency-key": "heir-0002"})
    assert told.status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "page", "scope": "all"}, 422, "invalid"),
        ({"name": "Page", "scope": "read"}, 422, "invalid"),
        ({"name": "page\n", "scope": "read"}, 422, "invalid"),
        ({"name": "page", "scope": "read", "days": 0}, 422, "invalid"),
        ({"name": "page", "scope": "read", "days": 367}, 422, "invalid"),
        ({"name": "page", "scope": "read", "token": "fbt_mine"}, 422, "invalid"),
        ({"name": "taken", "scope": "read"}, 409, "conflict"),
    ],
)
def test_a_token_that_cannot_be_is_not_made(door: Door, body: dict[str, Any], status: int, code: str) -> None:
    if not any(each.name == "taken" for each in door.access.tokens()):
        door.token("taken", "read")
    before = door.access.tokens()
    headers = {**door.log_in(), "idempotency-key": f"make-{len(door.tried())}-{body['name'].strip()}"}
    told = door.client.post("/api/v1/tokens", json=body, headers=headers)
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert door.access.tokens() == before


def test_an_admin_sees_tokens_and_ends_them_once(door: Door, home: Path) -> None:
    admin = door.token("boss", "admin")
    call("token", "create", "bot", "--scope", "read", "--home", str(home))
    told = {each["name"]: each for each in door.client.get("/api/v1/tokens", headers=admin).json()["tokens"]}
    assert (told["bot"]["scope"], told["bot"]["over"]) == ("read", False)
    assert "hash" not in told["bot"]
    unkeyed = door.client.delete("/api/v1/tokens/bot", headers=admin)
    assert (unkeyed.status_code, unkeyed.json()["code"]) == (400, "key_missing")
    keyed = {**admin, "idempotency-key": "end-token-1"}
    first = door.client.delete("/api/v1/tokens/bot", headers=keyed)
    again = door.client.delete("/api/v1/tokens/bot", headers=keyed)
    assert (first.status_code, again.content) == (200, first.content)
    gone = door.client.delete("/api/v1/tokens/bot", headers={**admin, "idempotency-key": "end-token-2"})
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


# Bodies that nobody should send.


DEEP = "[" * 33 + "]" * 33
BODIES = [
    ("", 422, "invalid"),
    ("{", 400, "bad_request"),
    ("null", 422, "invalid"),
    ("[]", 422, "invalid"),
    ('"halt"', 422, "invalid"),
    ("{}", 422, "invalid"),
    ('{"reason": 7}', 422, "invalid"),
    ('{"reason": ""}', 422, "invalid"),
    (json.dumps({"reason": "r" * 513}), 422, "invalid"),
    ('{"reason": "r", "unheard": 1}', 422, "invalid"),
    ('{"reason": "r", "scope": "everything"}', 422, "invalid"),
    (json.dumps({"reason": "r", "target": "t" * 257}), 422, "invalid"),
    (json.dumps({"reason": "r", "expected_version": "v" * 33}), 422, "invalid"),
    ('{"reason": "r", "target": ' + DEEP + "}", 400, "too_deep"),
    ("[" * 60_000, 400, "too_deep"),
    ('{"reason": "\\ud800"}', 400, "bad_request"),
    (json.dumps({"reason": "r" * 70_000}), 413, "too_large"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES, ids=[each[0][:20] or "nothing" for each in BODIES])
def test_a_body_that_is_no_command_is_a_problem_with_a_code_and_noted(
    door: Door, body: str, status: int, code: str
) -> None:
    headers = {**door.token("", "trade"), "idempotency-key": "bad-body-1", "content-type": "application/json"}
    answer = door.client.post("/api/v1/commands/halt", content=body, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert door.tried()[0][1:] == ("POST /api/v1/commands/halt", code)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_of_another_page_could_send_is_not_taken(door: Door, kind: str) -> None:
    headers = {**door.token("", "trade"), "idempotency-key": "form-body-1", "content-type": kind}
    answer = door.client.post("/api/v1/commands/halt", content='{"reason": "r"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("length", ["65537", "99999999999999999999", "-1", "many", "1e3"])
def test_a_length_that_is_too_large_or_none_is_refused_before_anything_is_read(door: Door, length: str) -> None:
    headers = {**door.token("", "trade"), "content-length": length, "content-type": "application/json"}
    answer = door.client.post("/api/v1/commands/halt", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_in_pieces_is_counted_too(door: Door) -> None:
    headers = {**door.token("", "trade"), "content-type": "application/json"}
    pieces = iter([b'{"reason": "', *[b"r" * 1_000] * 70, b'"}'])
    answer = door.client.post("/api/v1/commands/halt", content=pieces, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "number", ["1e9", "-1", "NaN", "1,5", "0x1", "1" * 21, "1." + "1" * 19, " 1", "1\n", "\u0661", 1, 1.5, None]
)
def test_an_amount_is_an_exact_number_as_text(door: Door, number: Any) -> None:
    body = {"reason": "r", "owner": "desk", "underlying": "COIN", "side": "buy", "qty": number, "limit": "1"}
    headers = {**door.token("", "trade"), "idempotency-key": "bad-number-1"}
    answer = door.client.post("/api/v1/commands/trade", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_strangers_are_counted_together_and_nobody_else_waits_for_them(door: Door) -> None:
    answers = [door.client.get("/api/v1/status").json()["code"] for _ in range(300)]
    assert answers[:50] == ["unauthenticated"] * 50
    assert "too_many_requests" in answers
    assert door.client.get("/api/v1/session", headers=door.token("", "read")).status_code == 200


@pytest.mark.parametrize("path", ["health", "openapi.json", "status"])
def test_whoever_is_known_is_counted_at_open_routes_as_at_any_other(
    door: Door, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    reader = door.token("counted", "read")
    now = door.clock.now()
    monkeypatch.setattr(door.clock, "now", lambda: now)
    for _ in range(600):
        door.access.rates.wait_ns("token:counted", Lane.READ, now)
    answer = door.client.get(f"/api/v1/{path}", headers=reader)
    door.access.revoke("counted")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")


def test_the_description_of_the_routes_is_made_once(door: Door) -> None:
    reader = door.token("", "read")
    first = door.client.get("/api/v1/openapi.json", headers=reader)
    made = openapi_json.cache_info().misses
    again = door.client.get("/api/v1/openapi.json", headers=reader)
    assert (again.content, openapi_json.cache_info().misses) == (first.content, made)
