"""Every route of the description with every credential: who is let in, who is not, and that nothing happens then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flatbook.api.access_scopes import Scope
from flatbook.events.control import CommandAccepted, CommandRefused
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.instants import NS_PER_S
from tests.unit.api.door_scene import HERE, Door, desk_home, engine_over, opened

pytestmark = pytest.mark.real

PUBLIC = {("GET", "/api/v1/health"), ("POST", "/api/v1/session")}
SCOPES = {
    ("POST", "/api/v1/commands/halt"): "trade",
    ("POST", "/api/v1/commands/kill"): "trade",
    ("POST", "/api/v1/commands/cancel"): "trade",
    ("POST", "/api/v1/commands/drain"): "trade",
    ("POST", "/api/v1/commands/flatten"): "trade",
    ("POST", "/api/v1/commands/hedge-now"): "trade",
    ("POST", "/api/v1/commands/recheck"): "trade",
    ("POST", "/api/v1/commands/reconcile"): "trade",
    ("POST", "/api/v1/commands/reconnect"): "trade",
    ("POST", "/api/v1/commands/release"): "trade",
    ("POST", "/api/v1/commands/trade"): "trade",
    ("POST", "/api/v1/commands/lift"): "risk",
    ("POST", "/api/v1/commands/set-limit"): "risk",
    ("POST", "/api/v1/checks/{name}"): "trade",
    ("POST", "/api/v1/tasks/test-alerts"): "admin",
    ("POST", "/api/v1/tasks/backup"): "admin",
    ("POST", "/api/v1/tasks/check-backup"): "admin",
    ("POST", "/api/v1/tasks/export"): "admin",
    ("POST", "/api/v1/tasks/backtest"): "admin",
    ("POST", "/api/v1/tasks/compare"): "admin",
    ("GET", "/api/v1/logins/{account}/address"): "admin",
    ("POST", "/api/v1/logins/{account}"): "admin",
    ("POST", "/api/v1/tasks/{task_id}/stop"): "admin",
    ("GET", "/api/v1/tokens"): "admin",
    ("POST", "/api/v1/tokens"): "admin",
    ("DELETE", "/api/v1/tokens/{name}"): "admin",
}
SAFE = ("GET", "HEAD")
PAUSE_S = 1  # between two requests of one actor, whose commands are counted
Told = tuple[int, str | None]
Route = tuple[str, str]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with desk_home() as folder, engine_over(folder):
        yield folder


@pytest.fixture(scope="module")
def door(home: Path) -> Iterator[Door]:
    with opened(home) as door:
        yield door


@pytest.fixture(scope="module")
def routes(door: Door) -> list[Route]:
    """Every method of every path that the description names."""
    paths = door.app.openapi_schema.paths or {}
    methods = ("get", "put", "post", "delete", "patch")
    return [(method.upper(), path) for path, item in paths.items() for method in methods if getattr(item, method, None)]


def knock(door: Door, route: Route, headers: Mapping[str, str]) -> Told:
    """Asks for a route, with a body that no command takes, and returns its status and code."""
    method, path = route
    place = path.replace("{", "").replace("}", "")
    body: dict[str, Any] = {} if method in SAFE else {"json": {"unheard": 1}}
    raw = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    answer = door.client.request(method, place, headers=raw, **body)
    problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.status_code, answer.json()["code"] if problem else None


def wrong(door: Door, routes: list[Route], headers: Mapping[str, str], told: Mapping[Route, Told | None]) -> list[Any]:
    """Returns the routes that answer otherwise than told; None says that whoever asks is let in."""
    found: list[Any] = []
    for route in routes:
        said, expected = knock(door, route, headers), told[route]
        is_right = said[0] not in (401, 403, 421, 429) if expected is None else said == expected
        if not is_right:
            found.append((route, said, expected))
        door.clock.shifted_ns += PAUSE_S * NS_PER_S
    return found


def everywhere(routes: list[Route], told: Told, *, public: Told | None = None) -> dict[Route, Told | None]:
    return {route: public if route in PUBLIC else told for route in routes}


def commanded(home: Path) -> list[str]:
    """Returns the verbs of all commands that the journal ever took or refused."""
    reader = open_reader(home / "journal.sqlite")
    events = [event for row in reader.read() for event in row.events]
    reader.close()
    return [event.verb for event in events if isinstance(event, CommandAccepted | CommandRefused)]


def test_the_description_names_every_route_that_is_told_here(routes: list[Route]) -> None:
    assert sorted(PUBLIC | set(SCOPES)) == sorted((PUBLIC | set(SCOPES)) & set(routes))
    assert len(routes) > 30


def test_a_stranger_is_let_in_nowhere_but_where_all_are(door: Door, routes: list[Route], home: Path) -> None:
    assert wrong(door, routes, {}, everywhere(routes, (401, "unauthenticated"))) == []
    assert commanded(home) == []


@pytest.mark.parametrize("shown", ["Bearer fbt_guess", "Bearer ", "Basic YTpi", "fbt_guess", "Bearer \u00e9"])
def test_a_credential_that_is_none_is_refused_everywhere(door: Door, routes: list[Route], shown: str) -> None:
    told = (401, "token_unknown")

    assert wrong(door, routes, {"authorization": shown}, everywhere(routes, told, public=told)) == []


@pytest.mark.parametrize("scope", ["read", "trade", "risk", "admin"])
def test_a_token_is_let_in_where_its_scope_reaches(door: Door, routes: list[Route], scope: str, home: Path) -> None:
    ladder = ["read", "trade", "risk", "admin"]
    told: dict[Route, Told | None] = {}
    for route in routes:
        reaches = ladder.index(scope) >= ladder.index(SCOPES.get(route, "read"))
        told[route] = None if reaches or route in PUBLIC else (403, "scope_missing")
    assert wrong(door, routes, door.token(f"matrix-{scope}", scope), told) == []
    assert commanded(home) == []


def test_a_token_that_is_over_or_revoked_is_let_in_nowhere(door: Door, routes: list[Route]) -> None:
    over, revoked = door.token("over", "admin", days=1), door.token("revoked", "admin")
    door.access.revoke("revoked")
    told = (401, "token_unknown")
    assert wrong(door, routes, revoked, everywhere(routes, told, public=told)) == []
    door.clock.shifted_ns += 86_400 * NS_PER_S
    told = (401, "token_over")
    assert wrong(door, routes, over, everywhere(routes, told, public=told)) == []


def changing(routes: list[Route], told: Told) -> dict[Route, Told | None]:
    return {route: None if route[0] in SAFE or route in PUBLIC else told for route in routes}


def test_a_session_reads_and_with_its_csrf_text_changes(door: Door, routes: list[Route]) -> None:
    kept = [route for route in routes if route != ("DELETE", "/api/v1/session")]
    assert wrong(door, kept, door.log_in(), everywhere(kept, (0, None), public=None) | dict.fromkeys(kept)) == []


@pytest.mark.parametrize("text", [None, "", "0" * 43, "\u00e9"])
def test_a_session_without_its_csrf_text_changes_nothing(
    door: Door, routes: list[Route], text: str | None, home: Path
) -> None:
    session = door.log_in()
    del session["x-csrf-token"]
    if text is not None:
        session["x-csrf-token"] = text
    assert wrong(door, routes, session, changing(routes, (403, "csrf_refused"))) == []
    assert commanded(home) == []


@pytest.mark.parametrize(
    "page", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8787", "http://localhost"]
)
def test_a_page_of_another_origin_asks_for_nothing(door: Door, routes: list[Route], page: str) -> None:
    told = (403, "origin_refused")
    for credential in (door.log_in(), door.token("", "admin"), {}):
        assert wrong(door, routes, {**credential, "origin": page}, everywhere(routes, told, public=told)) == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_comes_from_elsewhere_asks_for_nothing(door: Door, routes: list[Route], site: str) -> None:
    told = (403, "origin_refused")
    session = door.log_in()
    del session["origin"]
    headers = {**session, "sec-fetch-site": site, "sec-fetch-mode": "navigate"}
    assert wrong(door, routes, headers, everywhere(routes, told, public=told)) == []


@pytest.mark.parametrize(
    "host", ["evil.example:8787", "127.0.0.1", "127.0.0.1:9999", "localhost.evil.example:8787", ""]
)
def test_a_foreign_host_is_answered_nothing(door: Door, routes: list[Route], host: str) -> None:
    told = (421, "host_refused")
    headers = {**door.token("", "admin"), "host": host}
    assert wrong(door, routes, headers, everywhere(routes, told, public=told)) == []


def test_every_refusal_is_noted_with_who_what_and_why(door: Door) -> None:
    read = door.token("noted", "read")
    door.client.post("/api/v1/commands/lift", json={}, headers=read)
    door.client.get("/api/v1/status", headers={"host": "evil.example"})
    door.client.get("/api/v1/tokens", headers={**read, "origin": "http://evil.example"})
    assert door.tried()[:3] == [
        ("nobody", "GET /api/v1/tokens", "origin_refused"),
        ("nobody", "GET /api/v1/status", "host_refused"),
        ("token:noted", "POST /api/v1/commands/lift", "scope_missing"),
    ]
    told = door.client.get("/api/v1/audit", headers=read).json()["attempts"]
    assert [each["code"] for each in told[:3]] == ["origin_refused", "host_refused", "scope_missing"]
    written = msgspec.json.encode(told)
    assert read["authorization"].removeprefix("Bearer ").encode() not in written


def test_a_route_that_names_no_scope_is_closed(door: Door) -> None:
    admin = door.token("closed", "admin")
    answer = door.client.request("OPTIONS", "/api/v1/status", headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (403, "route_closed")


def test_every_answer_tells_browsers_what_a_page_may_do(door: Door) -> None:
    for path in ("/api/v1/health", "/api/v1/nowhere", "/api/v1/status"):
        headers = door.client.get(path, headers={"origin": HERE}).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store")
        assert "access-control-allow-origin" not in headers


def test_all_scopes_are_tried_here() -> None:
    assert [scope.value for scope in Scope] == ["read", "trade", "risk", "admin"]
